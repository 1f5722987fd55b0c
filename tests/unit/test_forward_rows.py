"""Rows become forwards, with a verdict on each."""

from typing import Any

import pytest

from schedules.errors import NotFoundError
from schedules.forward_rows import ForwardRow, RowVerdict, take_rows
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOME = ForwardPolicy()


def schedule(**fields: Any) -> Schedule:
    """Return a schedule with one forward, open all week, but for what is given."""
    usual = {
        "id": "winkel",
        "name": "Winkel",
        "pbx": "generic",
        "forwards": {"storing": {"name": "Storingsdienst", "number": "+31612345678"}},
        "week": {day: ["00:00-24:00 open"] for day in WEEKDAYS},
    }
    return Schedule.model_validate(usual | fields)


def rows(*pairs: tuple[str, str]) -> list[ForwardRow]:
    """Return rows of a file, from line 2 on."""
    return [ForwardRow(*pair, line=line) for line, pair in enumerate(pairs, start=2)]


def verdict(name: str, number: str, *, restores_zeros: bool = False, **fields: Any) -> RowVerdict:
    """Return the verdict on one row."""
    _, (only,) = take_rows(
        schedule(**fields), rows((name, number)), HOME, restores_zeros=restores_zeros
    )
    return only


@pytest.mark.parametrize(
    ("name", "number", "expected", "forward_id"),
    [
        pytest.param("Jan Jansen", "06-87654321", "+31687654321", "jan-jansen", id="national"),
        pytest.param("Jan", "+31 (0)20 123 45 67", "+31201234567", "jan", id="international"),
        pytest.param("Jan", "31687654321", "+31687654321", "jan", id="plus-dropped"),
        pytest.param("Jan", "0031.6.87654321", "+31687654321", "jan", id="dots"),
        pytest.param("Jan", "0800-1234", "+318001234", "jan", id="freephone"),
        pytest.param("Storing", "0687654321", "+31687654321", "storing-2", id="id-taken"),
        pytest.param("?!", "0687654321", "+31687654321", "forward", id="no-id-in-the-name"),
        pytest.param("=cmd|'/C calc'!A0", "0687654321", "+31687654321", "cmd-c-calc-a0", id="cmd"),
        pytest.param("x" * 64, "0687654321", "+31687654321", "x" * 64, id="longest-name"),
    ],
)
def test_a_row_that_is_taken(name: str, number: str, expected: str, forward_id: str) -> None:
    """Its forward stands behind those that were there, its number in E.164."""
    before = schedule()
    row = ForwardRow(name, number, line=2)
    after, verdicts = take_rows(before, [row], HOME)
    assert verdicts == [RowVerdict(row, "taken", expected, forward_id)]
    assert list(after.forwards) == ["storing", forward_id]
    assert (after.forwards[forward_id].name, after.forwards[forward_id].number) == (name, expected)
    assert after.replace(forwards=before.forwards) == before


TEXT_CELLS = "give the column the cell format Text, write the whole number, save it again"
WHOLE = (
    "write it with its country code, 7 to 15 digits in all, as in +31612345678, or as dialled in "
    "NL, area code included"
)
PREMIUM = "+319001234 is an information number (0900, 0906, 0909), which bills the caller"
OPT_IN = "have BE added to forward_countries, or forward to a number in an allowed country"
ORDINARY = "forward to a geographic, 06, 085, 088, 091 or 0800 number instead"


@pytest.mark.parametrize(
    ("name", "number", "faults"),
    [
        pytest.param(
            "",
            "",
            [
                ("the name is empty", "give it 1 to 64 characters"),
                ("the number is empty", "fill it in"),
            ],
            id="both-empty",
        ),
        pytest.param(
            "x" * 65,
            "0687654321",
            [("the name is 65 characters long", "use at most 64 characters")],
            id="long-name",
        ),
        pytest.param(
            "Jan\u202e",
            "0687654321",
            [("the name holds a character that can't be printed", "remove it")],
            id="unprintable",
        ),
        pytest.param(
            "Jan", "3,16E+10", [("'3,16E+10' was shortened by a spreadsheet", TEXT_CELLS)], id="e"
        ),
        pytest.param(
            "Jan",
            "3.1687654321e10",
            [("'3.1687654321e10' was shortened by a spreadsheet", TEXT_CELLS)],
            id="e-with-all-digits",
        ),
        pytest.param(
            "Jan",
            "31687654321,00",
            [("'31687654321,00' was given decimals by a spreadsheet", TEXT_CELLS)],
            id="decimals",
        ),
        pytest.param(
            "Jan",
            "687654321",
            [
                (
                    "687654321 seems to have lost its first 0: 0687654321 is a number",
                    "write 0687654321 or +31687654321, or give --restore-zeros",
                )
            ],
            id="lost-zero",
        ),
        pytest.param(
            "Jan",
            "316123456",
            [
                (
                    "316123456 seems to have lost its first 0: 0316123456 is a number",
                    "write 0316123456 or +31316123456, or give --restore-zeros",
                )
            ],
            id="lost-zero-that-looks-like-the-country",
        ),
        pytest.param(
            "Jan",
            "9001234",
            [
                (
                    "'9001234' is not a whole telephone number",
                    WHOLE,
                )
            ],
            id="lost-zero-of-a-refused-number",
        ),
        pytest.param(
            "Jan",
            "0900-1234",
            [
                (
                    PREMIUM,
                    ORDINARY,
                )
            ],
            id="premium",
        ),
        pytest.param(
            "Jan",
            "+32 2 512 00 00",
            [
                (
                    "+3225120000 is a number of BE, which forwards are not allowed to",
                    OPT_IN,
                )
            ],
            id="abroad",
        ),
        pytest.param(
            "Jan",
            "06\u201187654321",
            [
                (
                    "'06\u201187654321' holds a character that is not ASCII",
                    "type the digits as 0-9, as in +31612345678",
                )
            ],
            id="typeset-hyphen",
        ),
        pytest.param(
            " storingsdienst",
            "0687654321",
            [
                (
                    "forward storing has this name, and number +31612345678",
                    "give one of the two another name, or change the number of that one",
                )
            ],
            id="name-of-another",
        ),
        pytest.param(
            "Jan",
            "0612345678",
            [
                (
                    "forward storing has +31612345678, under the name Storingsdienst",
                    "use that one; where two names are meant, add this one by itself",
                )
            ],
            id="number-of-another",
        ),
    ],
)
def test_a_row_that_is_refused(name: str, number: str, faults: list[tuple[str, str]]) -> None:
    """Every fault of the row is told; the number stays as it was written where it can't be read."""
    told = verdict(name, number)
    assert (told.verdict, told.faults, told.forward_id) == ("refused", tuple(faults), None)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param("687654321", "+31687654321", id="mobile"),
        pytest.param("201234567", "+31201234567", id="geographic"),
        pytest.param("316123456", "+31316123456", id="area-like-the-country"),
        pytest.param("8001234", "+318001234", id="freephone"),
        pytest.param("0687654321", "+31687654321", id="nothing-lost"),
        pytest.param("31687654321", "+31687654321", id="plus-lost"),
    ],
)
def test_zeros_are_restored_when_asked(number: str, expected: str) -> None:
    """A number that is one but for its first 0 gets it back; others are read as ever."""
    told = verdict("Jan", number, restores_zeros=True)
    assert (told.verdict, told.number) == ("taken", expected)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param("68765432", id="too-short"),
        pytest.param("9001234", id="premium"),
        pytest.param("6-87654321", id="not-digits-alone"),
        pytest.param("841234567", id="personal"),
    ],
)
def test_no_zero_makes_a_number_of_anything(number: str) -> None:
    """What isn't an allowed number with its 0 either is refused as it stands."""
    assert verdict("Jan", number, restores_zeros=True).verdict == "refused"


def test_a_country_that_the_schedule_opts_in_to_is_allowed() -> None:
    """The schedule's own policy holds for its rows."""
    told = verdict("Jan", "+3225120000", forward_countries=["BE"])
    assert told.verdict == "taken"


def test_doubles_within_a_file() -> None:
    """The same again is there already; half the same is refused, naming the line it repeats."""
    after, verdicts = take_rows(
        schedule(),
        rows(
            ("Jan", "0687654321"),
            ("JAN", "+31687654321"),
            ("Jan", "0687654320"),
            ("Piet", "0687654321"),
            ("Storingsdienst", "06 12345678"),
            ("Kees", ""),
            ("Kees", "0687654322"),
        ),
        HOME,
    )
    assert [(one.verdict, one.forward_id) for one in verdicts] == [
        ("taken", "jan"),
        ("present", "jan"),
        ("refused", None),
        ("refused", None),
        ("present", "storing"),
        ("refused", None),
        ("taken", "kees"),
    ]
    assert verdicts[2].faults[0][0] == "line 2 has this name, and number +31687654321"
    assert verdicts[3].faults[0][0] == "line 2 has +31687654321, under the name Jan"
    assert list(after.forwards) == ["storing", "jan", "kees"]


def test_taking_the_same_rows_again_changes_nothing() -> None:
    """An import may be repeated."""
    listed = rows(("Jan", "0687654321"), ("Piet", "0687654320"), ("", ""))
    once, _ = take_rows(schedule(), listed, HOME)
    twice, verdicts = take_rows(once, listed, HOME)
    assert twice == once
    assert [one.verdict for one in verdicts] == ["present", "present", "refused"]


def test_rows_past_the_limit_are_refused() -> None:
    """A schedule holds 1,000 forwards: the first rows that fit are taken."""
    listed = rows(*((f"n{n}", f"06{n:08}") for n in range(10_000_000, 10_001_002)))
    after, verdicts = take_rows(schedule(), listed, HOME)
    assert [one.verdict for one in verdicts] == ["taken"] * 999 + ["refused"] * 3
    assert len(after.forwards) == 1_000
    assert verdicts[999].faults == (
        ("the schedule has 1,000 forwards, the most it can", "remove some first"),
    )


def test_chosen_rows_alone_are_judged() -> None:
    """Names are chosen in any case, and ids too; a row that isn't chosen blocks none that is."""
    listed = [
        ForwardRow("Jan", "0687654321", line=2),
        ForwardRow("Piet", "0687654321", line=3),
        ForwardRow("Jan Jansen", "", line=4),
        ForwardRow("Kees", "+31687654320", forward_id="nacht"),
    ]
    after, verdicts = take_rows(schedule(), listed, HOME, only=["PIET", "nacht"])
    assert [one.verdict for one in verdicts] == ["not-chosen", "taken", "not-chosen", "taken"]
    assert verdicts[2].number == ""
    assert list(after.forwards) == ["storing", "piet", "nacht"]


def test_a_choice_that_no_row_has_is_refused() -> None:
    """All of them are named, with what may be meant."""
    with pytest.raises(NotFoundError) as error:
        take_rows(schedule(), rows(("Jansen", "")), HOME, only=["jansn", "jansen", "Q"])
    assert str(error.value).splitlines() == [
        "there is no 'jansn' among them; did you mean jansen?",
        "there is no 'Q' among them; check the spelling",
    ]
