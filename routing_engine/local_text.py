"""Instants as people read them: by the zone's wall clock, plain about a time that comes twice."""

from datetime import UTC, datetime
from typing import Final

from routing_engine.zones import ZoneOffsets

# What stands behind a time of day, by `ZoneOffsets.occurrence_at`.
OCCURRENCES: Final = ("", " (first time)", " (second time)")


def local_at(zone: ZoneOffsets, at: int) -> datetime:
    """Return what the zone's wall clock shows at an instant, as if it were UTC."""
    offset, _ = zone.offset_at(at)
    return datetime.fromtimestamp(at + offset, UTC)


def format_local(zone: ZoneOffsets, at: int) -> str:
    """Write an instant as `Mon 2026-04-27 14:00`."""
    return f"{local_at(zone, at):%a %Y-%m-%d %H:%M}{OCCURRENCES[zone.occurrence_at(at)]}"
