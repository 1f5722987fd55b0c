"""Opening hours as iCalendar (RFC 5545), for calendar programs."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from icalendar import Calendar, Event, Timezone

from routing_engine.calendar_days import OpenSpan
from routing_engine.table import IntervalTable
from schedules.revisions import Revision

_PRODUCT: Final = "-//Bereikbaar//Opening hours//EN"
# Stands in every export: a file without it is not ours to replace.
CALENDAR_MARK: Final = f"PRODID:{_PRODUCT}"


def render_calendar(spans: Iterable[OpenSpan], table: IntervalTable, saved: Revision) -> bytes:
    """Return a calendar with an event for each opening, in UTC, so that no zone can be misread.

    An event keeps its UID as long as its opening begins at the same instant. Its time stamp and
    sequence are the revision's: the same revision gives the same bytes.
    """
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    # The name as RFC 7986 has it, and as programs older than that read it.
    calendar.add("name", table.schedule_name)
    calendar.add("x-wr-calname", table.schedule_name)
    calendar.add("x-wr-timezone", table.zone.name)
    for span in spans:
        calendar.add_component(_event(span, table, saved))
    if not calendar.subcomponents:
        # RFC 5545, 3.6: a calendar without any component is not valid.
        calendar.add_component(Timezone.from_tzid(table.zone.name))
    content: bytes = calendar.to_ical()
    return content


def _event(span: OpenSpan, table: IntervalTable, saved: Revision) -> Event:
    start = datetime.fromtimestamp(span.from_at, UTC)
    event = Event()
    event.add("uid", f"{table.schedule}-{start:%Y%m%dT%H%M%SZ}@bereikbaar")
    event.add("dtstamp", saved.saved_at)
    event.add("sequence", saved.revision)
    event.add("dtstart", start)
    event.add("dtend", datetime.fromtimestamp(span.until_at, UTC))
    event.add("summary", f"{table.schedule_name}: open")
    special = [title for rule, title in span.rules if not rule.startswith("week/")]
    if special:
        event.add("description", ", ".join(special))
    # Being open takes up nobody's time.
    event.add("transp", "TRANSPARENT")
    return event
