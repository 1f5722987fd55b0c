"""The printable page of a schedule: one file of HTML that needs nothing else."""

from functools import partial
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from admin_cli.overview_phrases import EN_DASH, Phrases, day_count, days_alike
from admin_cli.overview_words import Language
from routing_engine.overview import DayRows, Overview, SlotRow
from schedules.revisions import Revision
from schedules.slot_text import DAY_MINUTES

# Stands in every page: a file without it is not ours to replace.
PAGE_MARK: Final = '<meta name="generator" content="Bereikbaar overview">'

# The width of the bars on A4, in millimetres, and what stands in them.
_WIDTHS: Final = {"week": 116, "holidays": 32, "exceptions": 50}
_LETTER_WIDTH: Final = 1.5
_SYMBOL_WIDTH: Final = 4.2
# A list longer than this goes in columns.
_LONG_LIST: Final = 12


class Piece(NamedTuple):
    """A coloured piece of a bar: where, as shares of its width in percent, and what stands in it.

    `word` is empty and `symbols` are left out where there is no room.
    """

    left: float
    width: float
    status: str
    word: str
    symbols: tuple[str, ...]


def render_overview(overview: Overview, saved: Revision, language: Language) -> str:
    """Return the page; all that operators wrote is escaped."""
    phrases = Phrases(language, EN_DASH)
    environment = Environment(
        loader=PackageLoader("admin_cli", "data"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"phrases": phrases, "words": phrases.words, "day_count": day_count}
    environment.filters["pieces"] = partial(_pieces, phrases)
    page = environment.get_template("overview.html").render(**_facts(overview, saved, phrases))
    return f"{page}\n"


def _facts(overview: Overview, saved: Revision, phrases: Phrases) -> dict[str, Any]:
    return {
        "overview": overview,
        "schedule": overview.schedule,
        "saved": saved,
        "page_mark": PAGE_MARK,
        "language": phrases.language,
        "years": [found.day.year for found in overview.holidays[0].dates],
        "days_alike": days_alike(overview.week),
        "exceptions": {
            state: [row for row in overview.exceptions if row.state == state]
            for state in ("active", "draft", "expired")
        },
        "widths": _WIDTHS,
        "long_list": _LONG_LIST,
    }


def _pieces(phrases: Phrases, slots: DayRows, bar_width: int) -> list[Piece]:
    """Return the pieces of a bar of so many millimetres."""
    return [_piece(phrases, slot, bar_width) for slot in slots]


def _piece(phrases: Phrases, slot: SlotRow, bar_width: int) -> Piece:
    share = (slot.end - slot.start) / DAY_MINUTES
    room = share * bar_width
    word = phrases.words[slot.lot.status]
    symbols = tuple(target.kind for target in phrases.targets(slot.lot))
    needed = _SYMBOL_WIDTH * len(symbols)
    return Piece(
        left=100 * slot.start / DAY_MINUTES,
        width=100 * share,
        status=slot.lot.status,
        word=word if needed + _LETTER_WIDTH * len(word) + 1 <= room else "",
        symbols=symbols if needed <= room else (),
    )
