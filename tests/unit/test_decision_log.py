"""Calls wait to be recorded without being in anybody's way, and come out as plain rows."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from pbx_adapters.call_record import RecordedCall, RecordedOutcome
from pbx_adapters.caller_hash import hash_caller
from pbx_adapters.decision_log import PIECE, DecisionLog
from routing_engine.decision import Decision, Outcome

# 2026-11-22 10:00:00 UTC.
AT = 1_795_341_600
KEY = bytes(range(64))
QUERY = {"did": "0850000100", "cli": "06-12345678", "callid": "17.4"}


def decision(**fields: object) -> Decision:
    """Return what a caller gets at night."""
    plain: dict[str, object] = {
        "outcome": Outcome("closed", "forward", "a.wav", "+31612345678"),
        "schedule": "kantoor",
        "schedule_name": "Kantoor",
        "reason": "weekly",
        "rule": "week/sun",
        "title": "",
        "day": 20_779,
        "slot": (0, 1_440),
        "revision": 12,
        "valid_until": AT + 3_600,
        "next_status": "open",
        "holds_from": AT,
        "holds_until": AT + 3_600,
    }
    return Decision(**plain | fields)  # type: ignore[arg-type]


def new_log(
    capacity: int = 10,
    *,
    key: bytes | None = KEY,
    tell_dropped: Callable[[int], None] = lambda _: None,
) -> DecisionLog:
    """Return a log for Dutch numbers."""
    return DecisionLog(capacity, key=key, region="NL", tell_dropped=tell_dropped)


def test_call_comes_out_as_a_row() -> None:
    """With the number in E.164, the caller as a hash, and every field of the answer's treatment."""
    log = new_log()
    log.note("0123456789ab-00000001", AT, "3cx", QUERY, decision())
    (call,) = log.take(10).calls()
    assert call == RecordedCall(
        decision_id="0123456789ab-00000001",
        at=AT,
        dialect="3cx",
        number="+31850000100",
        caller=hash_caller(KEY, "+31612345678", "NL"),
        callid="17.4",
        outcome=RecordedOutcome(
            schedule="kantoor",
            revision=12,
            status="closed",
            action="forward",
            reason="weekly",
            rule="week/sun",
            audio="a.wav",
            forward="+31612345678",
            voicemail="",
            error="",
            valid_until=AT + 3_600,
        ),
    )
    assert len(log) == 0


def test_call_without_numbers_comes_out_all_the_same() -> None:
    """A schedule asked for by its id, a number that can't be read, a caller that isn't sent."""
    log = new_log()
    for query in ({"schedule": "kantoor"}, {"did": "keuken", "cli": "anonymous"}, {"did": ""}):
        log.note("x", AT, "generic", query, decision())
    assert [(call.number, call.caller, call.callid) for call in log.take(10).calls()] == [
        (None, None, "")
    ] * 3


def test_without_a_key_callers_are_left_out() -> None:
    """Everything else of the call is recorded."""
    log = new_log(key=None)
    log.note("x", AT, "3cx", QUERY, decision())
    (call,) = log.take(10).calls()
    assert call.caller is None
    assert call.number == "+31850000100"


def test_calls_come_out_in_their_order_and_no_more_than_asked_for() -> None:
    """Those that have waited longest come first."""
    log = new_log(200)
    for number in range(157):
        log.note(str(number), AT, "3cx", QUERY, decision())
    taken = [
        [int(call.decision_id) for call in log.take(limit).calls()]
        for limit in (0, 20, 100, 200, 10)
    ]
    assert taken == [[], [*range(20)], [*range(20, 120)], [*range(120, 157)], []]


def test_each_call_comes_out_with_its_own_decision() -> None:
    """Also where a schedule's decision changes from call to call and back."""
    log = new_log()
    standing, other = decision(), decision(revision=13)
    elsewhere = decision(schedule="winkel", revision=14)
    for one in (standing, other, elsewhere, standing, standing):
        log.note("x", AT, "3cx", QUERY, one)
    taken = log.take(10)
    told = [(call.outcome.schedule, call.outcome.revision) for call in taken.calls()]
    assert told == [
        ("kantoor", 12),
        ("kantoor", 13),
        ("winkel", 14),
        ("kantoor", 12),
        ("kantoor", 12),
    ]


@pytest.mark.parametrize(
    "callid",
    ["", "17.4", '"],["', "\\", "\x00\n\u2028", "été ☎ 𝄞", "\udc80", "x" * 128],
)
def test_whatever_a_pbx_sends_as_its_id_is_kept(callid: str) -> None:
    """A text that nothing could store keeps a question mark in its place."""
    log = new_log()
    log.note("x", AT, "3cx", QUERY | {"callid": callid}, decision())
    log.note("y", AT, "3cx", QUERY, decision())
    first, second = log.take(10).calls()
    assert first.callid == callid.replace("\udc80", "?")
    assert second.decision_id == "y"


def test_calls_beyond_its_capacity_are_dropped_and_counted() -> None:
    """What waits stays; each one dropped is told."""
    dropped: list[int] = []
    log = new_log(2, tell_dropped=dropped.append)
    for number in range(5):
        log.note(str(number), AT, "3cx", QUERY, decision())
    assert [call.decision_id for call in log.take(10).calls()] == ["0", "1"]
    assert sum(dropped) == 3
    log.note("5", AT, "3cx", QUERY, decision())
    assert [call.decision_id for call in log.take(10).calls()] == ["5"]


def test_another_thread_takes_each_call_once() -> None:
    """While calls are noted all the time, none is lost and none comes out twice."""
    log = new_log(100_000)
    taken: list[RecordedCall] = []
    is_over = threading.Event()

    def take_all() -> None:
        while not is_over.is_set() or len(log):
            taken.extend(log.take(20).calls())

    thread = threading.Thread(target=take_all)
    thread.start()
    standing = decision()
    for number in range(20_000):
        log.note(str(number), AT, "3cx", QUERY, standing)
    is_over.set()
    thread.join(60)
    assert sorted(int(call.decision_id) for call in taken) == list(range(20_000))


def test_what_cannot_be_recorded_keeps_no_caller_from_his_route() -> None:
    """A defect costs a call and those taken beside it, which are counted; the others go on."""
    dropped: list[int] = []
    log = new_log(100, tell_dropped=dropped.append)
    with capture_logs() as lines:
        for number in range(3 * PIECE):
            # Nothing of the kind comes from the hook.
            query: dict[str, Any] = QUERY | ({"callid": None} if number == 2 else {})
            log.note(str(number), AT, "3cx", query, decision())
    assert [line["event"] for line in lines] == ["calls_not_recorded"]
    assert sum(dropped) == 3
    taken = [int(call.decision_id) for call in log.take(100).calls()]
    assert taken == list(range(3, 3 * PIECE))
