"""`bereikbaar forward import` and `import-from`."""

import csv
import io

import pytest

from tests.cli.command_line import HEAD_OFFICE, CommandLine, document

# As a Dutch Excel saves it: Windows-1252, semicolons, CRLF, quotes where needed, empty rows.
CONTACTS = (
    "Nr;Naam;Telefoon;Afdeling\r\n"
    "1;Café Zoë;06-87654321;Horeca\r\n"
    '2;"De ""Koe""; veehandel";201234567;\r\n'
    ";;;\r\n"
    "3;Geen nummer;;\r\n"
    "4;STORINGSDIENST;+31612345678;Techniek\r\n"
    "5;Satelliet;+881612345678;\r\n"
).encode("cp1252")
HOW_IT_WAS_READ = (
    "contacten.csv: Windows-1252, cells separated by semicolon, headings on line 1; names in "
    "column 2, numbers in column 3"
)
SATELLITE = (
    "+881612345678 is a satellite telephone, never forwarded to",
    "forward to a fixed, mobile or internet telephony number instead",
)
LOST_ZERO = (
    "201234567 seems to have lost its first 0: 0201234567 is a number",
    "write 0201234567 or +31201234567, or give --restore-zeros",
)


def ids(cli: CommandLine, schedule_id: str) -> list[str]:
    """Return the ids of a schedule's forwards."""
    return [one["id"] for one in cli.json("forward", "list", schedule_id)["forwards"]]


def test_an_import_for_a_person(cli: CommandLine) -> None:
    """What was read and how stands first; the rows that can be taken are, and no others."""
    cli.apply(HEAD_OFFICE)
    file = cli.write("contacten.csv", CONTACTS)
    result = cli("forward", "import", file, "hoofdkantoor", code=3)
    assert result.stderr.splitlines() == [
        HOW_IT_WAS_READ,
        "1 taken, 1 present, 3 refused",
    ]
    changes, table = result.stdout.split("ROW", 1)
    assert changes == (
        "hoofdkantoor: changed, revision 2\n"
        "  forwards: cafe-zoe added\n"
        "  hours, messages and targets stay the same for callers\n"
    )
    rows = [line.split("  ") for line in ("ROW" + table).splitlines()]
    assert [[cell.strip() for cell in row if cell] for row in rows] == [
        ["ROW", "NAME", "NUMBER", "VERDICT", "FORWARD OR REASON"],
        ["2", "Café Zoë", "+31687654321", "taken", "cafe-zoe"],
        ["3", 'De "Koe"; veehandel', "201234567", "refused", "; ".join(LOST_ZERO)],
        ["5", "Geen nummer", "refused", "the number is empty; fill it in"],
        ["6", "STORINGSDIENST", "+31612345678", "present", "storing"],
        ["7", "Satelliet", "+881612345678", "refused", "; ".join(SATELLITE)],
    ]
    assert ids(cli, "hoofdkantoor") == ["storing", "cafe-zoe"]
    assert cli.json("schedule", "show", "hoofdkantoor")["summary"] == (
        "forwards imported from contacten.csv"
    )


def test_an_import_for_a_program(cli: CommandLine) -> None:
    """How the file was read, the counts, and a verdict on every row."""
    cli.apply(HEAD_OFFICE)
    file = cli.write("contacten.csv", CONTACTS)
    told = cli.json("forward", "import", file, "hoofdkantoor", "--dry-run", code=3)
    assert told["dry_run"] is True
    assert told["schedules"][0]["document"] == ["forwards: cafe-zoe added"]
    assert told["origin"] == {
        "file": "contacten.csv",
        "encoding": "Windows-1252",
        "delimiter": "semicolon",
        "heading_line": 1,
        "name_column": 2,
        "number_column": 3,
    }
    assert told["counts"] == {"taken": 1, "present": 1, "refused": 3, "not-chosen": 0}
    assert told["rows"][0] == {
        "line": 2,
        "source": None,
        "name": "Café Zoë",
        "number": "+31687654321",
        "verdict": "taken",
        "forward": "cafe-zoe",
        "faults": [],
    }
    assert told["rows"][4]["faults"] == [{"problem": SATELLITE[0], "remedy": SATELLITE[1]}]
    assert ids(cli, "hoofdkantoor") == ["storing"]


def test_columns_zeros_and_choice(cli: CommandLine) -> None:
    """Columns may be named, zeros put back, and rows picked by name."""
    cli.apply(HEAD_OFFICE)
    file = cli.write("contacten.csv", CONTACTS)
    told = cli.json(
        *("forward", "import", file, "hoofdkantoor", "--restore-zeros"),
        *("--name-column", "naam", "--number-column", "3"),
        *("--only", 'de "koe"; veehandel', "--only", "Storingsdienst"),
    )
    assert told["counts"] == {"taken": 1, "present": 1, "refused": 0, "not-chosen": 3}
    listed = cli.json("forward", "list", "hoofdkantoor")["forwards"]
    assert listed[1] == {
        "id": "de-koe-veehandel",
        "name": 'De "Koe"; veehandel',
        "number": "+31201234567",
        "uses": [],
    }


def test_an_import_again_changes_nothing(cli: CommandLine) -> None:
    """What was taken is present the next time: no revision, and nothing is refused."""
    cli.apply(HEAD_OFFICE)
    file = cli.write("c.csv", "Jan;0687654321\nPiet;0687654320\n")
    cli("forward", "import", file, "hoofdkantoor")
    told = cli.json("forward", "import", file, "hoofdkantoor")
    assert told["counts"]["present"] == 2
    assert (told["schedules"][0]["result"], told["schedules"][0]["revision"]) == ("unchanged", 2)


def test_an_import_from_stdin(cli: CommandLine) -> None:
    """`-` is stdin, as for `apply`; a file without headings is said to have none."""
    cli.apply(HEAD_OFFICE)
    result = cli("forward", "import", "-", "hoofdkantoor", stdin=b"Jan,0687654321\n")
    assert result.stderr.splitlines() == [
        "-: UTF-8, cells separated by comma, no headings; names in column 1, numbers in column 2",
        "1 taken",
    ]


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        pytest.param(
            b'Jan;0612345678\n"Piet;0612345679\n',
            (),
            "c.csv:2: the quotation marks of the row that begins here don't match; close each",
            id="quote",
        ),
        pytest.param(
            b"PK\x03\x04" + bytes(100),
            (),
            "c.csv: is a workbook (xlsx, xls or ods), not CSV; save it as `CSV UTF-8",
            id="workbook",
        ),
        pytest.param(b"", (), "c.csv: is empty; give each row a name and a number", id="empty"),
        pytest.param(
            b"Naam;Tel\nJan;0612345678\n",
            ("--name-column", "Naem"),
            "c.csv:1: has no column 'Naem'; it has 2 columns: 1 'Naam', 2 'Tel'; did you mean naam",
            id="column",
        ),
        pytest.param(
            b"Naam;Tel\nJan;0612345678\n",
            ("--only", "Jann"),
            "Error: there is no 'Jann' among them; did you mean jan?",
            id="choice",
        ),
    ],
)
def test_a_file_that_is_refused_changes_nothing(
    cli: CommandLine, source: bytes, options: tuple[str, ...], message: str
) -> None:
    """The file, the line and the remedy stand in the message."""
    cli.apply(HEAD_OFFICE)
    before = cli.rows()
    file = cli.write("c.csv", source)
    result = cli("forward", "import", file, "hoofdkantoor", *options, code=1)
    assert result.stderr.splitlines()[-1].startswith(message)
    assert cli.rows() == before


@pytest.mark.parametrize(
    ("file", "message"),
    [
        pytest.param("x.csv", "Error: x.csv: No such file or directory; ", id="absent"),
        pytest.param("data", "Error: data: Is a directory; ", id="folder"),
    ],
)
def test_a_file_that_cannot_be_read(cli: CommandLine, file: str, message: str) -> None:
    """The cause is told without a traceback."""
    cli.apply(HEAD_OFFICE)
    result = cli("forward", "import", file, "hoofdkantoor", code=1)
    assert result.stderr.startswith(message)


def test_what_a_file_holds_does_not_reach_the_terminal_raw(cli: CommandLine) -> None:
    """Escape sequences and endless names are shown as text, cut."""
    cli.apply(HEAD_OFFICE)
    file = cli.write("c.csv", f"\x1b[31mJan;0687654321\n{'x' * 300};0687654320\n")
    result = cli("forward", "import", file, "hoofdkantoor", code=3)
    assert "\x1b" not in result.stdout + result.stderr
    assert "\\x1b[31mJan" in result.stdout
    assert f"{'x' * 63}…" in result.stdout


def test_ten_thousand_rows(cli: CommandLine) -> None:
    """Every row gets its verdict, and the schedule as many forwards as it may hold."""
    cli.apply(HEAD_OFFICE)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, "excel", delimiter=";")
    writer.writerow(("Naam", "Telefoonnummer"))
    writer.writerows((f"Medewerker {n}, Zoë", f"06{10_000_000 + n}") for n in range(10_000))
    file = cli.write("c.csv", stream.getvalue().encode("cp1252"))
    told = cli.json("forward", "import", file, "hoofdkantoor", code=3)
    assert told["counts"] == {"taken": 999, "present": 0, "refused": 9_001, "not-chosen": 0}
    assert [row["line"] for row in told["rows"]] == list(range(2, 10_002))
    assert told["rows"][9_999]["name"] == "Medewerker 9999, Zoë"
    assert len(ids(cli, "hoofdkantoor")) == 1_000


def test_import_from_another_schedule(cli: CommandLine) -> None:
    """They keep their ids where these are free; what is there already stays as it is."""
    forwards = (
        "{storing: {name: Storingsdienst, number: '+31612345678'}, "
        "nacht: {name: Nachtdienst, number: '+31687654321'}, "
        "balie: {name: Balie, number: '+31201234567'}}"
    )
    there = (
        "{storing: {name: Storingsdienst, number: '+31612345678'}, "
        "nacht: {name: Portier, number: '+31301234567'}}"
    )
    cli.apply(document("bron", forwards=forwards), document("doel", forwards=there))
    told = cli.json("forward", "import-from", "bron", "doel", "--only", "nacht")
    assert told["origin"] == {"schedule": "bron"}
    assert told["counts"] == {"taken": 1, "present": 0, "refused": 0, "not-chosen": 2}
    result = cli("forward", "import-from", "bron", "doel")
    assert result.stdout == (
        "doel: changed, revision 3\n"
        "  forwards: balie added\n"
        "  hours, messages and targets stay the same for callers\n"
        "ROW      NAME            NUMBER        VERDICT  FORWARD OR REASON\n"
        "storing  Storingsdienst  +31612345678  present  storing\n"
        "nacht    Nachtdienst     +31687654321  present  nacht-2\n"
        "balie    Balie           +31201234567  taken    balie\n"
    )
    assert result.stderr == "1 taken, 2 present\n"
    assert ids(cli, "doel") == ["storing", "nacht", "nacht-2", "balie"]
    assert cli.revisions() == {"bron": 1, "doel": 3}


def test_import_from_judges_by_the_countries_of_the_target(cli: CommandLine) -> None:
    """A number that only the source may forward to is refused, and the rest is taken."""
    forwards = (
        "{brussel: {name: Brussel, number: '+3225120000'}, "
        "nacht: {name: Nacht, number: '+31687654321'}}"
    )
    cli.apply(document("bron", forwards=forwards, forward_countries="[BE]"), document("doel"))
    told = cli.json("forward", "import-from", "bron", "doel", code=3)
    assert [row["verdict"] for row in told["rows"]] == ["refused", "taken"]
    assert told["rows"][0]["faults"][0]["problem"] == (
        "+3225120000 is a number of BE, which forwards are not allowed to"
    )
