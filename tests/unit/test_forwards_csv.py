"""CSV files as spreadsheets write them, and files that are none."""

import csv
import io
import zipfile

import pytest

from schedules.errors import Fault, InvalidScheduleError
from schedules.forwards_csv import CsvRows, read_rows

TABLE = (("Naam", "Telefoonnummer"), ("Café Zoë", "0612345678"), ("Jansen, Piet", "020-1234567"))
CONTACTS = [("Café Zoë", "0612345678", 2), ("Jansen, Piet", "020-1234567", 3)]


def excel(delimiter: str = ";", table: tuple[tuple[str, ...], ...] = TABLE) -> str:
    """Return a table as Excel writes it: quotes where needed, lines ended by CRLF."""
    stream = io.StringIO(newline="")
    csv.writer(stream, "excel", delimiter=delimiter).writerows(table)
    return stream.getvalue()


def contacts(read: CsvRows) -> list[tuple[str, str, int | None]]:
    """Return name, number and line of each row."""
    return [(row.name, row.number, row.line) for row in read.rows]


def faults(source: bytes, **columns: str) -> list[Fault]:
    """Return why a file is refused."""
    with pytest.raises(InvalidScheduleError) as error:
        read_rows(source, **columns)
    return list(error.value.faults)


@pytest.mark.parametrize(
    ("source", "encoding", "delimiter"),
    [
        # "CSV (gescheiden door lijstscheidingsteken)" of a Dutch Excel.
        pytest.param(excel(";").encode("cp1252"), "Windows-1252", "semicolon", id="dutch"),
        pytest.param(excel(",").encode("cp1252"), "Windows-1252", "comma", id="english"),
        pytest.param(excel(";").encode("utf-8-sig"), "UTF-8", "semicolon", id="csv-utf-8"),
        pytest.param(excel(",").encode(), "UTF-8", "comma", id="no-mark"),
        # "Unicode-tekst" of Excel.
        pytest.param(excel("\t").encode("utf-16"), "UTF-16", "tab", id="unicode-text"),
        pytest.param(
            b"\xfe\xff" + excel("\t").encode("utf-16-be"), "UTF-16", "tab", id="big-endian"
        ),
        pytest.param(excel("\t").encode("cp1252"), "Windows-1252", "tab", id="tab-delimited"),
        pytest.param(excel().replace("\r\n", "\r").encode(), "UTF-8", "semicolon", id="mac"),
        pytest.param(excel().replace("\r\n", "\n").encode(), "UTF-8", "semicolon", id="unix"),
        pytest.param(excel().removesuffix("\r\n").encode(), "UTF-8", "semicolon", id="no-last-end"),
    ],
)
def test_files_as_spreadsheets_write_them(source: bytes, encoding: str, delimiter: str) -> None:
    """Encoding and delimiter are found out; headings are known by what they say."""
    read = read_rows(source)
    assert contacts(read) == CONTACTS
    assert (read.encoding, read.delimiter, read.heading_line) == (encoding, delimiter, 1)
    assert (read.name_column, read.number_column) == (1, 2)


@pytest.mark.parametrize(
    ("first_line", "delimiter"),
    [
        pytest.param("sep=;\r\n", ";", id="semicolon"),
        pytest.param("SEP=,\n", ",", id="comma"),
        pytest.param('"sep=;"\r\n', ";", id="quoted"),
        pytest.param("sep=;;\r\n", ";", id="padded-to-the-table"),
        pytest.param("sep=\t\r", "\t", id="tab"),
    ],
)
def test_the_line_by_which_excel_is_told_the_delimiter(first_line: str, delimiter: str) -> None:
    """It says the delimiter, is no row, and counts as a line."""
    read = read_rows((first_line + excel(delimiter)).encode())
    assert contacts(read) == [(name, number, line + 1) for name, number, line in CONTACTS]
    assert read.heading_line == 2


def test_the_told_delimiter_beats_the_look_of_the_rows() -> None:
    """What the file says is not second-guessed."""
    read = read_rows(b"sep=,\na;b,0612345678\nc;d,0612345679\n")
    assert contacts(read) == [("a;b", "0612345678", 2), ("c;d", "0612345679", 3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "Jan, de eerste;0612345678\nPiet, de tweede;0612345679\n",
            [("Jan, de eerste", "0612345678", 1), ("Piet, de tweede", "0612345679", 2)],
            id="comma-in-every-name",
        ),
        pytest.param(
            'Jan,"06;1"\nPiet,0612345679\nKees,0612345670\n',
            [("Jan", "06;1", 1), ("Piet", "0612345679", 2), ("Kees", "0612345670", 3)],
            id="semicolon-in-one-cell",
        ),
        pytest.param(
            '"De ""Koe"" BV";"0612345678"\n',
            [('De "Koe" BV', "0612345678", 1)],
            id="quotes-in-quotes",
        ),
        pytest.param('19" kast;0612345678\n', [('19" kast', "0612345678", 1)], id="inch-mark"),
        pytest.param(
            '"Balie\nverdieping 2";0612345678\nJan;0612345679\n',
            [("Balie verdieping 2", "0612345678", 1), ("Jan", "0612345679", 3)],
            id="line-break-in-a-cell",
        ),
        pytest.param(
            "\n;;\nJan;0612345678\n\n   ;\t;\nPiet;0612345679\n;\n",
            [("Jan", "0612345678", 3), ("Piet", "0612345679", 6)],
            id="empty-lines",
        ),
        pytest.param(
            "Jan;0612345678\nPiet\n;0612345679\n",
            [("Jan", "0612345678", 1), ("Piet", "", 2), ("", "0612345679", 3)],
            id="half-empty-rows-stay",
        ),
        pytest.param(
            "\u00a0Jan \u00a0 Jansen ;06\u00a012345678\n",
            [("Jan Jansen", "06 12345678", 1)],
            id="no-break-spaces",
        ),
        pytest.param(
            'Jan;"=""0612345678"""\n="Piet";\'0612345679\n',
            [("Jan", "0612345678", 1), ("Piet", "0612345679", 2)],
            id="zeros-kept-by-tricks",
        ),
        pytest.param(
            "=cmd|'/C calc'!A0;0612345678\n'=1+1;'+31612345678\n't Hoekje;0612345679\n",
            [
                ("=cmd|'/C calc'!A0", "0612345678", 1),
                ("=1+1", "+31612345678", 2),
                ("'t Hoekje", "0612345679", 3),
            ],
            id="formulas-are-text",
        ),
        pytest.param(
            "a\u2028b;0612345678\nc\x0bd;0612345679\n",
            [("a b", "0612345678", 1), ("c d", "0612345679", 2)],
            id="other-separators-end-no-line",
        ),
    ],
)
def test_cells_and_lines(text: str, expected: list[tuple[str, str, int]]) -> None:
    """Each row keeps its text and the line it begins at; empty rows are none."""
    read = read_rows(text.encode())
    assert contacts(read) == expected
    assert read.heading_line is None


WIDE = "Id;Naam;Straat;Mobiel;Fax\n1;Jan;Kade 1;0612345678;0201234567\n2;Piet;Plein 2;;\n"
JAN_AND_PIET = [("Jan", "0612345678", 2), ("Piet", "", 3)]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param({}, JAN_AND_PIET, id="known-headings"),
        pytest.param({"name_column": "naam", "number_column": " MOBIEL"}, JAN_AND_PIET, id="names"),
        pytest.param({"name_column": "2", "number_column": "4"}, JAN_AND_PIET, id="numbers"),
        pytest.param({"name_column": "2"}, JAN_AND_PIET, id="one-of-the-two"),
        pytest.param(
            {"name_column": "Straat", "number_column": "5"},
            [("Kade 1", "0201234567", 2), ("Plein 2", "", 3)],
            id="others",
        ),
    ],
)
def test_columns_are_chosen_by_heading_or_number(
    columns: dict[str, str], expected: list[tuple[str, str, int]]
) -> None:
    """Capitals and spaces around a heading don't matter; numbers count from 1."""
    read = read_rows(WIDE.encode(), **columns)
    assert contacts(read) == expected
    assert read.heading_line == 1


@pytest.mark.parametrize(
    ("text", "columns", "heading_line", "count"),
    [
        pytest.param("Jan;0612345678\n", {}, None, 1, id="data"),
        pytest.param("Wie;Waar\nJan;0612345678\n", {}, 1, 1, id="unknown-headings"),
        pytest.param("Wie;Toestel 2\nJan;0612345678\n", {}, 1, 1, id="digit-in-a-heading"),
        pytest.param("Jan;3,16E+10\nPiet;0612345678\n", {}, None, 2, id="mangled-number"),
        pytest.param("Telefoon;0612345678\n", {}, None, 1, id="heading-word-as-a-name"),
        pytest.param("Jan;\nPiet;0612345678\n", {}, None, 2, id="no-number-in-the-first"),
        pytest.param("Jan\nPiet;0612345678\n", {}, None, 2, id="short-first"),
        pytest.param("2;3\n0612345678;Jan\n", {"name_column": "3"}, 1, 1, id="heading-is-a-number"),
        pytest.param("Nummer;Wie\n0612345678;Jan\n", {}, 1, 1, id="number-first"),
        pytest.param("Wie;Naam\n0612345678;Jan\n", {}, 1, 1, id="name-last"),
        pytest.param("\nNaam;Tel\nJan;06\n", {}, 2, 1, id="headings-below-an-empty-line"),
    ],
)
def test_headings_are_told_from_rows(
    text: str, columns: dict[str, str], heading_line: int | None, count: int
) -> None:
    """A first row is one of headings when a column says so, or its number is words."""
    read = read_rows(text.encode(), **columns)
    assert (read.heading_line, len(read.rows)) == (heading_line, count)
    if count == 1:
        assert (read.rows[0].name, read.rows[0].number[:2]) in {("Jan", "06"), ("Telefoon", "06")}


@pytest.mark.parametrize(
    ("text", "columns", "problem", "remedy"),
    [
        pytest.param(
            WIDE,
            {"name_column": "Name"},
            "has no column 'Name'; it has 5 columns: 1 'Id', 2 'Naam', 3 'Straat', 4 'Mobiel', "
            "5 'Fax'",
            "did you mean naam?",
            id="misspelt",
        ),
        pytest.param(
            WIDE,
            {"number_column": "6"},
            "has no column '6'; it has 5 columns: 1 'Id', 2 'Naam', 3 'Straat', 4 'Mobiel', "
            "5 'Fax'",
            "choose one by its heading or its number",
            id="past-the-last",
        ),
        pytest.param(
            "Naam;Tel;Mobiel\nJan;0612345678;0612345679\n",
            {},
            "doesn't say which columns hold name and number; it has 3 columns: 1 'Naam', 2 'Tel', "
            "3 'Mobiel'",
            "choose them with --name-column and --number-column",
            id="two-that-could-be",
        ),
        pytest.param(
            "Naam;Tel;tel\nJan;0612345678;0612345679\n",
            {"number_column": "Tel"},
            "has 'Tel' above columns 2 and 3",
            "choose by the column's number",
            id="two-alike",
        ),
        pytest.param(
            WIDE,
            {"name_column": "4"},
            "has name and number in one column, 4",
            "choose two different columns",
            id="same-column",
        ),
        pytest.param(
            "Jan\nPiet\n",
            {},
            "doesn't say which columns hold name and number; it has one column only (cells are "
            "separated by ; , or a tab)",
            "choose them with --name-column and --number-column",
            id="one-column",
        ),
        pytest.param(
            ";".join(f"k{n}" for n in range(1, 26)),
            {},
            "doesn't say which columns hold name and number; it has 25 columns: "
            + ", ".join(f"{n} 'k{n}'" for n in range(1, 21))
            + ", …",
            "choose them with --name-column and --number-column",
            id="many",
        ),
        pytest.param(
            "Naam;Tel\n;\n",
            {},
            "has headings and no rows below them",
            "give each row a name and a number",
            id="headings-alone",
        ),
    ],
)
def test_columns_that_cannot_be_told_are_refused(
    text: str, columns: dict[str, str], problem: str, remedy: str
) -> None:
    """The columns that there are stand in the message."""
    assert faults(text.encode(), **columns) == [Fault("", problem, remedy, 1)]


def workbook() -> bytes:
    """Return what an xlsx file is: a zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return stream.getvalue()


QUOTES = "the quotation marks of the row that begins here don't match"


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        pytest.param(b"", None, "is empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf\r\n;;\r\n", None, "is empty", id="empty-rows"),
        pytest.param(b"sep=;\r\n", None, "is empty", id="delimiter-alone"),
        pytest.param(workbook(), None, "is a workbook (xlsx, xls or ods), not CSV", id="xlsx"),
        pytest.param(
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
            None,
            "is a workbook (xlsx, xls or ods), not CSV",
            id="xls",
        ),
        pytest.param(
            b"\n<html><table>", None, "is a web page or XML, not CSV", id="html-named-xls"
        ),
        pytest.param(
            b"a;0612345678\nb\0;06\n", 2, "holds NUL characters: it is not text", id="nul"
        ),
        pytest.param(
            excel("\t").encode("utf-16-le"),
            1,
            "holds NUL characters: it is not text",
            id="utf-16-without-a-mark",
        ),
        pytest.param(
            excel().encode("utf-32"), 1, "holds NUL characters: it is not text", id="utf-32"
        ),
        pytest.param(
            b"\x89PNG\r\n\x1a\n\0\0", 3, "holds NUL characters: it is not text", id="image"
        ),
        pytest.param(b"a;1\nb;2\n\x81;3", 3, "is not UTF-8 or Windows-1252 text", id="undefined"),
        pytest.param(b"\xef\xbb\xbfa;1\nCaf\xe9;2", 2, "is not UTF-8 text", id="mark-that-lies"),
        pytest.param(b"\xff\xfea\0;\0\x31", 1, "is not UTF-16 text", id="cut-in-a-character"),
        pytest.param(b'a;1\n"b;2\nc;3\n', 2, QUOTES, id="unclosed-at-the-end"),
        pytest.param(b'a;1\n"b;2\n"c";3\n', 2, QUOTES, id="unclosed-before-another"),
        pytest.param(b'a;1\n"b";2\n"c"d;3\n', 3, QUOTES, id="text-behind-a-quote"),
        pytest.param(b'sep=;\na;1\n"b;2\n', 3, QUOTES, id="unclosed-below-sep"),
        pytest.param(b'a;1\n"' + b"x\n" * 70_000, 2, QUOTES, id="unclosed-and-very-long"),
        pytest.param(b"a;1\n" * 20_001, 20_001, "holds more than 20,000 rows", id="too-many"),
        pytest.param(bytes(4_194_305), None, "is 4,194,305 bytes long", id="too-long"),
    ],
)
def test_what_is_no_csv_file_is_refused(source: bytes, line: int | None, problem: str) -> None:
    """The message says what is wrong and where; every fault has a remedy."""
    (fault,) = faults(source)
    assert (fault.line, fault.problem) == (line, problem)
    assert fault.remedy


def test_twenty_thousand_rows_are_read() -> None:
    """The most that is read is read whole, in order."""
    text = "".join(f"naam {n};06{n:08}\r\n" for n in range(20_000))
    read = read_rows(text.encode())
    assert [row.line for row in read.rows] == list(range(1, 20_001))
    assert read.rows[-1].name == "naam 19999"
