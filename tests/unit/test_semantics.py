"""The rules a customer could dispute, each by its number in semantics.md (1 to 19)."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_engine.decision import CallQuery, Decision, Outcome
from routing_engine.explain import explain_decision
from routing_engine.resolver import decide, resolve
from schedules.errors import InvalidScheduleError
from schedules.forward_rules import ForwardPolicy
from schedules.holidays_nl import HOLIDAY_IDS
from schedules.model import Schedule
from schedules.slot_text import parse_slot
from tests.engine import (
    CLOSED,
    OFFICE_DAY,
    OPEN,
    SHA256,
    instant,
    schedule_of,
    snapshot_of,
    table_of,
)

NIGHT: Final = ("00:00-02:30 open", "02:30-24:00 closed")
IN_THE_GAP: Final = ("00:00-02:15 closed", "02:15-02:45 open", "02:45-24:00 closed")
TARGETS: Final[dict[str, Any]] = {
    "forwards": {"storing": {"name": "Storing", "number": "+31612345678"}},
    "audio": {"welkom": {"name": "Welkom", "sha256": SHA256}},
}
ADDRESS: Final = "post@example.nl"


def decided(schedule: Schedule, moment: str) -> Decision:
    """Decide a call to a schedule at a moment."""
    return decide(table_of(schedule), instant(moment))


def status_at(schedule: Schedule, moment: str) -> str:
    """Say which status holds at a moment."""
    return decided(schedule, moment).outcome.status


def faults_of(**fields: object) -> list[str]:
    """List the faults for which a schedule is refused."""
    with pytest.raises(InvalidScheduleError) as refused:
        schedule_of(**fields)
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("zone", "moment", "status"),
    [
        pytest.param("Europe/Amsterdam", "2026-01-15T08:00Z", "open", id="winter-nine-there"),
        pytest.param("Europe/Amsterdam", "2026-01-15T07:59Z", "closed", id="winter-just-before"),
        pytest.param("Europe/Amsterdam", "2026-07-15T07:00Z", "open", id="summer-nine-there"),
        pytest.param("Europe/Amsterdam", "2026-07-15T15:00Z", "closed", id="summer-five-there"),
        pytest.param("America/New_York", "2026-01-15T14:00Z", "open", id="another-zone"),
        pytest.param("Asia/Kolkata", "2026-01-15T03:30Z", "open", id="half-an-hour-off"),
        pytest.param("Asia/Kolkata", "2026-01-15T03:29Z", "closed", id="half-an-hour-just-before"),
    ],
)
def test_rule_01_the_wall_clock_of_the_schedules_zone_decides(
    zone: str, moment: str, status: str
) -> None:
    """The call's instant is put on the zone's clock; the hours are never converted."""
    assert status_at(schedule_of(OFFICE_DAY, timezone=zone), moment) == status


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2026-06-01T08:59:59", "closed"),
        ("2026-06-01T09:00:00", "open"),
        ("2026-06-01T16:59:59", "open"),
        ("2026-06-01T17:00:00", "closed"),
        ("2026-06-01T17:00:01", "closed"),
    ],
)
def test_rule_02_a_slot_holds_up_to_its_end(moment: str, status: str) -> None:
    """A call at 17:00:00 gets the slot that starts at 17:00."""
    assert status_at(schedule_of(OFFICE_DAY), moment) == status


def test_rule_03_midnight_ends_a_day_as_24_00_only() -> None:
    """24:00 is an end and never a start; 00:00 is no end; 23:59 is one."""
    assert parse_slot("23:00-24:00 open") == {"start": 1380, "end": 1440, "status": "open"}
    assert parse_slot("23:00-23:59 open")["end"] == 1439
    for text in ("24:00-24:00 open", "09:00-00:00 open"):
        with pytest.raises(ValueError, match=r"24:00|00:00"):
            parse_slot(text)
    day = ("00:00-23:59 open", "23:59-24:00 closed")
    assert status_at(schedule_of(day), "2026-06-01T23:58:59") == "open"
    assert status_at(schedule_of(day), "2026-06-01T23:59:00") == "closed"


def test_rule_04_gaps_and_overlaps_are_refused_and_named() -> None:
    """Each gap and each overlap of a day is told with its times."""
    faults = faults_of(mon=("01:00-09:00 closed", "08:00-12:00 open", "13:00-24:00 closed"))
    assert len(faults) == 3
    for fault, times in zip(
        faults, (("00:00", "01:00"), ("08:00", "09:00"), ("12:00", "13:00")), strict=True
    ):
        assert all(time in fault for time in times)
        assert "week.mon" in fault


def test_rule_04_slots_may_be_written_in_any_order() -> None:
    """What covers the day without gap or overlap decides, whatever stands first."""
    schedule = schedule_of(tuple(reversed(OFFICE_DAY)))
    for moment, status in (("08:59", "closed"), ("09:00", "open"), ("17:00", "closed")):
        assert status_at(schedule, f"2026-06-01T{moment}") == status


@pytest.mark.parametrize(
    ("day", "moment", "status", "until"),
    [
        pytest.param(
            NIGHT, "2027-03-28T01:59:59+01:00", "open", "2027-03-28T03:00+02:00", id="before-gap"
        ),
        pytest.param(
            NIGHT, "2027-03-28T03:00+02:00", "closed", "2027-03-29T00:00+02:00", id="after-gap"
        ),
        pytest.param(
            IN_THE_GAP,
            "2027-03-28T01:59+01:00",
            "closed",
            "2027-03-29T02:15+02:00",
            id="a-slot-inside-the-gap-is-never-used",
        ),
        pytest.param(
            NIGHT, "2026-10-25T02:29+02:00", "open", "2026-10-25T02:30+02:00", id="first-half-past"
        ),
        pytest.param(
            NIGHT, "2026-10-25T02:59+02:00", "closed", "2026-10-25T02:00+01:00", id="clocks-go-back"
        ),
        pytest.param(
            NIGHT, "2026-10-25T02:00+01:00", "open", "2026-10-25T02:30+01:00", id="again-two"
        ),
        pytest.param(
            NIGHT, "2026-10-25T02:30+01:00", "closed", "2026-10-26T00:00+01:00", id="again-half"
        ),
    ],
)
def test_rule_05_clock_changes_follow_from_the_wall_clock(
    day: tuple[str, ...], moment: str, status: str, until: str
) -> None:
    """In spring a boundary in the gap takes effect at three; in autumn it occurs twice."""
    decision = decided(schedule_of(day), moment)
    assert (decision.outcome.status, decision.valid_until) == (status, instant(until))


@pytest.mark.parametrize(
    ("moment", "rule", "status"),
    [
        ("2026-06-05T23:59", "week/fri", "open"),
        ("2026-06-06T00:00", "week/sat", "open"),
        ("2026-06-06T02:00", "week/sat", "closed"),
        ("2026-06-12T23:59", "week/fri", "open"),
        ("2026-06-13T00:00", "exceptions/dicht", "closed"),
        ("2026-12-25T00:00", "holidays/eerste_kerstdag", "closed"),
    ],
)
def test_rule_06_an_exception_or_holiday_cuts_the_tail_of_the_night(
    moment: str, rule: str, status: str
) -> None:
    """Overnight hours are two slots on two days; what replaces the second day cuts its tail."""
    bar = ("00:00-02:00 open", "02:00-20:00 closed", "20:00-24:00 open")
    schedule = schedule_of(
        bar,
        exceptions={"dicht": {"name": "Dicht", "dates": ["2026-06-13"]}},
        holidays={"eerste_kerstdag": {}},
    )
    decision = decided(schedule, moment)
    assert (decision.rule, decision.outcome.status) == (rule, status)


@pytest.mark.parametrize(
    ("moment", "rule"),
    [
        pytest.param("2026-04-26T23:59:59", "week/sun", id="the-day-before"),
        pytest.param("2026-04-27T00:00", "exceptions/markt", id="exception-over-holiday"),
        pytest.param("2026-04-27T11:59:59", "exceptions/markt", id="until-the-override"),
        pytest.param("2026-04-27T12:00:00", "overrides/storing", id="override-over-all"),
        pytest.param("2026-04-28T11:59:59", "overrides/storing", id="override-over-midnight"),
        pytest.param("2026-04-28T12:00:00", "week/tue", id="override-ends"),
        pytest.param("2027-04-27T12:00", "holidays/koningsdag", id="holiday-over-weekly"),
        pytest.param("2027-04-28T00:00", "week/wed", id="the-day-after"),
    ],
)
def test_rule_07_override_then_exception_then_holiday_then_week(moment: str, rule: str) -> None:
    """The winner supplies the whole date; an override holds from its first minute to its last."""
    schedule = schedule_of(
        exceptions={"markt": {"name": "Markt", "dates": ["2026-04-27"]}},
        holidays={"koningsdag": {}},
        overrides={
            "storing": {
                "from": "2026-04-27T12:00+02:00",
                "until": "2026-04-28T12:00+02:00",
                "slot": "break",
                "reason": "Storing",
            }
        },
    )
    assert decided(schedule, moment).rule == rule


def test_rule_07_overlapping_overrides_are_refused() -> None:
    """One override may begin where another ends, not before."""
    first = {"from": "2026-04-27T12:00+02:00", "until": "2026-04-27T14:00+02:00"}
    second = {"from": "2026-04-27T14:00+02:00", "until": "2026-04-27T15:00+02:00"}
    rest = {"slot": "open", "reason": "Toch open"}
    schedule = schedule_of(overrides={"een": first | rest, "twee": second | rest})
    assert decided(schedule, "2026-04-27T13:59").rule == "overrides/een"
    assert decided(schedule, "2026-04-27T14:00").rule == "overrides/twee"
    early = second | {"from": "2026-04-27T13:59+02:00"}
    (fault,) = faults_of(overrides={"een": first | rest, "twee": early | rest})
    assert "overlaps een" in fault


def test_rule_08_a_second_exception_on_a_date_is_refused() -> None:
    """The refusal names the exception that has the date."""
    (fault,) = faults_of(
        exceptions={
            "eerste": {"name": "Eerste", "dates": ["2026-12-24..2026-12-27"]},
            "tweede": {"name": "Tweede", "dates": ["2026-12-26"]},
        }
    )
    assert "2026-12-26" in fault
    assert "eerste" in fault


def test_rule_09_a_draft_decides_nothing_and_an_empty_exception_is_closed() -> None:
    """Without dates an exception holds nowhere; without slots it is closed for 24 hours."""
    schedule = schedule_of(
        OPEN,
        exceptions={
            "concept": {"name": "Concept"},
            "dicht": {"name": "Dicht", "dates": ["2026-06-02"]},
        },
    )
    assert decided(schedule, "2026-06-01T12:00").rule == "week/mon"
    decision = decided(schedule, "2026-06-02T12:00")
    assert (decision.rule, decision.slot) == ("exceptions/dicht", (0, 1440))
    assert decision.outcome.status == "closed"


def test_rule_10_the_eleven_holidays_are_found_on_their_dates() -> None:
    """All of 2026, in the order of the year."""
    schedule = schedule_of(OPEN, holidays={holiday: {} for holiday in HOLIDAY_IDS})
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    rules = {str(day): decided(schedule, f"{day}T12:00").rule for day in days}
    assert {day: rule for day, rule in rules.items() if not rule.startswith("week/")} == {
        "2026-01-01": "holidays/nieuwjaarsdag",
        "2026-04-03": "holidays/goede_vrijdag",
        "2026-04-05": "holidays/eerste_paasdag",
        "2026-04-06": "holidays/tweede_paasdag",
        "2026-04-27": "holidays/koningsdag",
        "2026-05-05": "holidays/bevrijdingsdag",
        "2026-05-14": "holidays/hemelvaartsdag",
        "2026-05-24": "holidays/eerste_pinksterdag",
        "2026-05-25": "holidays/tweede_pinksterdag",
        "2026-12-25": "holidays/eerste_kerstdag",
        "2026-12-26": "holidays/tweede_kerstdag",
    }


@pytest.mark.parametrize(
    ("holidays", "year", "rule"),
    [
        pytest.param({}, 2026, "week/tue", id="off-until-switched-on"),
        pytest.param({"bevrijdingsdag": {"active": False}}, 2026, "week/tue", id="switched-off"),
        pytest.param({"bevrijdingsdag": {}}, 2026, "holidays/bevrijdingsdag", id="every-year"),
        pytest.param({"bevrijdingsdag": {"every": "lustrum"}}, 2026, "week/tue", id="no-lustrum"),
        pytest.param(
            {"bevrijdingsdag": {"every": "lustrum"}}, 2025, "holidays/bevrijdingsdag", id="2025"
        ),
        pytest.param(
            {"bevrijdingsdag": {"every": "lustrum"}}, 2030, "holidays/bevrijdingsdag", id="2030"
        ),
    ],
)
def test_rule_11_a_holiday_is_off_until_switched_on(
    holidays: dict[str, object], year: int, rule: str
) -> None:
    """On means every year, but for a bevrijdingsdag of the lustrum years."""
    assert decided(schedule_of(holidays=holidays), f"{year}-05-05T12:00").rule == rule


@pytest.mark.parametrize(
    ("day", "rule"),
    [
        ("2025-04-26", "holidays/koningsdag"),
        ("2025-04-27", "week/sun"),
        ("2026-04-26", "week/sun"),
        ("2026-04-27", "holidays/koningsdag"),
        ("2031-04-26", "holidays/koningsdag"),
        ("2031-04-27", "week/sun"),
        ("2036-04-26", "holidays/koningsdag"),
        ("2042-04-26", "holidays/koningsdag"),
        ("2042-04-27", "week/sun"),
    ],
)
def test_rule_12_koningsdag_moves_from_sunday_to_saturday(day: str, rule: str) -> None:
    """The nominal 27th is then an ordinary Sunday."""
    assert decided(schedule_of(holidays={"koningsdag": {}}), f"{day}T12:00").rule == rule


def test_rule_13_of_two_holidays_on_a_date_the_first_in_rank_wins() -> None:
    """On 5 May 2016 bevrijdingsdag beats hemelvaartsdag, in whatever order they were set up."""
    table = table_of(schedule_of(holidays={"hemelvaartsdag": {}, "bevrijdingsdag": {}}))
    considered = explain_decision(table, instant("2016-05-05T12:00"))
    assert [(one.rule, one.wins, one.why) for one in considered] == [
        (
            "holidays/bevrijdingsdag",
            True,
            "holiday bevrijdingsdag; ranks before holiday hemelvaartsdag on the same date",
        ),
        (
            "holidays/hemelvaartsdag",
            False,
            (
                "holiday hemelvaartsdag; "
                "beaten by holiday bevrijdingsdag, which ranks before it on the same date"
            ),
        ),
        ("week/thu", False, "weekly hours of Thursday; beaten by holiday bevrijdingsdag"),
    ]


def test_rule_13_a_holiday_that_is_off_leaves_the_date_to_the_next() -> None:
    """2016 is no lustrum, so hemelvaartsdag has the date; the explanation names both."""
    holidays = {"bevrijdingsdag": {"every": "lustrum"}, "hemelvaartsdag": {}}
    table = table_of(schedule_of(holidays=holidays))
    considered = explain_decision(table, instant("2016-05-05T12:00"))
    assert [(one.rule, one.wins) for one in considered] == [
        ("holidays/hemelvaartsdag", True),
        ("week/thu", False),
        ("holidays/bevrijdingsdag", False),
    ]


def test_rule_14_a_holiday_without_slots_is_closed_all_day() -> None:
    """Its one slot runs from 00:00 to 24:00."""
    decision = decided(schedule_of(OPEN, holidays={"koningsdag": {}}), "2026-04-27T00:00")
    assert decision.outcome == Outcome("closed", "hangup")
    assert decision.slot == (0, 1440)
    assert decision.valid_until == instant("2026-04-28T00:00")


@pytest.mark.parametrize(
    ("treatment", "outcome"),
    [
        (f"{status} {target}".strip(), Outcome(status, action, "", forward, voicemail))  # type: ignore[arg-type]
        for status, plain in (("open", "continue"), ("closed", "hangup"), ("break", "hangup"))
        for target, action, forward, voicemail in (
            ("forward=storing", "forward", "+31612345678", ""),
            ("voicemail", "voicemail", "", ADDRESS),
            ("", plain, "", ""),
        )
    ],
    ids=str,
)
@pytest.mark.parametrize("audio", ["", f"{SHA256}.wav"], ids=["silent", "message"])
def test_rule_15_status_and_target_make_the_action(
    treatment: str, outcome: Outcome, audio: str
) -> None:
    """The table of the rule, each with a message before it and without."""
    words = f"00:00-24:00 {treatment}" + (" audio=welkom" if audio else "")
    schedule = schedule_of((words,), voicemail_email=ADDRESS, **TARGETS)
    assert decided(schedule, "2026-06-01T12:00").outcome == outcome._replace(audio=audio)


def test_rule_15_a_slot_has_a_forward_or_voicemail_never_both() -> None:
    """Both in one slot are refused."""
    both = ("00:00-24:00 open forward=storing voicemail",)
    with pytest.raises(ValueError, match="both a forward and voicemail"):
        schedule_of(both, voicemail_email=ADDRESS, **TARGETS)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(CallQuery(0, number="+31850000001"), id="not-linked"),
        pytest.param(CallQuery(0, number=None), id="unreadable"),
        pytest.param(CallQuery(0, schedule="nergens"), id="no-such-schedule"),
    ],
)
def test_rule_16_an_unknown_number_takes_the_normal_route(query: CallQuery) -> None:
    """Status unknown, action continue, and nothing guessed."""
    table = table_of(schedule_of(OPEN, numbers=["+31850000000"]))
    decision = resolve(snapshot_of(table), query)
    assert decision.outcome == Outcome("unknown", "continue")
    assert (decision.reason, decision.schedule, decision.revision) == ("unknown-number", "", None)


@pytest.mark.parametrize(
    ("moment", "named", "slot", "end"),
    [
        pytest.param(
            "2026-06-01T12:00", ("weekly", "week/mon", "Maandag"), (540, 1020),
            ("2026-06-01T17:00", "closed"), id="weekly",
        ),
        pytest.param(
            "2026-06-02T16:30", ("weekly", "week/tue", "Dinsdag"), (540, 1020),
            ("2026-06-02T16:45", "break"), id="the-next-change-is-an-override",
        ),
        pytest.param(
            "2026-06-02T16:50", ("override", "overrides/storing", "Stroomstoring"), None,
            ("2026-06-02T17:15", "closed"), id="override",
        ),
        pytest.param(
            "2026-06-03T12:00", ("exception", "exceptions/feest", "Zomerfeest"), (0, 1440),
            ("2026-06-04T00:00", "closed"), id="exception",
        ),
        pytest.param(
            "2026-12-25T12:00", ("holiday", "holidays/eerste_kerstdag", "Eerste kerstdag"),
            (0, 1440), ("2026-12-26T09:00", "open"), id="equal-slots-of-two-days-are-one",
        ),
    ],
)  # fmt: skip
def test_rule_17_every_decision_carries_its_reason_and_its_end(
    moment: str,
    named: tuple[str, str, str],
    slot: tuple[int, int] | None,
    end: tuple[str, str],
) -> None:
    """Reason, rule, name, date, slot, revision, next change and the status from then on."""
    schedule = schedule_of(
        OFFICE_DAY,
        exceptions={"feest": {"name": "Zomerfeest", "dates": ["2026-06-03"], "slots": [*OPEN]}},
        holidays={"eerste_kerstdag": {}},
        overrides={
            "storing": {
                "from": "2026-06-02T16:45+02:00",
                "until": "2026-06-02T17:15+02:00",
                "slot": "break",
                "reason": "Stroomstoring",
            }
        },
    )
    decision = decided(schedule, moment)
    assert (decision.reason, decision.rule, decision.title) == named
    assert (decision.slot, decision.revision) == (slot, 7)
    assert decision.day == (None if slot is None else _day(moment[:10]))
    assert (decision.valid_until, decision.next_status) == (instant(end[0]), end[1])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("open", "closed", id="status"),
        pytest.param("open", "open forward=storing", id="action"),
        pytest.param("open", "open audio=welkom", id="message"),
        pytest.param("open forward=storing", "open forward=dienst", id="target"),
    ],
)
def test_rule_17_a_change_is_one_of_status_action_message_or_target(
    before: str, after: str
) -> None:
    """Each of the four, alone, ends a decision."""
    dienst = {"name": "Dienst", "number": "+31201234567"}
    targets = TARGETS | {"forwards": TARGETS["forwards"] | {"dienst": dienst}}
    schedule = schedule_of((f"00:00-12:00 {before}", f"12:00-24:00 {after}"), **targets)
    assert decided(schedule, "2026-06-01T10:00").valid_until == instant("2026-06-01T12:00")


@pytest.mark.parametrize(
    "lateness", [pytest.param(0, id="exactly"), pytest.param(60, id="a-minute-further")]
)
def test_rule_17_a_change_is_sought_400_days_ahead(lateness: int) -> None:
    """400 days to the minute is found, one minute more is not."""
    schedule = schedule_of(OPEN, exceptions={"dicht": {"name": "Dicht", "dates": ["2027-06-01"]}})
    change = instant("2027-06-01T00:00")
    decision = decide(table_of(schedule), change - 400 * 86_400 - lateness)
    assert decision.valid_until == (None if lateness else change)
    assert decision.next_status == ("" if lateness else "closed")


@pytest.mark.parametrize(
    "first", ["2026-01-01", "2020-01-01", "2035-01-01"], ids=["inside", "after-it", "before-it"]
)
def test_rule_18_outside_the_horizon_the_same_rules_hold(first: str) -> None:
    """Being outside never means closed: weekly hours, holiday and exception decide as ever."""
    schedule = schedule_of(
        OPEN,
        exceptions={"dicht": {"name": "Dicht", "dates": ["2026-06-02"]}},
        holidays={"koningsdag": {}},
    )
    table = table_of(schedule, first=first)
    for moment, rule, status in (
        ("2026-06-01T12:00", "week/mon", "open"),
        ("2026-06-02T12:00", "exceptions/dicht", "closed"),
        ("2026-04-27T12:00", "holidays/koningsdag", "closed"),
    ):
        decision = decide(table, instant(moment))
        assert (decision.rule, decision.outcome.status) == (rule, status)
    assert decide(table, instant("2026-06-01T12:00")).valid_until == instant("2026-06-02T00:00")


@given(day=st.integers(-400, 800))
def test_rule_18_no_day_is_closed_for_being_outside(day: int) -> None:
    """A schedule that is always open is open on any day round the horizon."""
    table = table_of(schedule_of(OPEN))
    at = instant("2026-01-01T12:00") + day * 86_400
    assert table.interval_at(at).outcome.status == "open"


@pytest.mark.parametrize(
    ("treatment", "address", "missing", "expected"),
    [
        pytest.param(
            "open forward=storing", ADDRESS, False,
            Outcome("open", "voicemail", "", "", ADDRESS, "forward-refused"), id="open-voicemail",
        ),
        pytest.param(
            "closed audio=welkom forward=storing", ADDRESS, False,
            Outcome("closed", "voicemail", f"{SHA256}.wav", "", ADDRESS, "forward-refused"),
            id="closed-message-then-voicemail",
        ),
        pytest.param(
            "open forward=storing", None, False,
            Outcome("open", "continue", error="forward-refused"), id="open-normal-route",
        ),
        pytest.param(
            "closed audio=welkom forward=storing", None, False,
            Outcome("closed", "hangup", f"{SHA256}.wav", error="forward-refused"),
            id="closed-message-and-hangup",
        ),
        pytest.param(
            "break forward=storing", None, False,
            Outcome("break", "hangup", error="forward-refused"), id="break-hangup",
        ),
        pytest.param(
            "open audio=welkom", None, True,
            Outcome("open", "continue", error="audio-missing"), id="message-missing",
        ),
        pytest.param(
            "closed audio=welkom voicemail", ADDRESS, True,
            Outcome("closed", "voicemail", "", "", ADDRESS, "audio-missing"),
            id="message-missing-before-voicemail",
        ),
        pytest.param(
            "closed audio=welkom forward=storing", None, True,
            Outcome("closed", "hangup", error="forward-refused"), id="both-tells-the-forward",
        ),
    ],
)  # fmt: skip
def test_rule_19_an_unusable_target_never_fails_the_call(
    treatment: str,
    address: str | None,
    missing: bool,  # noqa: FBT001 - a column of the case table
    expected: Outcome,
) -> None:
    """Belgium as the home country refuses the Dutch forward; a missing message stays silent."""
    schedule = schedule_of((f"00:00-24:00 {treatment}",), voicemail_email=address, **TARGETS)
    table = table_of(
        schedule,
        policy=ForwardPolicy(region="BE"),
        missing=frozenset({SHA256}) if missing else frozenset(),
    )
    assert decide(table, instant("2026-06-01T12:00")).outcome == expected


def test_rule_19_voicemail_without_an_address_is_refused() -> None:
    """The refusal names the slot."""
    (fault,) = faults_of(tue=("00:00-24:00 closed voicemail",))
    assert "week.tue[0]" in fault
    assert "voicemail_email" in fault


def test_every_rule_from_1_to_19_has_a_test() -> None:
    """The names in this file count through the rules."""
    named = {name[10:12] for name in _test_names() if name.startswith("test_rule_")}
    assert named == {f"{rule:02}" for rule in range(1, 20)}


def _test_names() -> Iterable[str]:
    return (name for name, value in globals().items() if callable(value))


def _day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def test_the_plain_week_is_closed() -> None:
    """A schedule of these tests is closed where nothing else is said."""
    assert decided(schedule_of(), "2026-06-01T12:00").outcome == Outcome("closed", "hangup")
    assert CLOSED == ("00:00-24:00 closed",)
