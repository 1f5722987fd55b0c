"""`bereikbaar forward`: list, add, set, rename and remove."""

import re

import pytest

from tests.cli.command_line import HEAD_OFFICE, CommandLine, document

USES = ["mon[2]", "tue[2]", "wed[2]", "thu[2]", "fri[2]", "sat[0]", "sun[0]"]


def forwards_of(cli: CommandLine, schedule_id: str = "hoofdkantoor") -> dict[str, tuple[str, str]]:
    """Return name and number of each forward by its id."""
    listed = cli.json("forward", "list", schedule_id)["forwards"]
    return {one["id"]: (one["name"], one["number"]) for one in listed}


def test_the_list_counts_uses(cli: CommandLine) -> None:
    """A person sees how many places use each; a program sees which."""
    cli.apply(HEAD_OFFICE)
    cli("forward", "add", "hoofdkantoor", "Jan Jansen", "06-87654321")
    assert cli("forward", "list", "hoofdkantoor").stdout == (
        "ID          NAME            NUMBER        USES\n"
        "storing     Storingsdienst  +31612345678  7\n"
        "jan-jansen  Jan Jansen      +31687654321  0\n"
    )
    listed = cli.json("forward", "list", "hoofdkantoor")
    assert (listed["schedule"], listed["revision"]) == ("hoofdkantoor", 2)
    assert listed["forwards"][0]["uses"] == [f"week.{use}" for use in USES]
    assert listed["forwards"][1] == {
        "id": "jan-jansen",
        "name": "Jan Jansen",
        "number": "+31687654321",
        "uses": [],
    }


def test_a_schedule_without_forwards(cli: CommandLine) -> None:
    """An empty list is said to be empty."""
    cli.apply(document("winkel"))
    result = cli("forward", "list", "winkel")
    assert result.stderr == "winkel has no forwards\n"
    assert forwards_of(cli, "winkel") == {}


def test_add(cli: CommandLine) -> None:
    """The answer says which id the forward got."""
    cli.apply(HEAD_OFFICE)
    result = cli("forward", "add", "hoofdkantoor", "Café Zoë", "020 123 45 67")
    assert result.stdout == (
        "hoofdkantoor: changed, revision 2\n"
        "  forwards: cafe-zoe added\n"
        "  hours, messages and targets stay the same for callers\n"
    )
    told = cli.json("forward", "add", "hoofdkantoor", "Nacht", "0201234567", "--id", "n")
    assert told["forward"] == {"id": "n", "name": "Nacht", "number": "+31201234567"}
    assert told["schedules"][0]["revision"] == 3
    assert forwards_of(cli) == {
        "storing": ("Storingsdienst", "+31612345678"),
        "cafe-zoe": ("Café Zoë", "+31201234567"),
        "n": ("Nacht", "+31201234567"),
    }
    shown = cli.json("schedule", "show", "hoofdkantoor")
    assert shown["summary"] == "forward Nacht added"


def test_numbers_are_read_in_the_configured_region(cli: CommandLine) -> None:
    """National numbers are those of `default_region`."""
    cli.apply(document("winkel"))
    cli.write("bereikbaar.toml", 'default_region = "BE"\n')
    cli("forward", "add", "winkel", "Brussel", "02 512 00 00")
    cli("forward", "set", "winkel", "brussel", "--number", "02 513 00 00")
    assert forwards_of(cli, "winkel") == {"brussel": ("Brussel", "+3225130000")}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ("add", "hoofdkantoor", "storingsdienst", "06"),
            "forwards.storingsdienst.name: is the name of storing already; give another name\n"
            "forwards.storingsdienst.number: '06' is not a whole telephone number; ",
            id="name-and-number",
        ),
        pytest.param(
            ("add", "hoofdkantoor", "Lijn", "0900-1234"),
            "forwards.lijn.number: +319001234 is an information number",
            id="premium",
        ),
        pytest.param(
            ("set", "hoofdkantoor", "storing", "--number", "+881612345678"),
            "forwards.storing.number: +881612345678 is a satellite telephone",
            id="set-to-a-satellite",
        ),
        pytest.param(
            ("add", "hoofdkantoor", "Nieuw", "0687654321", "--id", "storing"),
            "Error: hoofdkantoor has a forward storing already; change that one",
            id="id-taken",
        ),
        pytest.param(
            ("rename", "hoofdkantoor", "stooring", "Nacht"),
            "Error: hoofdkantoor has no forward 'stooring'; did you mean storing?",
            id="misspelt",
        ),
        pytest.param(
            ("remove", "hoofdkantoor", "balie"),
            "Error: hoofdkantoor has no forward 'balie'; see `forward list`",
            id="not-there",
        ),
        pytest.param(
            ("list", "hofdkantoor"),
            "Error: there is no schedule 'hofdkantoor'; did you mean hoofdkantoor?",
            id="no-schedule",
        ),
    ],
)
def test_what_is_refused_changes_nothing(
    cli: CommandLine, arguments: tuple[str, ...], message: str
) -> None:
    """Every fault is told with its remedy, and the store stays as it was."""
    cli.apply(HEAD_OFFICE)
    before = cli.rows()
    assert cli("forward", *arguments, code=1).stderr.startswith(message)
    assert cli.rows() == before


def test_set_and_rename_hold_everywhere(cli: CommandLine) -> None:
    """Slots name the id, so that a new name or number is at once where it is used."""
    cli.apply(HEAD_OFFICE)
    result = cli(
        *("forward", "set", "hoofdkantoor", "storing", "--number", "0687654321"),
        *("--name", "Nacht"),
    )
    assert "forward to Nacht +31687654321 instead of Storingsdienst +31612345678" in (result.stdout)
    assert forwards_of(cli) == {"storing": ("Nacht", "+31687654321")}
    cli("forward", "rename", "hoofdkantoor", "storing", "Weekend")
    assert forwards_of(cli) == {"storing": ("Weekend", "+31687654321")}
    assert cli.json("schedule", "show", "hoofdkantoor")["summary"] == (
        "forward storing renamed to Weekend"
    )
    assert len(cli.json("forward", "list", "hoofdkantoor")["forwards"][0]["uses"]) == 7


def test_set_needs_something_to_set(cli: CommandLine) -> None:
    """A set of nothing is wrong usage."""
    cli.apply(HEAD_OFFICE)
    result = cli("forward", "set", "hoofdkantoor", "storing", code=2)
    assert "give --name, --number or both" in result.stderr


def test_remove_tells_every_use_and_clears_them(cli: CommandLine) -> None:
    """Nothing in the document names it any more (semantics.md rule 21)."""
    cli.apply(HEAD_OFFICE)
    override = (
        "overrides: {nood: {from: 2026-12-01T08:00Z, until: 2026-12-01T09:00Z, "
        "slot: closed forward=storing, reason: Nood}}\n"
    )
    cli.apply(HEAD_OFFICE + override)
    result = cli("forward", "remove", "hoofdkantoor", "storing")
    late = [f"  week.{use}: 17:00-24:00 closed forward=storing" for use in USES[:5]]
    weekend = [f"  week.{use}: 00:00-24:00 closed forward=storing" for use in USES[5:]]
    assert result.stderr.splitlines() == [
        "storing is cleared from:",
        *late,
        *weekend,
        "  overrides.nood.slot: closed forward=storing",
    ]
    assert "  forwards: storing removed\n" in result.stdout
    assert re.findall("storing", cli("schedule", "export", "hoofdkantoor").stdout) == []


def test_remove_for_a_program(cli: CommandLine) -> None:
    """The uses that were cleared stand in the answer."""
    cli.apply(HEAD_OFFICE)
    told = cli.json("forward", "remove", "hoofdkantoor", "storing", "--dry-run")
    assert told["dry_run"] is True
    assert told["uses"][0] == {
        "place": "week.mon[2]",
        "slot": "17:00-24:00 closed forward=storing",
    }
    assert len(told["uses"]) == 7
    assert "storing" in forwards_of(cli)


@pytest.mark.parametrize(
    ("answer", "code", "left"),
    [
        pytest.param(b"n\n", 1, {"storing"}, id="no"),
        pytest.param(b"", 1, {"storing"}, id="nothing"),
        pytest.param(b"y\n", 0, set(), id="yes"),
    ],
)
def test_remove_asks_at_a_terminal(
    cli: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    answer: bytes,
    code: int,
    left: set[str],
) -> None:
    """It asks after the uses were listed, and takes only yes for an answer."""
    cli.apply(HEAD_OFFICE)
    monkeypatch.setattr("admin_cli.target_removal.is_at_terminal", lambda: True)
    result = cli("forward", "remove", "hoofdkantoor", "storing", code=code, stdin=answer)
    assert re.search(r"week\.sun\[0\].*\n.*Remove forward storing\?", result.stderr)
    assert set(forwards_of(cli)) == left


def test_remove_does_not_ask_when_told_yes(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--yes` and `--dry-run` answer for the person."""
    cli.apply(HEAD_OFFICE)
    cli("forward", "add", "hoofdkantoor", "Jan", "0687654321")
    monkeypatch.setattr("admin_cli.target_removal.is_at_terminal", lambda: True)
    result = cli("forward", "remove", "hoofdkantoor", "jan", "--yes")
    assert result.stderr == "nothing uses jan\n"
    cli("forward", "remove", "hoofdkantoor", "storing", "--dry-run")
    assert set(forwards_of(cli)) == {"storing"}


def test_uses_that_came_while_somebody_was_reading_are_not_cleared(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What wasn't listed isn't cleared: the removal is refused, to be looked at again."""
    cli.apply(HEAD_OFFICE)

    def change_meanwhile() -> bool:
        more = HEAD_OFFICE.replace("08:30-17:00 open", "08:30-17:00 open forward=storing")
        cli.apply(more)
        return False

    monkeypatch.setattr("admin_cli.target_removal.is_at_terminal", change_meanwhile)
    result = cli("forward", "remove", "hoofdkantoor", "storing", code=1)
    assert result.stderr.endswith(
        "Error: the uses of storing have changed since they were listed; run it again\n"
    )
    assert "storing" in forwards_of(cli)
