"""`bereikbaar schedule create`, `set`, `rename` and `duplicate`."""

import pytest

from tests.cli.command_line import HEAD_OFFICE, CommandLine, document

CREATE = ("schedule", "create", "filiaal", "--name", "Filiaal Zwolle", "--pbx", "swyx")


def shown(cli: CommandLine, schedule_id: str) -> dict[str, object]:
    """Return the document of a schedule."""
    found: dict[str, object] = cli.json("schedule", "show", schedule_id)["document"]
    return found


def test_the_first_schedule_makes_the_store(cli: CommandLine) -> None:
    """It is closed all week, and that no PBX reaches it is warned of."""
    result = cli(*CREATE)
    assert result.stdout == "filiaal: created, revision 1\n"
    assert result.stderr == (
        f"created a data directory: {cli.folder}/data\n"
        "Warning: filiaal has no numbers: no PBX reaches it yet; link them with "
        "`bereikbaar schedule link filiaal NUMBER...`\n"
    )
    made = shown(cli, "filiaal")
    week = made.pop("week")
    assert isinstance(week, dict)
    assert set(map(tuple, week.values())) == {("00:00-24:00 closed",)}
    assert made == {
        "id": "filiaal",
        "name": "Filiaal Zwolle",
        "pbx": "swyx",
        "timezone": "Europe/Amsterdam",
        "numbers": [],
        "overrides": {},
        "expect": [],
        "revision": 1,
    }


def test_a_schedule_with_all_that_can_be_said(cli: CommandLine) -> None:
    """Numbers are linked in the same step, and working days have hours."""
    result = cli(*CREATE, "--company", "Voorbeeld BV", "--notes", "Let op", "--timezone",
                 "Europe/Brussels", "--email", "a@example.nl", "--number", "085-0000000",
                 "--number", "+31850000100..99", "--open", "8:30-17:00")  # fmt: skip
    assert "numbers linked: +31850000000, +31850000100..99" in result.stdout
    assert "Warning" not in result.stderr
    made = shown(cli, "filiaal")
    working_day = ["00:00-08:30 closed", "08:30-17:00 open", "17:00-24:00 closed"]
    assert made["week"] == {
        **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), working_day),
        "sat": ["00:00-24:00 closed"],
        "sun": ["00:00-24:00 closed"],
    }
    given = ("company", "notes", "timezone", "voicemail_email")
    assert [made[key] for key in given] == [
        "Voorbeeld BV", "Let op", "Europe/Brussels", "a@example.nl",
    ]  # fmt: skip


def test_an_id_that_is_taken(cli: CommandLine) -> None:
    """It is refused with what to do, by create and by duplicate; nothing changes."""
    cli.apply(HEAD_OFFICE, document("filiaal"))
    before = cli.rows()
    told = cli(*CREATE, code=1).stderr
    assert told == (
        "Error: schedule filiaal exists already; give another id, or change that one with "
        "`bereikbaar schedule set filiaal`\n"
    )
    duplicate = ("schedule", "duplicate", "hoofdkantoor", "filiaal", "--name", "X")
    assert cli.json(*duplicate, code=1)["error"] == "conflict"
    assert cli.rows() == before


def test_an_id_that_was_deleted(cli: CommandLine) -> None:
    """It can be used again: its history goes on."""
    cli(*CREATE)
    cli("schedule", "delete", "filiaal")
    assert cli(*CREATE).stdout == "filiaal: created, revision 3\n"


def test_numbers_of_another_schedule(cli: CommandLine) -> None:
    """They are refused naming the holder, and the schedule is not made."""
    cli.apply(HEAD_OFFICE)
    told = cli(*CREATE, "--number", "085-0000142", code=1).stderr
    assert "+31850000142 is linked to hoofdkantoor already" in told
    assert list(cli.revisions()) == ["hoofdkantoor"]


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        pytest.param(("--name", ""), "name", id="empty name"),
        pytest.param(("--name", "x" * 65), "name", id="long name"),
        pytest.param(("--name", "a\x1b[2J"), "name", id="control character"),
        pytest.param(("--notes", "a\0b"), "notes", id="null character"),
        pytest.param(("--notes", "x" * 100_000), "notes", id="huge notes"),
        pytest.param(("--company", "a\rb"), "company", id="carriage return"),
        pytest.param(("--email", "zonder apenstaart"), "voicemail_email", id="no address"),
        pytest.param(("--timezone", "../etc"), "timezone", id="no zone"),
        pytest.param(("--timezone", "europe/amsterdam"), "timezone", id="zone in small letters"),
        pytest.param(("--pbx", "4cx"), "pbx", id="no PBX"),
    ],
)
@pytest.mark.parametrize("command", ["create", "set"])
def test_unusual_input(
    cli: CommandLine, command: str, arguments: tuple[str, ...], place: str
) -> None:
    """It is refused at its place, and nothing is saved."""
    cli.apply(document("winkel"))
    before = cli.rows()
    asked = CREATE if command == "create" else ("schedule", "set", "winkel")
    told = cli(*asked, *arguments, code=1).stderr
    assert told.startswith(f"{place}: ")
    assert "\x1b" not in told
    assert cli.rows() == before


def test_creating_with_many_faults(cli: CommandLine) -> None:
    """All are told at once, and no store is made for it."""
    result = cli.json("schedule", "create", "Fout", "--name", "", "--pbx", "x", "--number", "1",
                      "--email", "y", code=1)  # fmt: skip
    places = [fault["place"] for fault in result["faults"]]
    assert places == ["id", "name", "pbx", "voicemail_email", "numbers[0]"]
    assert cli(*CREATE, "--open", "17:00-8:30", code=1).stderr.startswith("--open: ")
    assert not (cli.folder / "data").exists()


def test_settings(cli: CommandLine) -> None:
    """What is given changes; an empty text unsets."""
    cli.apply(HEAD_OFFICE)
    result = cli("schedule", "set", "hoofdkantoor", "--name", "HK", "--company", "", "--pbx",
                 "swyx", "--notes", "Eén\nTwee", "--forward-country", "BE", "--forward-country",
                 "DE", "--email", "b@example.nl")  # fmt: skip
    assert "  company: 'Voorbeeld BV' becomes nothing\n" in result.stdout
    after = shown(cli, "hoofdkantoor")
    assert "company" not in after
    given = ("id", "name", "pbx", "notes", "forward_countries", "voicemail_email")
    assert [after[key] for key in given] == [
        "hoofdkantoor", "HK", "swyx", "Eén\nTwee", ["BE", "DE"], "b@example.nl",
    ]  # fmt: skip
    cli("schedule", "set", "hoofdkantoor", "--forward-country", "")
    assert "forward_countries" not in shown(cli, "hoofdkantoor")
    summary = cli.json("schedule", "show", "hoofdkantoor")["summary"]
    assert summary == "settings changed: forward countries"


def test_settings_that_others_need(cli: CommandLine) -> None:
    """An address that voicemail needs, and a country that a forward is in, stay."""
    forward = '{zee: {name: Zee, number: "+3225120000"}}'
    cli.apply(HEAD_OFFICE, document("winkel", forward_countries="[BE]", forwards=forward))
    told = cli.json("schedule", "set", "hoofdkantoor", "--email", "", "--name", "", code=1)
    days = ("mon", "tue", "wed", "thu", "fri")
    places = {fault["place"] for fault in told["faults"]}
    assert places == {"name", *(f"week.{day}[0]" for day in days)}
    told = cli.json("schedule", "set", "winkel", "--forward-country", "", code=1)
    assert [fault["place"] for fault in told["faults"]] == ["forwards.zee.number"]


def test_a_zone_that_changes_what_callers_hear(cli: CommandLine) -> None:
    """The hours move with the zone, which is told; an expectation can stop it."""
    expect = '[{at: "2026-12-07T08:15+01:00", status: closed}]'
    cli.apply(HEAD_OFFICE + f"expect: {expect}\n")
    asked = ("schedule", "set", "hoofdkantoor", "--timezone", "Europe/Helsinki")
    assert cli(*asked, code=1).stderr.startswith("expect[0]: 2026-12-07T08:15+01:00 is to be ")
    result = cli(*asked, "--allow-failing-expectations")
    assert "every Monday" in result.stdout


@pytest.mark.parametrize("arguments", [(), ("--json",)], ids=["none", "only shared"])
def test_settings_without_any(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    """It is wrong usage."""
    cli.apply(HEAD_OFFICE)
    cli("schedule", "set", "hoofdkantoor", *arguments, code=2)


def test_a_new_name(cli: CommandLine) -> None:
    """The id stays, and with it the numbers."""
    cli.apply(HEAD_OFFICE)
    result = cli("schedule", "rename", "hoofdkantoor", "Hoofdkantoor Zeist")
    assert "name: 'Hoofdkantoor Utrecht' becomes 'Hoofdkantoor Zeist'" in result.stdout
    assert cli.json("check", "--number", "085-0000100")["schedule_name"] == "Hoofdkantoor Zeist"
    assert cli("schedule", "rename", "hoofdkantoor", "", code=1).stderr.startswith("name: is empty")


def test_a_duplicate(cli: CommandLine) -> None:
    """With all but numbers and overrides; it lacks numbers, which is warned of."""
    moment = (
        "overrides: {dicht: {from: 2026-11-22T08:00Z, until: 2026-11-22T12:00Z, slot: closed, "
        "reason: x}}\n"
    )
    cli.apply(HEAD_OFFICE + moment + "expect: [{at: 2027-04-27T10:00, status: closed}]\n")
    result = cli("schedule", "duplicate", "hoofdkantoor", "filiaal", "--name", "Filiaal")
    assert result.stdout == "filiaal: created, revision 1\n"
    assert "filiaal has no numbers" in result.stderr
    source, copy = shown(cli, "hoofdkantoor"), shown(cli, "filiaal")
    assert copy == source | {
        "id": "filiaal", "name": "Filiaal", "numbers": [], "overrides": {},
    }  # fmt: skip
    told = cli("schedule", "duplicate", "hofdkantoor", "x", "--name", "X", code=1).stderr
    assert "did you mean hoofdkantoor?" in told


@pytest.mark.parametrize(
    "asked",
    [
        CREATE,
        ("schedule", "set", "hoofdkantoor", "--company", "X"),
        ("schedule", "rename", "hoofdkantoor", "X"),
        ("schedule", "duplicate", "hoofdkantoor", "x", "--name", "X"),
    ],
    ids=lambda asked: asked[1],
)
def test_tried_dry(cli: CommandLine, asked: tuple[str, ...]) -> None:
    """What would change is told, and nothing is saved; with no store, none is made."""
    cli.apply(HEAD_OFFICE)
    before = cli.rows()
    assert "a dry run: nothing was saved\n" in cli(*asked, "--dry-run").stderr
    assert cli.rows() == before


def test_creating_dry_makes_no_store(cli: CommandLine) -> None:
    """Nothing is left behind."""
    cli(*CREATE, "--dry-run")
    assert not (cli.folder / "data").exists()
