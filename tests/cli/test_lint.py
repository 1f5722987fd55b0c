"""`bereikbaar lint`: every schedule judged, filtered, and told to people and programs."""

import sqlite3
from contextlib import closing

import pytest

from tests.cli.command_line import CommandLine, document
from tests.cli.conftest import SetClock
from tests.linted import OFF

DECIDED = "{" + ", ".join(f"{holiday_id}: {{active: false}}" for holiday_id in OFF) + "}"
NUMBERS = '["+31850000000"]'
TO_SHOP = '{winkel: {name: Winkel, number: "+31850000001"}}'
TO_OFFICE = '{kantoor: {name: Kantoor, number: "+31850000000"}}'
LOOP = (
    document(
        "kantoor", "00:00-24:00 closed forward=winkel", numbers=NUMBERS, forwards=TO_SHOP,
        holidays=DECIDED,
    ),
    document(
        "winkel", "00:00-24:00 closed forward=kantoor", numbers='["+31850000001"]',
        forwards=TO_OFFICE, holidays=DECIDED,
    ),
)  # fmt: skip
QUIET = document("rustig", numbers='["+31850000002"]', holidays=DECIDED)


def codes(cli: CommandLine, *arguments: str, code: int = 0) -> dict[str, list[str]]:
    """Return the codes that are told of each schedule."""
    answer = cli.json("lint", *arguments, code=code)
    return {
        one["schedule"]: [finding["code"] for finding in one["findings"]]
        for one in answer["schedules"]
    }


def damage(cli: CommandLine, statement: str) -> None:
    """Change the database behind the program's back."""
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute("DROP TRIGGER IF EXISTS schedules_are_deleted_first")
        db.execute("DROP TRIGGER revisions_are_never_rewritten")
        db.execute(statement)
        db.commit()


def test_told_to_a_person(cli: CommandLine) -> None:
    """By schedule, the gravest first; those in which nothing is found are only counted."""
    cli.apply(QUIET, document("zaak", "00:00-24:00 closed", holidays=DECIDED))
    result = cli("lint")
    assert result.stdout == (
        "zaak (Zaak)\n"
        "  warning  not-linked  numbers: no number is linked, so no PBX reaches this schedule; "
        "link one with `bereikbaar schedule link zaak NUMBER`\n"
        "  warning  closed-silently  week.mon[0], week.tue[0], week.wed[0], week.thu[0] and 3 "
        "more: 00:00-24:00 closed: callers are hung up on without having heard anything; add "
        "audio=ID, or a forward or voicemail\n"
        "schedules: 2, errors: 0, warnings: 2, info: 0\n"
    )
    assert result.stderr == ""


def test_told_to_a_program(cli: CommandLine) -> None:
    """With every place, how many were judged, and how many findings of each severity there are."""
    cli.apply(QUIET, document("zaak", "00:00-24:00 closed", holidays=DECIDED, numbers=NUMBERS))
    assert cli.json("lint") == {
        "schedules": [
            {
                "schedule": "zaak",
                "name": "Zaak",
                "findings": [
                    {
                        "code": "closed-silently",
                        "severity": "warning",
                        "place": "week.mon[0]",
                        "also": [
                            f"week.{day}[0]" for day in ("tue", "wed", "thu", "fri", "sat", "sun")
                        ],
                        "problem": "00:00-24:00 closed: callers are hung up on without having "
                        "heard anything",
                        "remedy": "add audio=ID, or a forward or voicemail",
                    }
                ],
            }
        ],
        "judged": 2,
        "counts": {"error": 0, "warning": 1, "info": 0},
    }


def test_an_error_ends_with_exit_code_3(cli: CommandLine) -> None:
    """Only when it is told."""
    cli.apply(*LOOP, QUIET)
    assert codes(cli, code=3) == {"kantoor": ["forward-loop"], "winkel": ["forward-loop"]}
    assert codes(cli, "--ignore", "forward-loop") == {}
    assert codes(cli, "rustig") == {}


def test_a_loop_is_found_from_one_schedule_alone(cli: CommandLine) -> None:
    """The others are followed, but not judged."""
    cli.apply(*LOOP, QUIET)
    assert codes(cli, "kantoor", code=3) == {"kantoor": ["forward-loop"]}
    told = cli("lint", "winkel", "rustig", "winkel", code=3).stdout.splitlines()
    assert [line.split(":")[0] for line in told] == [
        "winkel (Winkel)",
        "  error    forward-loop  forwards.kantoor.number",
        "rustig (Rustig)",
        "  nothing found",
        "schedules",
    ]


def test_a_hop_ends_at_a_schedule_without_forwards(cli: CommandLine) -> None:
    """Named or not."""
    cli.apply(LOOP[0], document("winkel", numbers='["+31850000001"]', holidays=DECIDED))
    assert codes(cli) == codes(cli, "kantoor") == {"kantoor": ["forward-to-linked"]}


def test_filters(cli: CommandLine) -> None:
    """By code, but for some codes, and as grave as asked for or graver."""
    cli.apply(document("a", forwards=TO_SHOP, expect="[{at: 2026-12-01T10:00, status: open}]"))
    everything = ["not-linked", "undecided-holiday", "unused-forward"]
    assert codes(cli) == codes(cli, "--severity", "info") == {"a": everything}
    assert codes(cli, "--severity", "warning") == {"a": everything[:2]}
    assert codes(cli, "--severity", "error") == {}
    chosen = ("--code", "unused-forward", "--code", "not-linked")
    assert codes(cli, *chosen) == {"a": ["not-linked", "unused-forward"]}
    assert codes(cli, *chosen, "--severity", "warning") == {"a": ["not-linked"]}
    assert codes(cli, *chosen, "--ignore", "not-linked") == {"a": ["unused-forward"]}
    assert "is not one of" in cli("lint", "--code", "undecided", code=2).stderr


def test_time_goes_by(cli: CommandLine, set_clock: SetClock) -> None:
    """What lies ahead today is clutter later."""
    cli.apply(
        document(
            "a", numbers=NUMBERS, holidays=DECIDED,
            expect="[{at: 2026-12-01T10:00, status: open}]",
        )
    )  # fmt: skip
    assert codes(cli) == {}
    set_clock("2026-12-01T09:01:00+00:00")
    assert codes(cli) == {"a": ["past-expectation"]}


def test_a_damaged_schedule_holds_up_no_other(cli: CommandLine) -> None:
    """It is an error that no filter hides; loops through it can't be followed."""
    cli.apply(*LOOP, QUIET)
    damage(cli, "UPDATE revisions SET document = '{}' WHERE schedule_id = 'winkel'")
    expected = {"kantoor": ["forward-to-linked"], "winkel": ["unreadable"]}
    assert codes(cli, code=3) == expected
    assert codes(cli, "kantoor") == {"kantoor": ["forward-to-linked"]}
    assert codes(cli, "--code", "not-linked", code=3) == {"winkel": ["unreadable"]}
    told = cli("lint", "winkel", code=3).stdout.splitlines()
    assert told[0] == "winkel"
    assert told[1].startswith("  error    unreadable  schedule winkel, revision 1: the checksum")


def test_a_damaged_store_is_judged_as_far_as_it_goes(cli: CommandLine) -> None:
    """That schedules are missing is told beside what is found in the others."""
    cli.apply(document("a", holidays=DECIDED), QUIET)
    damage(cli, "DELETE FROM schedules WHERE id = 'rustig'")
    told = cli("lint", code=3).stdout.splitlines()
    assert told[0] == "a (A)"
    assert told[2] == "the store"
    assert "damaged or missing" in told[3]
    assert codes(cli, code=3) == {"a": ["not-linked"], None: ["unreadable"]}
    damage_all = "DELETE FROM schedules"
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute(damage_all)
        db.commit()
    assert "damaged or missing" in cli("lint", code=1).stderr


def test_a_missing_message_is_an_error(cli: CommandLine) -> None:
    """Looked for where messages are stored."""
    cli.apply(
        document(
            "a", "00:00-24:00 closed audio=dicht", numbers=NUMBERS, holidays=DECIDED,
            audio="{dicht: {name: Dicht, sha256: " + "ab" * 32 + "}}",
        )
    )  # fmt: skip
    assert codes(cli, code=3) == {"a": ["audio-missing"]}


def test_progress_is_told_at_a_terminal(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """On stderr, and wiped out when it is done."""
    cli.apply(QUIET, *(document(f"s{n}", holidays=DECIDED) for n in range(3)))
    monkeypatch.setattr("admin_cli.counting._TOLD_EVERY", 2)
    monkeypatch.setattr("admin_cli.counting.is_watched", lambda: True)
    assert cli("lint").stderr.split("\r") == ["", "2 schedules", " " * 20, ""]


def test_an_unknown_schedule(cli: CommandLine) -> None:
    """With those that look like it."""
    cli.apply(QUIET)
    assert "did you mean rustig?" in cli("lint", "rustik", code=1).stderr
