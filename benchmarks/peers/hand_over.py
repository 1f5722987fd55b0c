"""What the peers are given: one file with the token, each schedule's hours, and whose a number is.

Hours are text in the notation of OpenStreetMap, which both peers read; numbers are E.164.
"""

import json
from pathlib import Path
from typing import Any

from benchmarks.workplace import Workplace


def write_hand_over(workplace: Workplace, path: Path, years: range) -> None:
    """Write the file, holidays written out for these years."""
    path.write_text(json.dumps(hand_over(workplace, years), ensure_ascii=False))


def hand_over(workplace: Workplace, years: range) -> dict[str, Any]:
    """Return `token`, `schedules` and `numbers`, each with the place of its schedule."""
    from benchmarks.peer_hours import osm_hours

    return {
        "token": workplace.token,
        "schedules": [
            {
                "id": schedule.id,
                "name": schedule.name,
                "timezone": schedule.timezone,
                "hours": osm_hours(schedule, years),
            }
            for schedule in workplace.schedules
        ],
        "numbers": {
            f"+{number}": place
            for place, schedule in enumerate(workplace.schedules)
            for block in schedule.numbers
            for number in range(block.first, block.last + 1)
        },
    }
