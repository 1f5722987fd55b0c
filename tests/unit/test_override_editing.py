"""Overrides asked for, replaced, cleared, and what state they are in (semantics.md rule 7)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schedules.date_text import format_moment, parse_moment
from schedules.errors import InvalidScheduleError, NotFoundError
from schedules.model import Override, Schedule, treatment_of
from schedules.override_editing import (
    LIVE,
    OverrideRequest,
    clear_overrides,
    may_have_overrides,
    override_state,
    overrides_that_are,
    with_override,
)
from schedules.revisions import document_of
from tests.strategies import WEEKDAYS

# Sunday 22 November 2026, 11:00:30 in Amsterdam.
AT = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
CLOSED = treatment_of("closed")
HOUR = timedelta(hours=1)


def schedule(zone: str = "Europe/Amsterdam", **spans: str) -> Schedule:
    """Return a schedule with overrides: each a span of times on 22 November, in UTC."""
    overrides = {
        key: {
            "from": f"2026-11-22T{span.partition('-')[0]}Z",
            "until": f"2026-11-22T{span.partition('-')[2]}Z",
            "slot": "open",
            "reason": "x",
        }
        for key, span in spans.items()
    }
    week = {day: ["00:00-24:00 open"] for day in WEEKDAYS}
    return Schedule.model_validate(
        {"id": "a", "name": "A", "pbx": "3cx", "timezone": zone, "week": week}
        | {"overrides": overrides}
    )


def ask(
    ends: datetime | int | timedelta = HOUR,
    *,
    into: Schedule | None = None,
    at: datetime = AT,
    **fields: Any,
) -> Schedule:
    """Return a schedule once an override was asked for it."""
    given: dict[str, Any] = {"treatment": CLOSED, "reason": "Storing"} | fields
    request = OverrideRequest(ends=ends, **given)
    return with_override(into or schedule(), request, at)


def spans(after: Schedule) -> dict[str, str]:
    """Return each override's span, as documents write it."""
    return {
        key: f"{format_moment(one.from_at)} {format_moment(one.until_at)}"
        for key, one in after.overrides.items()
    }


NOW = "2026-11-22T11:00+01:00"


@pytest.mark.parametrize(
    ("zone", "ends", "begins", "span"),
    [
        pytest.param("Europe/Amsterdam", 2 * HOUR, None, f"{NOW} 2026-11-22T13:00+01:00",
                     id="now, to the minute"),
        pytest.param("Europe/Amsterdam", 17 * 60, None, f"{NOW} 2026-11-22T17:00+01:00",
                     id="a time today"),
        pytest.param("Europe/Amsterdam", 24 * 60, None, f"{NOW} 2026-11-23T00:00+01:00",
                     id="the end of today"),
        pytest.param("Europe/Amsterdam", 11 * 60 + 1, None, f"{NOW} 2026-11-22T11:01+01:00",
                     id="the next minute"),
        pytest.param("America/Curacao", 17 * 60, None,
                     "2026-11-22T06:00-04:00 2026-11-22T17:00-04:00", id="another zone"),
        pytest.param("Asia/Tokyo", 19 * 60 + 30, 19 * 60,
                     "2026-11-22T19:00+09:00 2026-11-22T19:30+09:00", id="both today"),
        pytest.param("Pacific/Auckland", 24 * 60, None,
                     "2026-11-22T23:00+13:00 2026-11-23T00:00+13:00", id="nearly tomorrow"),
        pytest.param("Europe/Amsterdam", parse_moment("2026-12-01T09:00"),
                     parse_moment("2026-11-30T09:00"),
                     "2026-11-30T09:00+01:00 2026-12-01T09:00+01:00", id="local moments"),
        pytest.param("Europe/Amsterdam", parse_moment("2026-12-01T09:00Z"), None,
                     f"{NOW} 2026-12-01T10:00+01:00", id="a moment with an offset"),
        pytest.param("Europe/Amsterdam", parse_moment("2027-10-31T02:30+01:00"),
                     parse_moment("2027-10-31T02:30+02:00"),
                     "2027-10-31T02:30+02:00 2027-10-31T02:30+01:00", id="the doubled hour"),
        pytest.param("Europe/Amsterdam", 24 * HOUR, parse_moment("2027-03-27T12:00"),
                     "2027-03-27T12:00+01:00 2027-03-28T13:00+02:00", id="24 hours are 24"),
    ],
)  # fmt: skip
def test_times(
    zone: str, ends: datetime | int | timedelta, begins: datetime | int | None, span: str
) -> None:
    """Local times are those of the schedule's zone, and an override has whole minutes."""
    assert spans(ask(ends, into=schedule(zone), begins=begins)) == {"storing": span}


@pytest.mark.parametrize(
    ("ends", "begins", "place", "told"),
    [
        pytest.param(10 * 60, None, "until",
                     "2026-11-22 10:00 has passed: it is 2026-11-22 11:00 in Europe/Amsterdam; "
                     "give a later moment, with its date where that isn't today", id="passed"),
        pytest.param(11 * 60, None, "until", "2026-11-22 11:00 has passed", id="this minute"),
        pytest.param(HOUR, 10 * 60 + 59, "from", "leave it out to begin now", id="begun before"),
        pytest.param(parse_moment("2027-03-28T02:30"), None, "until",
                     "2027-03-28 02:30 does not exist in Europe/Amsterdam; choose a time outside "
                     "the hour the clock skips", id="skipped"),
        pytest.param(parse_moment("2027-10-31T02:30"), None, "until",
                     "2027-10-31 02:30 occurs twice in Europe/Amsterdam; give the offset: "
                     "2027-10-31T02:30+02:00 or 2027-10-31T02:30+01:00", id="doubled"),
        pytest.param(parse_moment("2026-12-01T09:00:01"), None, "until",
                     "is not a whole minute", id="seconds"),
        pytest.param(parse_moment("2026-11-30T09:00"), parse_moment("2026-11-30T09:00"), "until",
                     "doesn't lie after", id="no span"),
        pytest.param(timedelta(0), None, "until", "doesn't lie after", id="no length"),
        pytest.param(timedelta(days=9_999), parse_moment("2100-12-31T09:00"), "until",
                     "the year 2128 lies outside 2000-2100", id="past the calendar"),
        pytest.param(HOUR, parse_moment("2100-12-31T23:59-12:00"), "from",
                     "the year 2101 lies outside 2000-2100", id="past the calendar at first"),
    ],
)  # fmt: skip
def test_times_that_are_refused(
    ends: datetime | int | timedelta, begins: datetime | int | None, place: str, told: str
) -> None:
    """Each with what is wrong with it."""
    with pytest.raises(InvalidScheduleError) as error:
        ask(ends, begins=begins)
    (fault,) = error.value.faults
    assert fault.place == place
    assert told in str(fault)


def test_faults_are_told_together() -> None:
    """Times, treatment, reason and id, as far as they can be judged."""
    with pytest.raises(InvalidScheduleError) as error:
        ask(1, begins=2, treatment=treatment_of("closed audio=weg forward=ook"))
    places = [fault.place for fault in error.value.faults]
    assert places == ["from", "until", "overrides.storing.slot", "overrides.storing.slot"]
    with pytest.raises(InvalidScheduleError) as error:
        ask(1, reason="\x1b")
    assert [fault.place for fault in error.value.faults] == ["until", "reason"]


@pytest.mark.parametrize(
    ("present", "after"),
    [
        pytest.param("08:00-09:00", "08:00-09:00", id="past"),
        pytest.param("08:00-10:00", "08:00-10:00", id="ends where it begins"),
        pytest.param("09:00-10:30", "09:00-10:00", id="in force, ends within"),
        pytest.param("09:00-23:00", "09:00-10:00", id="in force, would go on"),
        pytest.param("10:00-10:30", None, id="begins with it"),
        pytest.param("10:30-23:00", None, id="would begin within"),
        pytest.param("11:00-12:00", "11:00-12:00", id="begins where it ends"),
        pytest.param("13:00-14:00", "13:00-14:00", id="later"),
    ],
)
def test_what_is_replaced_ends(present: str, after: str | None) -> None:
    """Rule 7: one that the new one meets ends where that begins, and doesn't come back."""
    found = ask(HOUR, into=schedule(oud=present)).overrides
    assert format_moment(found["storing"].from_at) == NOW
    left = found.get("oud")
    moments = [] if left is None else [left.from_at, left.until_at]
    span = "-".join(f"{moment.astimezone(UTC):%H:%M}" for moment in moments) or None
    assert span == after


def test_ids() -> None:
    """Made of the reason, and free; one that is given and taken replaces its holder."""
    once = ask(HOUR, reason="Één storing!")
    twice = ask(HOUR, into=once, reason="Één storing!", at=AT + timedelta(minutes=5))
    assert list(twice.overrides) == ["een-storing", "een-storing-2"]
    assert list(ask(HOUR, reason="???").overrides) == ["override"]
    again = ask(HOUR, into=schedule(storing="08:00-09:00"), override_id="storing")
    assert list(spans(again)) == ["storing"]
    assert again.overrides["storing"].slot == CLOSED


@pytest.mark.parametrize(
    ("span", "state"),
    [
        pytest.param("09:00-10:00", "past", id="over"),
        pytest.param("10:00-10:01", "in force", id="its only minute"),
        pytest.param("10:01-10:02", "to come", id="next minute"),
    ],
)
def test_states(span: str, state: str) -> None:
    """An override holds from its first minute up to, not including, its last."""
    one = schedule(a=span)
    assert override_state(one.overrides["a"], AT) == state
    assert overrides_that_are(LIVE, one, AT) == ([] if state == "past" else ["a"])


def test_clearing() -> None:
    """Those named go, the others stay; an id that isn't there is told with one like it."""
    one = schedule(eerste="09:00-10:00", tweede="12:00-13:00")
    assert list(clear_overrides(one, ["eerste"]).overrides) == ["tweede"]
    assert clear_overrides(one, []) == one
    with pytest.raises(NotFoundError, match="no override 'twede'; did you mean tweede"):
        clear_overrides(one, ["twede"])
    with pytest.raises(NotFoundError, match="see `override list --all`"):
        clear_overrides(one, ["x"])


def test_stored_text_tells_whether_there_are_overrides() -> None:
    """Also where ids and texts look like the key itself."""
    assert may_have_overrides(document_of(schedule(a="09:00-10:00")))
    named = {"overrides": {"name": '"overrides":{}', "number": "+31612345678"}}
    assert not may_have_overrides(document_of(schedule().replace(forwards=named)))
    one = schedule(a="09:00-10:00").replace(forwards=named, notes='"overrides":{}')
    assert may_have_overrides(document_of(one))


def test_an_override_reads_back_as_it_was_saved() -> None:
    """Also in the hour that occurs twice."""
    moments = [parse_moment("2027-10-31T02:30+02:00"), parse_moment("2027-10-31T02:30+01:00")]
    after = ask(moments[1], begins=moments[0])
    text = after.overrides["storing"].model_dump_json(by_alias=True)
    assert Override.model_validate_json(text) == after.overrides["storing"]
