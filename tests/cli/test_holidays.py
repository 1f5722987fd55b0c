"""`bereikbaar holiday`."""

from tests.cli.command_line import CommandLine
from tests.cli.days import holidays


def test_holidays_are_listed_next_one_first(office: CommandLine) -> None:
    """Each with the dates of this year and the next, worked out by hand, and its state."""
    office("holiday", "off", "hoofdkantoor", "goede_vrijdag")
    office("holiday", "on", "hoofdkantoor", "bevrijdingsdag", "--every", "lustrum")
    listed = office.json("holiday", "list", "hoofdkantoor")["holidays"]
    assert [(one["id"], one["next"], one["state"]) for one in listed] == [
        ("eerste_kerstdag", "2026-12-25", "undecided"),
        ("tweede_kerstdag", "2026-12-26", "undecided"),
        ("nieuwjaarsdag", "2027-01-01", "undecided"),
        ("goede_vrijdag", "2027-03-26", "off"),
        ("eerste_paasdag", "2027-03-28", "undecided"),
        ("tweede_paasdag", "2027-03-29", "undecided"),
        ("koningsdag", "2027-04-27", "on"),
        ("hemelvaartsdag", "2027-05-06", "undecided"),
        ("eerste_pinksterdag", "2027-05-16", "undecided"),
        ("tweede_pinksterdag", "2027-05-17", "undecided"),
        ("bevrijdingsdag", "2030-05-05", "on"),
    ]
    assert listed[3]["dates"] == {"2026": "2026-04-03", "2027": "2027-03-26"}
    first = office("holiday", "list", "hoofdkantoor").stdout.splitlines()[1]
    assert first.split() == [
        *("eerste_kerstdag", "Fri", "2026-12-25", "2026-12-25", "2027-12-25", "undecided")
    ]


def test_holidays_are_set_several_at_once(office: CommandLine) -> None:
    """Slots and quick hours reach every holiday named; `all` is each of them."""
    chosen = "eerste_kerstdag,tweede_kerstdag"
    office("holiday", "set", "hoofdkantoor", chosen, "00:00-24:00 closed forward=storing")
    assert holidays(office)["tweede_kerstdag"]["slots"] == ["00:00-24:00 closed forward=storing"]
    office("holiday", "quick", "hoofdkantoor", "all", "10:00", "12:00")
    assert {tuple(one["slots"]) for one in holidays(office).values()} == {  # type: ignore[arg-type]
        ("00:00-10:00 closed", "10:00-12:00 open", "12:00-24:00 closed")
    }
    assert {one["state"] for one in holidays(office).values()} == {"on"}


def test_a_name_that_is_no_holiday_is_told_which_there_are(office: CommandLine) -> None:
    """Nothing is guessed where nothing is near."""
    told = office("holiday", "on", "hoofdkantoor", "carnaval", code=1).stderr
    assert "use one of nieuwjaarsdag, goede_vrijdag" in told
