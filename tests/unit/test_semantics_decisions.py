"""The rules of semantics.md on the decision, by number."""

from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_engine.decision import CallQuery, Outcome
from routing_engine.resolver import decide, resolve
from schedules.forward_rules import ForwardPolicy
from tests.engine import (
    OFFICE_DAY,
    OPEN,
    SHA256,
    instant,
    schedule_of,
    snapshot_of,
    table_of,
)
from tests.ruled import decided, faults_of

TARGETS: Final[dict[str, Any]] = {
    "forwards": {"storing": {"name": "Storing", "number": "+31612345678"}},
    "audio": {"welkom": {"name": "Welkom", "sha256": SHA256}},
}


ADDRESS: Final = "post@example.nl"


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


def _day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days
