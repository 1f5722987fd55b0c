"""What a schedule decides at a moment, for the tests of the rules."""

import pytest

from routing_engine.decision import Decision
from routing_engine.resolver import decide
from schedules.errors import InvalidScheduleError
from schedules.model import Schedule
from tests.engine import (
    instant,
    schedule_of,
    table_of,
)


def decided(schedule: Schedule, moment: str) -> Decision:
    """Decide a call to a schedule at a moment."""
    return decide(table_of(schedule), instant(moment))


def faults_of(**fields: object) -> list[str]:
    """List the faults for which a schedule is refused."""
    with pytest.raises(InvalidScheduleError) as refused:
        schedule_of(**fields)
    return [str(fault) for fault in refused.value.faults]
