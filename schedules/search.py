"""Search over schedules: ids, names, companies, numbers, addresses, forwards and messages."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from schedules.errors import FaultyValueError
from schedules.field_text import fold
from schedules.model import Schedule
from schedules.number_search import NumberPart, parse_number_part
from schedules.telephone import NumberBlock

Category = Literal["schedules", "companies", "numbers", "emails", "forwards", "messages"]

MAX_FOUND: Final = 20
MAX_QUERY: Final = 256
CATEGORIES: Final[tuple[Category, ...]] = (
    "schedules", "companies", "numbers", "emails", "forwards", "messages",
)  # fmt: skip

_Rank = int | None

_RANKS: Final = 3
# In JSON these stand behind a backslash, unless only folding makes them.
_ESCAPED: Final = re.compile(r'["\\]')
_BLOCK: Final = re.compile(r'"(\+[0-9]+\.\.[0-9]+)"')


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: words without case and accents, and what may be a number's digits."""

    words: tuple[str, ...]
    number: NumberPart | None

    def rank(self, text: str | None) -> _Rank:
        """Return how well a text fits: 0 whole, 1 its beginning, 2 all words in it, None not."""
        folded = fold(text or "")
        if not all(word in folded for word in self.words):
            return None
        wanted = " ".join(self.words)
        return 0 if folded == wanted else 1 if folded.startswith(wanted) else 2

    def find_number(self, block: NumberBlock) -> tuple[_Rank, int]:
        """Return how well a block fits, and which of its numbers does, as `NumberPart.find_in`."""
        fit = None if self.number is None else self.number.find_in(block)
        return (None, block.first) if fit is None else fit


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found, and in which schedule.

    `text` is as it stands there, of a schedule its name; `entry_id` is the id of a forward or
    message; `number` is the forward's, or the one of a block that fits.
    """

    schedule_id: str
    schedule_name: str
    text: str
    entry_id: str | None = None
    number: str | None = None


@dataclass(slots=True)
class Found:
    """What was found in one category: how much, and the best of it."""

    count: int = 0
    _by_rank: list[list[Hit]] = field(default_factory=lambda: [[] for _ in range(_RANKS)])

    def add(self, rank: int, hit: Hit) -> None:
        """Count a hit, and keep it unless as many of its rank are there as are ever shown."""
        self.count += 1
        if len(self._by_rank[rank]) < MAX_FOUND:
            self._by_rank[rank].append(hit)

    @property
    def hits(self) -> list[Hit]:
        """The hits to show, best first, at most 20; alike ones in the order of the schedules."""
        return [hit for hits in self._by_rank for hit in hits][:MAX_FOUND]

    @property
    def is_cut_off(self) -> bool:
        """Whether more was found than is shown."""
        return self.count > MAX_FOUND


def parse_query(text: str, region: str = "NL") -> Query:
    """Read what to look for; raises `FaultyValueError` for nothing, or for far too much.

    National forms of numbers are read in `region`.
    """
    if len(text) > MAX_QUERY:
        problem = f"is {len(text):,} characters long"
        raise FaultyValueError((problem, f"look for at most {MAX_QUERY} characters"))
    words = tuple(fold(text).split())
    if not words:
        raise FaultyValueError(("is empty", "give what to look for"))
    return Query(words, parse_number_part(text, region))


def search(schedules: Iterable[Schedule], query: Query) -> dict[Category, Found]:
    """Return what is found in schedules, by category, for each category."""
    found = {category: Found() for category in CATEGORIES}
    for schedule in schedules:
        for category, ranks, hit in _candidates(schedule, query):
            fits = [rank for rank in ranks if rank is not None]
            if fits:
                found[category].add(min(fits), hit)
    return found


def may_hold(document: str, query: Query) -> bool:
    """Tell quickly whether a stored document can hold what is looked for: never a false no.

    `document` is JSON as a store keeps it. Most can be passed over so, unread.
    """
    folded = fold(document)
    if all(piece in folded for word in query.words for piece in _ESCAPED.split(word)):
        return True
    part = query.number
    if part is None:
        return False
    return (
        bool(part.digits and part.digits in document)
        or any(f'"+{beginning}' in document for beginning in part.beginnings)
        or any(part.find_in(NumberBlock.from_text(text)) for text in _BLOCK.findall(document))
    )


def _candidates(schedule: Schedule, query: Query) -> Iterator[tuple[Category, list[_Rank], Hit]]:
    """Walk what can be found in a schedule, each with how well it fits in one way or another."""

    def hit(text: str | None, entry_id: str | None = None, number: str | None = None) -> Hit:
        return Hit(schedule.id, schedule.name, text or "", entry_id, number)

    rank = query.rank
    yield "schedules", [rank(schedule.id), rank(schedule.name)], hit(schedule.name)
    yield "companies", [rank(schedule.company)], hit(schedule.company)
    for block in schedule.numbers:
        fit, number = query.find_number(block)
        yield "numbers", [fit], hit(str(block), number=f"+{number}")
    yield "emails", [rank(schedule.voicemail_email)], hit(schedule.voicemail_email)
    for forward_id, forward in schedule.forwards.items():
        fit, _ = query.find_number(NumberBlock.from_text(forward.number))
        ranks = [rank(forward.name), fit]
        yield "forwards", ranks, hit(forward.name, forward_id, forward.number)
    for message_id, message in schedule.audio.items():
        yield "messages", [rank(message.name)], hit(message.name, message_id)
