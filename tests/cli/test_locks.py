"""`bereikbaar lock`, and what locks mean for other commands (semantics.md rule 26)."""

from collections.abc import Callable

import pytest

from tests.cli.command_line import CommandLine, document

SetClock = Callable[[str], None]

LOCKED = (
    "schedule winkel is being edited by jan until 2026-11-22 at 10:30:00 UTC; wait, ask for it, or "
    "`bereikbaar lock break winkel`"
)


@pytest.fixture
def locked(cli: CommandLine) -> CommandLine:
    """Keep a shop that jan has locked for half an hour, and a depot."""
    cli.apply(document("winkel", numbers='["+31850000001"]'), document("magazijn"))
    cli("lock", "take", "winkel", "--as", "jan")
    return cli


def test_taking_renewing_and_releasing(cli: CommandLine, set_clock: SetClock) -> None:
    """Half an hour unless told otherwise, from each taking on; then nobody is editing."""
    cli.apply(document("winkel"))
    took = cli("lock", "take", "winkel", "--as", "jan").stdout
    assert took == "winkel: lock of jan until 2026-11-22 10:30:00 UTC is taken\n"
    set_clock("2026-11-22T10:10:00+00:00")
    renewed = cli.json("lock", "take", "winkel", "--for", "2h", "--as", "jan")
    assert renewed == {
        "result": "renewed",
        "schedule": "winkel",
        "holder": "jan",
        "expires_at": "2026-11-22T12:10:00Z",
        "dry_run": False,
    }
    released = cli("lock", "release", "winkel", "--as", "jan").stdout
    assert released == "winkel: lock of jan until 2026-11-22 12:10:00 UTC is released\n"
    assert cli("lock", "show").stderr == "nobody is editing\n"


def test_locks_are_shown(locked: CommandLine, set_clock: SetClock) -> None:
    """All of them, or that of one schedule; those that have expired aren't."""
    locked("lock", "take", "magazijn", "--for", "90s", "--as", "piet")
    assert locked("lock", "show").stdout == (
        "SCHEDULE  HOLDER  UNTIL\n"
        "magazijn  piet    2026-11-22 10:01:30 UTC\n"
        "winkel    jan     2026-11-22 10:30:00 UTC\n"
    )
    set_clock("2026-11-22T10:01:30+00:00")
    assert [one["schedule"] for one in locked.json("lock", "show")] == ["winkel"]
    assert locked.json("lock", "show", "winkel") == [
        {"schedule": "winkel", "holder": "jan", "expires_at": "2026-11-22T10:30:00Z"}
    ]
    assert locked("lock", "show", "magazijn").stderr == "nobody is editing magazijn\n"
    assert "did you mean winkel" in locked("lock", "show", "winkle", code=1).stderr


@pytest.mark.parametrize("text", ["30", "0m", "25h", "1441m", "een uur", "-5m", "1.5h"])
def test_a_time_that_is_none(locked: CommandLine, text: str) -> None:
    """It is wrong usage, which says how to write it."""
    result = locked("lock", "take", "magazijn", "--for", text, code=2)
    assert "write 90s, 30m or 2h" in " ".join(result.stderr.split())


def test_a_lock_is_not_taken_over(locked: CommandLine) -> None:
    """Neither taken nor released by somebody else; exit code 1, with a word of its own in JSON."""
    for command in ("take", "release"):
        result = locked("lock", command, "winkel", "--as", "piet", code=1)
        assert result.stderr == f"Error: {LOCKED}\n"
    refused = locked.json("lock", "take", "winkel", "--as", "piet", code=1)
    assert (refused["error"], refused["message"]) == ("locked", LOCKED)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("schedule", "delete", "winkel", "--force", "--yes"), id="delete"),
        pytest.param(("schedule", "link", "winkel", "+31850000002"), id="link"),
        pytest.param(("schedule", "unlink", "winkel", "+31850000001"), id="unlink"),
        pytest.param(("schedule", "link", "magazijn", "+31850000001", "--move"), id="move"),
        pytest.param(("schedule", "rollback", "winkel", "--to-revision", "1"), id="rollback"),
    ],
)
def test_commands_of_others_wait(locked: CommandLine, arguments: tuple[str, ...]) -> None:
    """Nothing is changed, not even tried dry; the holder goes on."""
    name = locked.write("nieuw.yaml", document("winkel", notes="Nieuw"))
    locked("apply", name, "--as", "jan")
    before = locked.rows()
    for options in ((), ("--dry-run",)):
        result = locked(*arguments, *options, "--as", "piet", code=1)
        assert result.stderr == f"Error: {LOCKED}\n"
    assert locked.rows() == before
    locked(*arguments, "--as", "jan")
    assert locked.rows() != before


def test_apply_names_the_file_that_waits(locked: CommandLine) -> None:
    """All or none: the other file waits as well."""
    before = locked.rows()
    names = [locked.write("m.yaml", document("magazijn", notes="Nieuw"))]
    names.append(locked.write("w.yaml", document("winkel", notes="Nieuw")))
    assert locked("apply", *names, "--as", "piet", code=1).stderr == f"w.yaml: {LOCKED}\n"
    answer = locked.json("apply", *names, "--as", "piet", code=1)
    assert (answer["error"], answer["faults"][0]["file"]) == ("locked", "w.yaml")
    assert locked.rows() == before


def test_apply_of_an_override_passes(locked: CommandLine) -> None:
    """The emergency brake waits for nobody (rule 7)."""
    brake = (
        "{brand: {from: 2026-11-22T10:00Z, until: 2026-11-22T12:00Z, slot: closed, reason: Brand}}"
    )
    text = document("winkel", overrides=brake)
    name = locked.write("w.yaml", text)
    assert "changed, revision 2" in locked("apply", name, "--as", "piet").stdout


def test_every_lock_in_the_way_is_named(locked: CommandLine) -> None:
    """An edit of two schedules tells both at once."""
    locked("lock", "take", "magazijn", "--as", "kees")
    adding = ("exception", "add", "winkel", "Feest", "--date", "2026-12-05", "--also", "magazijn")
    result = locked(*adding, "--as", "piet", code=1)
    assert "winkel is being edited by jan" in result.stderr
    assert "magazijn is being edited by kees" in result.stderr


def test_breaking_is_noted_and_told(locked: CommandLine) -> None:
    """Anybody may; the former holder hears of it, and the history keeps it."""
    broke = locked("lock", "break", "winkel", "--as", "piet").stdout
    assert broke == "winkel: lock of jan until 2026-11-22 10:30:00 UTC is broken\n"
    locked("schedule", "unlink", "winkel", "+31850000001", "--as", "piet")
    told = locked("lock", "release", "winkel", "--as", "jan", code=1).stderr
    assert "the lock of jan on schedule winkel was broken by piet on 2026-11-22" in told
    assert locked.json("schedule", "history", "winkel")["broken_locks"] == [
        {"holder": "jan", "broken_by": "piet", "broken_at": "2026-11-22T10:00:00Z"}
    ]
    assert "nobody holds a lock" in locked("lock", "break", "winkel", code=1).stderr


@pytest.mark.parametrize("command", ["take", "release", "break"])
def test_tried_dry(locked: CommandLine, command: str) -> None:
    """What would happen is told, and undone."""
    before = locked.rows()
    result = locked("lock", command, "winkel", "--dry-run", "--as", "jan")
    assert result.stderr == "a dry run: nothing was saved\n"
    assert locked.rows() == before
