"""`bereikbaar schedule search`."""

import sqlite3
from contextlib import closing

import pytest

from tests.cli.command_line import HEAD_OFFICE, CommandLine, document


def test_what_is_found_stands_by_category(cli: CommandLine) -> None:
    """With the number of a block that fits, and the number of a forward."""
    cli.apply(HEAD_OFFICE, document("winkel", name="Winkel", company="Utrechtse winkels"))
    assert cli("schedule", "search", "UTRECHT").stdout == (
        "Schedules, by id or name (1):\n"
        "  hoofdkantoor  Hoofdkantoor Utrecht\n"
        "Companies (1):\n"
        "  winkel  Utrechtse winkels\n"
    )
    assert cli("schedule", "search", "085 0000142").stdout == (
        "Linked numbers (1):\n  hoofdkantoor  +31850000100..99  +31850000142\n"
    )
    assert cli("schedule", "search", "06-12345678").stdout == (
        "Forwards, by name or number (1):\n  hoofdkantoor  Storingsdienst  +31612345678\n"
    )


def test_the_answer_for_a_program(cli: CommandLine) -> None:
    """Every category is there, with its count and whether it is cut off."""
    cli.apply(*(document(f"winkel-{n:02}", audio=f"{{a: {{name: Dicht, sha256: {'0' * 64}}}}}")
                for n in range(21)))  # fmt: skip
    answer = cli.json("schedule", "search", "dicht")
    assert answer["query"] == "dicht"
    assert answer["unreadable"] == []
    messages = answer["categories"].pop("messages")
    assert (messages["count"], messages["is_cut_off"], len(messages["found"])) == (21, True, 20)
    assert messages["found"][0] == {
        "schedule": "winkel-00",
        "schedule_name": "Winkel-00",
        "id": "a",
        "text": "Dicht",
        "number": None,
    }
    nothing = {"count": 0, "is_cut_off": False, "found": []}
    categories = ("schedules", "companies", "numbers", "emails", "forwards")
    assert answer["categories"] == dict.fromkeys(categories, nothing)
    told = cli("schedule", "search", "dicht").stdout
    assert told.startswith("Messages (21, the first 20 shown):\n")


def test_national_forms_are_of_the_configured_region(cli: CommandLine) -> None:
    """As the same digits are dialled there."""
    cli.apply(document("winkel", numbers='["+3225120000"]'))
    cli.write("bereikbaar.toml", 'default_region = "BE"\n')
    assert cli.json("schedule", "search", "02 512")["categories"]["numbers"]["count"] == 1
    cli.write("bereikbaar.toml", "")
    assert cli.json("schedule", "search", "02 512")["categories"]["numbers"]["count"] == 0


def test_nothing_found(cli: CommandLine) -> None:
    """It is said on stderr, and is no fault."""
    cli.apply(HEAD_OFFICE)
    result = cli("schedule", "search", "nergens")
    assert (result.stdout, result.stderr) == ("", "nothing holds 'nergens'\n")


@pytest.mark.parametrize("text", ["", "  ", "x" * 300], ids=["none", "blank", "huge"])
def test_what_can_not_be_looked_for(cli: CommandLine, text: str) -> None:
    """It is refused with what to do."""
    cli.apply(HEAD_OFFICE)
    assert "look for" in cli("schedule", "search", text, code=1).stderr


def test_a_damaged_schedule_holds_up_no_search(cli: CommandLine) -> None:
    """It is told beside what was found."""
    cli.apply(HEAD_OFFICE, document("winkel", name="Hoofdzaak"))
    with closing(sqlite3.connect(cli.folder / "data" / "bereikbaar.db")) as db:
        db.execute("DROP TRIGGER revisions_are_never_rewritten")
        db.execute(
            "UPDATE revisions SET document = replace(document, 'open', 'shut') "
            "WHERE schedule_id = 'winkel'"
        )
        db.commit()
    result = cli("schedule", "search", "hoofd")
    assert "hoofdkantoor  Hoofdkantoor Utrecht" in result.stdout
    assert result.stderr.startswith("Warning: schedule winkel, revision 1: ")
    assert len(cli.json("schedule", "search", "hoofd")["unreadable"]) == 1
