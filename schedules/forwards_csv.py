"""CSV files as spreadsheets write them: bytes in, rows with a name and a number out.

Encoding and delimiter are found out, heading and columns as far as they can't be mistaken; what is
no such file is refused as a whole. Whether a row can be taken is for `forward_rows` to say.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Final

from schedules.errors import Fault, InvalidScheduleError
from schedules.forward_rows import ForwardRow

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_ROWS: Final = 20_000

_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig", "UTF-8"),
    (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"),
)
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_MARKUP: Final = re.compile(rb"\s*<(?:!doctype|\?xml|html|table)", re.IGNORECASE)
_SAVE_AS: Final = "save it as `CSV UTF-8 (comma delimited)` in the spreadsheet"

# The earlier one where several fit alike: a comma is in many a name, a tab in none.
_DELIMITERS: Final = {"\t": "tab", ";": "semicolon", ",": "comma"}
_SAMPLE_CHARACTERS: Final = 64 * 1024
_SAMPLE_RECORDS: Final = 50
_SEP_LINE: Final = re.compile(r'"?sep=([;,\t])"?[;,\t]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)

_NAME_HEADINGS: Final = frozenset(
    {"naam", "name", "volledige naam", "contact", "contactpersoon", "contactnaam", "omschrijving"}
)
_NUMBER_HEADINGS: Final = frozenset(
    {
        *("nummer", "telefoonnummer", "telefoon", "tel", "tel.", "telefoonnr", "telefoonnr."),
        *("mobiel", "mobiele nummer", "mobiel nummer", "gsm", "number", "phone number", "phone"),
        *("telephone", "telephone number", "mobile"),
    }
)
# More digits than a heading such as `Telefoon 2` has, fewer than a number.
_HEADING_DIGITS: Final = 3
_COLUMNS_TOLD: Final = 20
_SHOWN: Final = 40

_QUOTED_FORMULA: Final = re.compile(r'="([^"]*)"')


@dataclass(frozen=True, slots=True)
class CsvRows:
    """The rows of a file in its order, empty ones left out, and how it was read.

    `heading_line` is the line taken for headings, None where there is none; `name_column` and
    `number_column` count from 1.
    """

    rows: tuple[ForwardRow, ...]
    encoding: str
    delimiter: str
    heading_line: int | None
    name_column: int
    number_column: int


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: list[str]


def read_rows(
    source: bytes, *, name_column: str | None = None, number_column: str | None = None
) -> CsvRows:
    """Read a CSV file's rows; columns are chosen by heading, in any case, or by number from 1.

    Raises `InvalidScheduleError`, with the line where there is one, for a file that can't be read
    as a whole, and for columns that aren't there or can't be told apart.
    """
    text, encoding = _decode(source)
    marked = _SEP_LINE.match(text)
    delimiter = marked[1] if marked else _find_delimiter(text)
    body = text[marked.end() :] if marked else text
    records = list(_records(body, delimiter, first_line=2 if marked else 1))
    if not records:
        raise _refused("is empty", "give each row a name and a number")
    name_at, number_at, has_heading = _choose_columns(records, name_column, number_column)
    rows = [_row(record, name_at, number_at) for record in records[has_heading:]]
    if not rows:
        problem = "has headings and no rows below them"
        raise _refused(problem, "give each row a name and a number", records[0].line)
    return CsvRows(
        tuple(rows),
        encoding,
        _DELIMITERS[delimiter],
        records[0].line if has_heading else None,
        name_at + 1,
        number_at + 1,
    )


def _refused(problem: str, remedy: str, line: int | None = None) -> InvalidScheduleError:
    return InvalidScheduleError([Fault("", problem, remedy, line)])


def _decode(source: bytes) -> tuple[str, str]:
    """Return the text and the encoding's name; without a mark it is UTF-8, else Windows-1252."""
    if len(source) > MAX_BYTES:
        problem = f"is {len(source):,} bytes long"
        raise _refused(problem, f"split it into files of at most {MAX_BYTES:,} bytes")
    if source.startswith(_WORKBOOKS):
        raise _refused("is a workbook (xlsx, xls or ods), not CSV", _SAVE_AS)
    if _MARKUP.match(source):
        raise _refused("is a web page or XML, not CSV", f"open it and {_SAVE_AS}")
    marked = [(codec, name) for mark, codec, name in _BOMS if source.startswith(mark)]
    candidates = marked or [("utf-8", "UTF-8"), ("cp1252", "Windows-1252")]
    line = None
    for codec, name in candidates:
        try:
            text = source.decode(codec)
        except UnicodeDecodeError as error:
            line = source.count(b"\n", 0, error.start) + 1
            continue
        if "\0" in text:
            line = text.count("\n", 0, text.index("\0")) + 1
            raise _refused("holds NUL characters: it is not text", _SAVE_AS, line)
        return text, name
    raise _refused(f"is not {' or '.join(name for _, name in candidates)} text", _SAVE_AS, line)


def _find_delimiter(text: str) -> str:
    """Return the delimiter that gives the most records one and the same number of cells."""

    def fitting(delimiter: str) -> int:
        reader = csv.reader(io.StringIO(text[:_SAMPLE_CHARACTERS], newline=""), delimiter=delimiter)
        widths = Counter(len(cells) for cells in islice(reader, _SAMPLE_RECORDS))
        return max((count for width, count in widths.items() if width > 1), default=0)

    return max(_DELIMITERS, key=fitting)


def _records(text: str, delimiter: str, first_line: int) -> Iterator[_Record]:
    """Yield the records that aren't empty, each with the line it begins at."""
    # Lines end as spreadsheets end them; str.splitlines would cut at other characters too.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    count = 0
    while True:
        line = reader.line_num + first_line
        try:
            cells = next(reader, None)
        except csv.Error:
            problem = "the quotation marks of the row that begins here don't match"
            remedy = 'close each " that opens a cell, and write one within a cell twice: ""'
            raise _refused(problem, remedy, line) from None
        if cells is None:
            return
        if not any(map(str.strip, cells)):
            continue
        count += 1
        if count > MAX_ROWS:
            raise _refused(f"holds more than {MAX_ROWS:,} rows", "split it", line)
        yield _Record(line, cells)


def _row(record: _Record, name_at: int, number_at: int) -> ForwardRow:
    name, number = (
        _cell_text(record.cells[at]) if at < len(record.cells) else ""
        for at in (name_at, number_at)
    )
    # A mark by which spreadsheets keep `06…` and `+31…` from becoming something else.
    return ForwardRow(name, number.removeprefix("'"), line=record.line)


def _cell_text(cell: str) -> str:
    """Return a cell as one line; `="06…"`, a formula that only quotes, is what it quotes.

    An apostrophe that an export put before a formula is taken off again. The text itself is never
    a formula here, and stays what it is (quality.md: CSV and spreadsheet formulas).
    """
    text = " ".join(cell.split())
    quoted = _QUOTED_FORMULA.fullmatch(text)
    if quoted:
        return " ".join(quoted[1].split())
    return text[1:] if re.match("'[=+@-]", text) else text


def _choose_columns(
    records: Sequence[_Record], name_column: str | None, number_column: str | None
) -> tuple[int, int, bool]:
    """Return where name and number stand, from 0, and whether the first record is headings."""
    first = records[0]
    headings = [_key(cell) for cell in first.cells]
    width = max(len(record.cells) for record in records)
    name_at, is_name_heading = _choose(first, headings, width, name_column, _NAME_HEADINGS)
    number_at, is_number_heading = _choose(first, headings, width, number_column, _NUMBER_HEADINGS)
    if width == 2:  # noqa: PLR2004 - then each column tells the other
        if name_at is None:
            name_at = 0 if number_at is None else 1 - number_at
        if number_at is None:
            number_at = 1 - name_at
    if name_at is None or number_at is None:
        raise _refused(
            f"doesn't say which columns hold name and number; it has {_columns_told(first, width)}",
            "choose them with --name-column and --number-column",
            first.line,
        )
    if name_at == number_at:
        problem = f"has name and number in one column, {name_at + 1}"
        raise _refused(problem, "choose two different columns", first.line)
    number_cell = first.cells[number_at] if number_at < len(first.cells) else ""
    has_heading = is_name_heading or is_number_heading or _is_heading(number_cell)
    return name_at, number_at, has_heading


def _choose(
    first: _Record,
    headings: list[str],
    width: int,
    chosen: str | None,
    usual: frozenset[str],
) -> tuple[int | None, bool]:
    """Return where a column stands, None where nothing says so, and whether a heading said it."""
    if chosen is None:
        # A row with a number in it is no row of headings, whatever else it says.
        is_heading_row = any(map(_is_heading, first.cells)) and not any(map(_is_long, first.cells))
        places = [at for at, heading in enumerate(headings) if heading in usual]
        return (places[0], True) if is_heading_row and len(places) == 1 else (None, False)
    places = [at for at, heading in enumerate(headings) if heading == _key(chosen)]
    if len(places) == 1:
        return places[0], True
    if re.fullmatch("[1-9][0-9]{0,3}", chosen) and int(chosen) <= width:
        return int(chosen) - 1, False
    shown = repr(chosen[:_SHOWN])
    if places:
        numbers = " and ".join(str(at + 1) for at in places)
        problem = f"has {shown} above columns {numbers}"
        raise _refused(problem, "choose by the column's number", first.line)
    close = get_close_matches(_key(chosen), headings, n=1)
    remedy = f"did you mean {close[0]}?" if close else "choose one by its heading or its number"
    problem = f"has no column {shown}; it has {_columns_told(first, width)}"
    raise _refused(problem, remedy, first.line)


def _key(heading: str) -> str:
    return " ".join(heading.split()).casefold()


def _is_heading(cell: str) -> bool:
    return re.search("[^\\W\\d]", cell) is not None and not _is_long(cell)


def _is_long(cell: str) -> bool:
    return len(re.findall("[0-9]", cell)) > _HEADING_DIGITS


def _columns_told(first: _Record, width: int) -> str:
    if width == 1:
        return "one column only (cells are separated by ; , or a tab)"
    told = [f"{at} {cell.strip()[:_SHOWN]!r}" for at, cell in enumerate(first.cells, start=1)]
    more = ["…"] if len(told) > _COLUMNS_TOLD else []
    return f"{width} columns: {', '.join(told[:_COLUMNS_TOLD] + more)}"
