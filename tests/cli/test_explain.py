"""`bereikbaar explain`: a recorded call, decided again."""

import subprocess
import sys
from pathlib import Path

import pytest

from pbx_adapters.call_record import RecordedOutcome
from tests.cli.command_line import SHA256, SHOP, CommandLine
from tests.cli.conftest import SetClock
from tests.cli.recorded import ID, NUMBER, OVERRIDDEN, call, record

HALF_PAST = "2026-11-22T10:30:00Z"
MONDAY_MORNING = "2026-11-23T07:00:00Z"
MORNING = RecordedOutcome(
    *("winkel", 1, "closed", "voicemail", "weekly", "week/mon"),
    *("", "", "winkel@example.nl", "audio-missing", 1_795_420_800),
)


def test_a_call_is_decided_again_by_the_revision_that_decided_it(shop: CommandLine) -> None:
    """Whatever the schedule has become since: what was recorded, and every rule."""
    record(shop, call(1, HALF_PAST, callid="17"))
    shop("hours", "set", "winkel", "sun", "00:00-24:00 open")
    result = shop("explain", ID.format(1))
    assert result.stdout == (
        "decision   0123456789ab-00000001\n"
        "at         Sun 2026-11-22 11:30 CET (2026-11-22T10:30:00Z)\n"
        "asked by   3cx, call 17\n"
        "number     +31850000200\n"
        "status     closed\n"
        "action     hang up\n"
        "schedule   winkel\n"
        "revision   1\n"
        "reason     override, overrides/stroom\n"
        "until      Sun 2026-11-22 12:00 CET (2026-11-22T11:00:00Z)\n"
        "replayed   the same\n"
        "\n"
        "RULE              NAME           RESULT  SLOT                WHY\n"
        "overrides/stroom  Stroomstoring  wins    closed              override stroom, in force "
        "until Sun 2026-11-22 12:00\n"
        "week/sun          Zondag         loses   00:00-24:00 closed  weekly hours of Sunday; "
        "beaten by override stroom\n"
    )
    assert result.stderr == ""


def test_programs_are_told_what_is_compared(shop: CommandLine) -> None:
    """The record, the same fields as they come out now, and every rule."""
    record(shop, call(2, MONDAY_MORNING, MORNING, caller=26))
    told = shop.json("explain", ID.format(2))
    assert told["decision"] == told["replayed"]
    assert told["decision"]["caller"] == "000000000000001a"
    assert told["decision"]["valid_until"] == "2026-11-23T08:00:00Z"
    assert (told["is_same"], told["differing"], told["notes"]) == (True, [], [])
    assert told["considered"][0] == {
        "rule": "week/mon",
        "title": "Maandag",
        "wins": True,
        "why": "weekly hours of Monday; no override, exception or holiday holds",
        "slot": "00:00-09:00",
        "status": "closed",
        "action": "voicemail",
    }


@pytest.mark.parametrize(
    ("recorded", "differing", "why"),
    [
        pytest.param(
            MORNING._replace(audio=f"{SHA256}.wav", error=""),
            ["audio", "error"],
            "A message was not stored then, or isn't now",
            id="message-gone-since",
        ),
        pytest.param(
            MORNING._replace(error="forward-refused"),
            ["error"],
            "Which forwards are allowed has changed since",
            id="forward-allowed-since",
        ),
        pytest.param(
            MORNING._replace(reason="holiday", rule="holidays/koningsdag"),
            ["reason", "rule"],
            "The schedule's revision is the same, so another version of the program",
            id="other-rules",
        ),
    ],
)
def test_a_call_that_comes_out_otherwise_is_told_with_why_that_may_be(
    shop: CommandLine, recorded: RecordedOutcome, differing: list[str], why: str
) -> None:
    """Field by field, and the answer is no."""
    record(shop, call(1, MONDAY_MORNING, recorded))
    result = shop("explain", ID.format(1), code=3)
    assert "replayed   otherwise" in result.stdout
    for key in differing:
        was = getattr(recorded, key) or "nothing"
        assert f"           {key}: {was} then, " in result.stdout
    assert why in result.stderr
    told = shop.json("explain", ID.format(1), code=3)
    assert (told["is_same"], told["differing"]) == (False, differing)
    assert len(told["notes"]) >= 1


def test_a_message_is_told_by_its_name(shop: CommandLine) -> None:
    """As it was called in that revision."""
    record(shop, call(1, MONDAY_MORNING, MORNING._replace(audio=f"{SHA256}.wav", error="")))
    assert f"message    Gesloten ({SHA256}.wav)\n" in shop("explain", ID.format(1), code=3).stdout


def test_a_purged_schedule_leaves_what_was_recorded(shop: CommandLine) -> None:
    """It can't be decided again, which is refused; the record is still shown."""
    record(shop, call(1, HALF_PAST))
    shop("schedule", "unlink", "winkel", NUMBER)
    shop("schedule", "delete", "winkel", "--yes")
    shop("schedule", "purge", "winkel", "--yes", "winkel")
    result = shop("explain", ID.format(1), code=1)
    assert "reason     override, overrides/stroom\n" in result.stdout
    assert "replayed" not in result.stdout
    assert result.stderr == (
        "It can't be decided again: revision 1 of winkel is gone: purged since, or not in the "
        "backup that was restored\n"
    )
    told = shop.json("explain", ID.format(1), code=1)
    assert (told["replayed"], told["is_same"], told["considered"]) == (None, None, [])


def test_a_schedule_made_anew_is_not_taken_for_the_one_that_was_purged(
    shop: CommandLine, set_clock: SetClock
) -> None:
    """Its revisions count from 1 again, but were saved after the call."""
    record(shop, call(1, HALF_PAST))
    shop("schedule", "unlink", "winkel", NUMBER)
    shop("schedule", "delete", "winkel", "--yes")
    shop("schedule", "purge", "winkel", "--yes", "winkel")
    set_clock("2026-11-22T10:30:01+00:00")
    shop.apply(SHOP)
    result = shop("explain", ID.format(1), code=1)
    assert "revision 1 of winkel was saved after the call" in result.stderr


def test_a_call_in_the_second_of_the_save_is_decided_again(
    shop: CommandLine, set_clock: SetClock
) -> None:
    """The record knows no parts of seconds."""
    record(shop, call(1, "2026-11-22T10:31:00Z", OVERRIDDEN._replace(revision=2)))
    set_clock("2026-11-22T10:31:00.900000+00:00")
    shop("schedule", "rename", "winkel", "Winkel Assen")
    assert "replayed   the same" in shop("explain", ID.format(1)).stdout


def test_a_number_that_was_not_linked_is_told_with_who_has_it_now(shop: CommandLine) -> None:
    """There is nothing to decide again, and nothing wrong."""
    unknown = RecordedOutcome(
        "", None, "unknown", "continue", "unknown-number", "", "", "", "", "", None
    )
    elsewhere = call(2, HALF_PAST, unknown, number="+31201234567")
    unreadable = call(3, HALF_PAST, unknown, number=None)
    record(shop, call(1, HALF_PAST, unknown), elsewhere, unreadable)
    assert "was not linked to any schedule, so the PBX's normal route was taken; now it is " in (
        shop("explain", ID.format(1)).stderr
    )
    assert "nor is it now" in shop("explain", ID.format(2)).stderr
    assert "no number that can be read" in shop("explain", ID.format(3)).stderr
    assert shop.json("explain", ID.format(3))["is_same"] is None


def test_a_schedule_without_a_table_is_told(shop: CommandLine) -> None:
    """Where to look for why."""
    outcome = OVERRIDDEN._replace(revision=None, status="unknown", reason="outside-service")
    record(shop, call(1, HALF_PAST, outcome))
    assert "had no usable table then" in shop("explain", ID.format(1)).stderr


def test_without_a_store_there_is_still_the_record(cli: CommandLine) -> None:
    """It is shown, and what keeps it from being decided again."""
    record(cli, call(1, HALF_PAST))
    result = cli("explain", ID.format(1), code=1)
    assert "status     closed\n" in result.stdout
    assert "It can't be decided again: there is no store in" in result.stderr


@pytest.mark.parametrize("decision_id", [ID.format(9), "x", "", "0123456789ab"])
def test_an_unknown_id_is_refused(shop: CommandLine, decision_id: str) -> None:
    """With where ids are found, and which calls are not kept."""
    record(shop, call(1, HALF_PAST))
    result = shop("explain", decision_id, code=1)
    assert f"no decision {decision_id!r} is recorded; `bereikbaar calls list`" in result.stderr
    assert shop.json("explain", decision_id, code=1)["error"] == "not-found"


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(f"  {ID.format(10)}\n", id="blanks"),
        pytest.param(ID.format(10).upper(), id="capitals"),
    ],
)
def test_an_id_is_found_as_it_was_pasted(shop: CommandLine, typed: str) -> None:
    """With the blanks around it, or in capitals."""
    record(shop, call(10, HALF_PAST))
    assert shop("explain", typed).stdout.startswith("decision   0123456789ab-0000000a\n")


def test_letters_that_a_terminal_hasnt_got_are_told_by_number(shop: CommandLine) -> None:
    """What a PBX sent is shown as far as may be, and ends nothing half way."""
    record(shop, call(1, HALF_PAST, callid="\u260e\xe9"))
    done = subprocess.run(
        [Path(sys.executable).with_name("bereikbaar"), "explain", ID.format(1)],
        cwd=shop.folder,
        env={"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=True,
    )
    assert b"asked by   3cx, call \\u260e\xe9\n" in done.stdout


def test_what_a_pbx_sent_does_nothing_to_a_terminal(shop: CommandLine) -> None:
    """The id of a call may come from whoever calls; programs get it as it was."""
    callid = "1\x1b]0;x\x07\x9b31m\n2"
    record(shop, call(1, HALF_PAST, callid=callid))
    assert "asked by   3cx, call 1?]0;x??31m 2\n" in shop("explain", ID.format(1)).stdout
    assert shop.json("explain", ID.format(1))["decision"]["callid"] == callid
