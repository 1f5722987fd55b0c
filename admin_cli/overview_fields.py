"""An overview for a program: the JSON that docs/cli.md describes."""

from typing import Any

from admin_cli.invocation import format_utc
from routing_engine.overview import (
    CallerLot,
    DayRows,
    ExceptionRow,
    HolidayRow,
    OverrideRow,
    Overview,
)
from schedules.date_text import format_moment
from schedules.revisions import Revision
from schedules.slot_text import format_minute

Fields = dict[str, Any]


def overview_fields(overview: Overview, saved: Revision) -> Fields:
    """Return all that an overview says."""
    schedule = overview.schedule
    return {
        "schedule": schedule.id,
        "name": schedule.name,
        "company": schedule.company,
        "notes": schedule.notes,
        "pbx": schedule.pbx,
        "timezone": schedule.timezone,
        "voicemail_email": schedule.voicemail_email,
        "numbers": [str(number) for number in schedule.numbers],
        "revision": saved.revision,
        "author": saved.author,
        "saved_at": format_utc(saved.saved_at),
        "at": format_moment(overview.at),
        "week": [
            {"rule": row.rule, "title": row.title, "slots": _slots(row.slots)}
            for row in overview.week
        ],
        "holidays": [_holiday(row) for row in overview.holidays],
        "exceptions": [_exception(row) for row in overview.exceptions],
        "overrides": [_override(row) for row in overview.overrides],
        "messages": [
            {
                "id": message_id,
                **dict(message),
                "is_missing": message_id in overview.missing_messages,
            }
            for message_id, message in schedule.audio.items()
        ],
        "forwards": [
            {
                "id": forward_id,
                **dict(forward),
                "is_refused": forward_id in overview.refused_forwards,
            }
            for forward_id, forward in schedule.forwards.items()
        ],
        "template": schedule.template,
    }


def _slots(slots: DayRows) -> list[Fields]:
    return [
        {"from": format_minute(slot.start), "to": format_minute(slot.end), **_lot(slot.lot)}
        for slot in slots
    ]


def _lot(lot: CallerLot) -> Fields:
    return {
        "status": lot.status,
        "action": lot.action,
        "audio": None if lot.audio is None else lot.audio.name,
        "is_silent": lot.is_silent,
        "forward": None if lot.forward is None else dict(lot.forward),
    }


def _holiday(row: HolidayRow) -> Fields:
    return {
        "rule": row.rule,
        "title": row.title,
        "is_on": row.is_on,
        "every": "lustrum" if row.is_lustrum_only else "year",
        "next": str(row.next_day),
        "dates": [
            {
                "day": str(found.day),
                "held_by": found.held_by,
                "moved_from": None if found.moved_from is None else str(found.moved_from),
            }
            for found in row.dates
        ],
        "slots": None if row.slots is None else _slots(row.slots),
    }


def _exception(row: ExceptionRow) -> Fields:
    return {
        "rule": row.rule,
        "title": row.title,
        "state": row.state,
        "next": None if row.next_day is None else str(row.next_day),
        "dates": [str(span) for span in row.dates],
        "slots": _slots(row.slots),
    }


def _override(row: OverrideRow) -> Fields:
    return {
        "rule": row.rule,
        "reason": row.title,
        "is_in_force": row.is_in_force,
        "from": format_moment(row.from_at),
        "until": format_moment(row.until_at),
        **_lot(row.lot),
    }
