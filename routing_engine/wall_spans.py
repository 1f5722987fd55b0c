"""Spans of instants as a wall clock shows them, where clocks are set forward or back as well."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Generic, NamedTuple, TypeVar

from routing_engine.local_text import local_at
from routing_engine.zones import DAY_SECONDS, ZoneOffsets

_WEEK: Final = timedelta(days=7)

_T = TypeVar("_T", bound=Hashable)


class Piece(NamedTuple, Generic[_T]):
    """A span of instants, in epoch seconds, and what is to be said of it."""

    from_at: int
    until_at: int
    what: _T


class WallSpan(NamedTuple, Generic[_T]):
    """From one time of the wall clock up to, not including, another: whenever the clock shows it.

    `occurrences` are 0, but for an end that the clock shows twice where only one is meant: 1 is
    the first time, 2 the second.
    """

    start: datetime
    end: datetime
    what: _T
    occurrences: tuple[int, int] = (0, 0)


def wall_spans(pieces: Sequence[Piece[_T]], zone: ZoneOffsets) -> list[WallSpan[_T]]:
    """Put spans, in order, on the zone's wall clock.

    An hour that comes twice is told once where the same holds both times. An end at the moment at
    which clocks are set forward is the one that the weeks around it have.
    """
    if not pieces:
        return []
    around = pieces[0].from_at - DAY_SECONDS, pieces[-1].until_at + DAY_SECONDS
    changes = zone.clock_changes(*around)
    repeated = [(at, -seconds) for at, seconds in changes if seconds < 0]
    alike = [(at, length) for at, length in repeated if _is_alike(pieces, at, length)]
    for at, length in alike:
        pieces = [*_clip(pieces, around[0], at), *_clip(pieces, at + length, around[1])]
    spans = [_on_wall_clock(piece, zone, alike) for piece in pieces]
    skipped = {at: timedelta(seconds=seconds) for at, seconds in changes if seconds > 0}
    return _merged(_fitted(pieces, spans, skipped))


def _is_alike(pieces: Sequence[Piece[_T]], at: int, length: int) -> bool:
    """Tell whether the same holds both times that the clock shows the seconds before `at`."""
    first = [
        Piece(from_at + length, until_at + length, what)
        for from_at, until_at, what in _clip(pieces, at - length, at)
    ]
    return first == _clip(pieces, at, at + length)


def _clip(pieces: Sequence[Piece[_T]], from_at: int, until_at: int) -> list[Piece[_T]]:
    """Return what lies between two instants, cut to them."""
    return [
        Piece(max(piece.from_at, from_at), min(piece.until_at, until_at), piece.what)
        for piece in pieces
        if piece.from_at < until_at and from_at < piece.until_at
    ]


def _on_wall_clock(
    piece: Piece[_T], zone: ZoneOffsets, alike: Sequence[tuple[int, int]]
) -> WallSpan[_T]:
    """Tell an end by the clock as it ran until then: 03:00 where it is set back to 02:00."""
    from_at, until_at, what = piece
    start = local_at(zone, from_at)
    end = local_at(zone, until_at - 1) + timedelta(seconds=1)
    occurrences = zone.occurrence_at(from_at), zone.occurrence_at(until_at - 1)
    if occurrences[1] == 2 and zone.occurrence_at(until_at) == 0:  # noqa: PLR2004 - the second
        occurrences = occurrences[0], 0
    first, last = (
        0 if any(at - length <= moment <= at + length for at, length in alike) else occurrence
        for moment, occurrence in zip((from_at, until_at), occurrences, strict=True)
    )
    return WallSpan(start, end, what, (first, last))


def _fitted(
    pieces: Sequence[Piece[_T]], spans: Sequence[WallSpan[_T]], skipped: Mapping[int, timedelta]
) -> list[WallSpan[_T]]:
    """Move ends at an hour that is skipped to where they are a week before or after, if within."""
    end_of = {(span.what, span.start): span.end for span in spans}
    start_of = {(span.what, span.end): span.start for span in spans}
    fitted = []
    for piece, span in zip(pieces, spans, strict=True):
        start, end, what, _ = span
        for week in (-_WEEK, _WEEK):
            other_end = end_of.get((what, start + week), end + week) - week
            if end < other_end <= span.end + skipped.get(piece.until_at, timedelta()):
                end = other_end
            other_start = start_of.get((what, end + week), start + week) - week
            if span.start - skipped.get(piece.from_at, timedelta()) <= other_start < start:
                start = other_start
        fitted.append(span._replace(start=start, end=end))
    return fitted


def _merged(spans: Sequence[WallSpan[_T]]) -> list[WallSpan[_T]]:
    """Make one of spans that touch and say the same, as around an hour that was told once."""
    merged: list[WallSpan[_T]] = []
    for span in spans:
        last = merged[-1] if merged else None
        if (
            last is not None
            and (last.end, last.what) == (span.start, span.what)
            and not any((*last.occurrences, *span.occurrences))
        ):
            merged[-1] = last._replace(end=span.end)
        else:
            merged.append(span)
    return merged
