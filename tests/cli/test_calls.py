"""`bereikbaar calls list`: which calls there were."""

import csv
import io
import json
import sqlite3
from contextlib import closing

import pytest

from pbx_adapters.call_record import RecordedOutcome
from pbx_adapters.caller_hash import hash_caller, make_caller_key, read_caller_key
from tests.cli.command_line import CommandLine
from tests.cli.recorded import ID, NUMBER, call, record

OPEN = RecordedOutcome(
    *("winkel", 1, "open", "continue", "weekly", "week/mon", "", "", "", ""), 1_795_431_600
)
EVENING = RecordedOutcome(
    *("winkel", 1, "closed", "forward", "weekly", "week/mon"),
    *("", "+31612345678", "", "", 1_795_474_800),
)
MORNING = RecordedOutcome(
    *("winkel", 1, "closed", "voicemail", "weekly", "week/mon"),
    *("", "", "winkel@example.nl", "audio-missing", None),
)
NOT_ON_THE_CLOCK = (
    "--to: 2027-03-28 02:30 does not exist in Europe/Amsterdam; choose a time that the clock shows",
)
UNKNOWN = RecordedOutcome(
    "", None, "unknown", "continue", "unknown-number", "", "", "", "", "", None
)


@pytest.fixture
def calls(cli: CommandLine) -> CommandLine:
    """Have five calls recorded."""
    record(
        cli,
        call(1, "2026-11-22T10:30:00Z", caller=2**63 - 1, callid="17"),
        call(2, "2026-11-23T07:00:00Z", MORNING, dialect="swyx"),
        call(3, "2026-11-23T10:00:00Z", OPEN, number=None),
        call(4, "2026-11-23T18:00:00Z", EVENING, caller=26, callid='=HYPERLINK("x")'),
        call(5, "2026-11-23T18:00:01Z", UNKNOWN, number="+31201234567"),
    )
    return cli


def ids(cli: CommandLine, *options: str) -> list[int]:
    """Return the numbers of the calls that are listed."""
    listed = cli.json("calls", "list", *options)
    return [int(one["decision_id"][-8:], 16) for one in listed]


def test_calls_are_listed_newest_first_in_local_time(calls: CommandLine) -> None:
    """What was asked, and what was decided and why."""
    result = calls("calls", "list")
    assert result.stdout == (
        "AT                       NUMBER        SCHEDULE  STATUS   ACTION                       "
        "BECAUSE OF               DECISION\n"
        "2026-11-23 19:00:01 CET  +31201234567            unknown  continue                     "
        "unknown-number           0123456789ab-00000005\n"
        "2026-11-23 19:00:00 CET  +31850000200  winkel    closed   forward +31612345678         "
        "week/mon                 0123456789ab-00000004\n"
        "2026-11-23 11:00:00 CET                winkel    open     continue                     "
        "week/mon                 0123456789ab-00000003\n"
        "2026-11-23 08:00:00 CET  +31850000200  winkel    closed   voicemail winkel@example.nl  "
        "week/mon, audio-missing  0123456789ab-00000002\n"
        "2026-11-22 11:30:00 CET  +31850000200  winkel    closed   hangup                       "
        "overrides/stroom         0123456789ab-00000001\n"
    )
    assert result.stderr == ""


def test_json_has_the_fields_of_the_answer(calls: CommandLine) -> None:
    """Each a text, empty where there is none; a caller is a hash."""
    newest, *_, oldest = calls.json("calls", "list")
    assert oldest == {
        "decision_id": ID.format(1),
        "at": "2026-11-22T10:30:00Z",
        "dialect": "3cx",
        "number": NUMBER,
        "caller": "7fffffffffffffff",
        "callid": "17",
        "schedule": "winkel",
        "revision": "1",
        "status": "closed",
        "action": "hangup",
        "reason": "override",
        "rule": "overrides/stroom",
        "audio": "",
        "forward": "",
        "voicemail": "",
        "error": "",
        "valid_until": "2026-11-22T11:00:00Z",
    }
    assert (newest["schedule"], newest["revision"], newest["caller"]) == ("", "", "")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(["--status", "closed"], [4, 2, 1], id="status"),
        pytest.param(["--action", "forward"], [4], id="action"),
        pytest.param(["--reason", "unknown-number"], [5], id="reason"),
        pytest.param(["--number", "085-0000200"], [4, 2, 1], id="number"),
        pytest.param(["--schedule", "winkel", "--status", "open"], [3], id="schedule-and-status"),
        pytest.param(["--from", "2026-11-23 19:00"], [5, 4], id="from"),
        pytest.param(["--to", "23 november 2026 19:00"], [3, 2, 1], id="to-not-included"),
        pytest.param(["--from", "2026-11-23", "--to", "2026-11-24"], [5, 4, 3, 2], id="day"),
        pytest.param(["--from", "2026-11-23T19:00:01+01:00"], [5], id="offset"),
        pytest.param(["--from", "2026-11-23 18:00", "--timezone", "UTC"], [5, 4], id="timezone"),
        pytest.param(["--limit", "2"], [5, 4], id="limit"),
        pytest.param(["--schedule", "weg"], [], id="none"),
    ],
)
def test_those_that_are_meant_are_listed(
    calls: CommandLine, options: list[str], expected: list[int]
) -> None:
    """By what they got, by whom they asked for, and by when."""
    assert ids(calls, *options) == expected


def test_a_caller_is_found_by_his_number_in_any_form(cli: CommandLine) -> None:
    """Only by who has the key, and knows the number already."""
    key = cli.folder / "data" / "caller-hash.key"
    key.parent.mkdir()
    make_caller_key(key)
    caller = hash_caller(read_caller_key(key), "+31612345678", "NL")
    record(
        cli,
        call(1, "2026-11-22T10:30:00Z", caller=caller),
        call(2, "2026-11-22T10:40:00Z", caller=7),
        call(3, "2026-11-22T10:50:00Z"),
    )
    for typed in ("+31612345678", "06-12345678", "0031612345678"):
        assert ids(cli, "--caller", typed) == [1]
    assert ids(cli, "--caller", "06-12345679") == []
    refused = cli("calls", "list", "--caller", "anonymous", code=1)
    assert refused.stderr.startswith("--caller: 'anonymous' is no telephone number; write")
    key.unlink()
    refused = cli("calls", "list", "--caller", "06-12345678", "--to", "morgen", code=1)
    told = refused.stderr.splitlines()
    assert [line.partition(":")[0] for line in told] == ["--to", "--caller"]
    assert "caller-hash.key isn't there; put it back" in told[1]


def test_csv_is_written_whole_and_holds_no_formula(calls: CommandLine) -> None:
    """What a PBX sent as its id can't make a spreadsheet do anything; a number stays one."""
    calls("calls", "list", "--csv", "calls.csv")
    content = (calls.folder / "calls.csv").read_bytes().decode()
    assert content == calls("calls", "list", "--csv", "-").stdout_bytes.decode()
    assert content.splitlines()[0] == (
        "decision_id,at,dialect,number,caller,callid,schedule,revision,status,action,reason,rule,"
        "audio,forward,voicemail,error,valid_until"
    )
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["callid"] for row in rows] == ["", '\'=HYPERLINK("x")', "", "", "17"]
    assert [row["number"] for row in rows][:2] == ["+31201234567", NUMBER]
    told = calls.json("calls", "list")
    assert [{**row, "callid": ""} for row in rows] == [{**one, "callid": ""} for one in told]


@pytest.mark.parametrize("start", ["=1", "+1-2", "-1", "@x", "\t=1", "\r=1"])
def test_whatever_could_be_a_formula_is_text(cli: CommandLine, start: str) -> None:
    """As spreadsheets read it."""
    record(cli, call(1, "2026-11-22T10:30:00Z", callid=start))
    text = cli("calls", "list", "--csv", "-").stdout_bytes.decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["callid"] == f"'{start}"


def test_csv_has_all_and_a_list_says_when_there_are_more(cli: CommandLine) -> None:
    """A list stops after 100 unless told otherwise; a file is never cut off unasked."""
    record(cli, *(call(count, "2026-11-22T10:30:00Z") for count in range(1, 2_502)))
    result = cli("calls", "list")
    assert len(result.stdout.splitlines()) == 101
    assert "these are the newest 100; --limit N shows more" in result.stderr
    assert len(cli("calls", "list", "--csv", "-").stdout.splitlines()) == 2_502
    few = cli("calls", "list", "--csv", "few.csv", "--limit", "3")
    assert len((cli.folder / "few.csv").read_text().splitlines()) == 4
    assert "the newest 3" in few.stderr
    all_of_them = cli("calls", "list", "--limit", "2501", "--json")
    assert len(json.loads(all_of_them.stdout)) == 2_501
    assert all_of_them.stderr == ""


def test_nothing_recorded_is_said(cli: CommandLine) -> None:
    """It is no fault where there is a store: no call need have come yet."""
    cli("migrate")
    result = cli("calls", "list")
    assert (result.stdout, result.stderr) == ("", "no such calls are recorded\n")
    assert cli.json("calls", "list") == []
    assert len(cli("calls", "list", "--csv", "-").stdout.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("calls", "list"), id="list"),
        pytest.param(("calls", "list", "--csv", "-"), id="csv"),
        pytest.param(("calls", "stats"), id="stats"),
        pytest.param(("explain", ID.format(1)), id="explain"),
        pytest.param(("notifications", "list"), id="notifications"),
        pytest.param(("notifications", "retry"), id="retry"),
    ],
)
@pytest.mark.parametrize("is_there", [False, True], ids=["no-folder", "empty-folder"])
def test_a_wrong_data_directory_is_refused(
    cli: CommandLine,
    words: tuple[str, ...],
    is_there: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """It is not taken for one in which no call was recorded, and nothing is made there."""
    if is_there:
        (cli.folder / "weg").mkdir()
    result = cli(*words, "--data-dir", "weg", code=1)
    assert result.stderr.startswith("Error: there is no store in weg; name its folder with --data")
    assert result.stdout == ""
    assert list(cli.folder.rglob("*")) == ([cli.folder / "weg"] if is_there else [])


def test_every_fault_is_told_at_once(cli: CommandLine) -> None:
    """Each with what to type instead."""
    result = cli(
        *("calls", "list", "--from", "gisteren", "--to", "2027-03-28 02:30"),
        *("--number", "kantoor", "--timezone", "Utrecht"),
        code=1,
    )
    assert result.stderr.splitlines() == [
        "--timezone: 'Utrecht' is not a time zone; use an IANA name such as Europe/Amsterdam",
        "--from: 'gisteren' is not a moment; write YYYY-MM-DD HH:MM",
        *NOT_ON_THE_CLOCK,
        "--number: 'kantoor' is no telephone number; write it as +31850000100",
    ]


def test_moment_on_two_lines_is_refused(cli: CommandLine) -> None:
    """As any other that is none."""
    told = cli("calls", "list", "--from", "gis\nteren", code=1).stderr
    assert told == "--from: 'gis\\nteren' is not a moment; write YYYY-MM-DD HH:MM\n"


@pytest.mark.parametrize(
    ("option", "text", "told"),
    [
        pytest.param(
            "--schedule",
            "Hoofd kantoor!",
            "'Hoofd kantoor!' is not an id; use a-z, 0-9 and inner -, at most 64",
            id="no-id",
        ),
        pytest.param(
            "--schedule", "", "'' is not an id; use a-z, 0-9 and inner -, at most 64", id="empty-id"
        ),
        pytest.param(
            "--schedule",
            "winke",
            "there is no schedule 'winke'; did you mean winkel?",
            id="misspelt",
        ),
        pytest.param(
            "--number",
            "0850000000..09",
            "'0850000000..09' is a block of numbers; give one of them, or --schedule ID for all of "
            "a schedule",
            id="block",
        ),
        pytest.param(
            "--caller",
            "+31850000000..09",
            "'+31850000000..09' is a block of numbers; give one of them, or --schedule ID for all "
            "of a schedule",
            id="block-of-callers",
        ),
    ],
)
def test_what_no_call_can_match_is_refused(
    shop: CommandLine, option: str, text: str, told: str
) -> None:
    """Rather than told that there were no such calls."""
    record(shop, call(1, "2026-11-22T10:30:00Z"))
    assert shop("calls", "list", option, text, code=1).stderr == f"{option}: {told}\n"


def test_calls_of_a_schedule_are_found_whatever_became_of_it(shop: CommandLine) -> None:
    """One without a call is none to refuse; nor is one that was deleted, or purged since."""
    shop("schedule", "unlink", "winkel", NUMBER)
    assert ids(shop, "--schedule", "winkel") == []
    shop("schedule", "delete", "winkel", "--yes")
    assert ids(shop, "--schedule", "winkel") == []
    record(shop, call(1, "2026-11-22T10:30:00Z"))
    shop("schedule", "purge", "winkel", "--yes", "winkel")
    assert ids(shop, "--schedule", "winkel") == [1]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(("calls", "list"), 0, id="list"),
        pytest.param(("calls", "stats"), 0, id="stats"),
        pytest.param(("explain", ID.format(1)), 1, id="explain"),
    ],
)
def test_that_nothing_is_recorded_at_all_is_said(
    cli: CommandLine, words: tuple[str, ...], code: int
) -> None:
    """By which setting; a configuration that can't be read has no say in it."""
    cli("migrate")
    cli.write("bereikbaar.toml", "decision_retention_days = 0\n")
    why = "no call is recorded: decision_retention_days is 0 in the configuration"
    assert why in cli(*words, code=code).stderr
    cli.write("bereikbaar.toml", "decision_retention_days = -1\n")
    told = cli(*words, "--data-dir", "data", code=code).stderr
    assert "recorded" in told
    assert "decision_retention_days is 0" not in told


def test_a_time_that_occurs_twice_is_asked_for(cli: CommandLine) -> None:
    """With both instants that it could be (semantics.md rule 5)."""
    result = cli("calls", "list", "--from", "2026-10-25 02:30", code=1)
    assert result.stderr == (
        "--from: 2026-10-25 02:30 occurs twice in Europe/Amsterdam; write "
        "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00\n"
    )
    cli("migrate")
    cli("calls", "list", "--from", "2026-10-25T02:30:00+01:00")


def test_a_span_that_runs_backwards_is_refused(cli: CommandLine) -> None:
    """Also one without any length."""
    result = cli("calls", "list", "--from", "2026-11-23", "--to", "2026-11-23", code=1)
    assert result.stderr == "--to: it doesn't lie after --from; write a later moment\n"


def test_csv_and_json_exclude_each_other(cli: CommandLine) -> None:
    """Two answers can't both be on stdout."""
    assert "give either" in cli("calls", "list", "--csv", "-", "--json", code=2).stderr


def test_csv_replaces_no_file_of_another_kind(calls: CommandLine) -> None:
    """A mistyped name costs nothing; calls written before are replaced."""
    other = calls.folder / "contacten.csv"
    other.write_text("naam,nummer\n")
    told = calls("calls", "list", "--csv", "contacten.csv", code=1).stderr
    assert "was not written by this command; name another file" in told
    assert other.read_text() == "naam,nummer\n"
    calls("calls", "list", "--csv", "calls.csv")
    calls("calls", "list", "--csv", "calls.csv", "--limit", "1")
    assert len((calls.folder / "calls.csv").read_text().splitlines()) == 2


def test_csv_without_a_name_is_wrong_usage(calls: CommandLine) -> None:
    """Mostly a variable that is empty."""
    assert "--csv needs the name of a file" in calls("calls", "list", "--csv", "", code=2).stderr


@pytest.mark.parametrize("name", [".", "..", "data", "data/"])
def test_folder_is_no_csv_file(calls: CommandLine, name: str) -> None:
    """It is refused by its name, and left as it is."""
    before = sorted(calls.folder.rglob("*"))
    told = calls("calls", "list", "--csv", name, code=1).stderr
    assert told.startswith(f"Error: {name.rstrip('/')}: Is a directory; ")
    assert sorted(calls.folder.rglob("*")) == before


def test_damaged_record_is_told(calls: CommandLine) -> None:
    """And nothing is made up for it."""
    (calls.folder / "data" / "decisions.db").write_bytes(b"kapot" * 1_000)
    for words in (("calls", "list"), ("calls", "stats"), ("explain", ID.format(1))):
        result = calls(*words, code=1)
        assert "decisions.db: is damaged" in result.stderr
        assert result.stdout == ""


def test_altered_outcome_is_told(calls: CommandLine) -> None:
    """What can't be read any more is not made up either, though the file is whole."""
    with closing(sqlite3.connect(calls.folder / "data" / "decisions.db")) as db, db:
        db.execute("UPDATE outcomes SET told = substr(told, 2)")
    for words in (("calls", "list"), ("explain", ID.format(1))):
        result = calls(*words, code=1)
        assert "decisions.db: what was decided for 0123456789ab-0000000" in result.stderr
        assert "was altered; stop the daemon" in result.stderr


@pytest.mark.parametrize("limit", ["0", "-1", "1000000001", "9" * 30, "veel"])
def test_limit_that_is_none_is_wrong_usage(cli: CommandLine, limit: str) -> None:
    """Also one that no machine could count to."""
    assert "--limit" in cli("calls", "list", "--limit", limit, code=2).stderr
