"""A random schedule beside what decides it: its table, and its oracle."""

from datetime import date

from hypothesis import strategies as st

from routing_engine.decision import Outcome
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from tests.engine import table_of
from tests.oracle import Lot, Oracle
from tests.strategies import schedules_strategy

_FIRST_DAYS = st.one_of(
    st.sampled_from(("2025-12-31", "2026-03-28", "2027-01-01")),
    st.dates(date(2024, 1, 1), date(2029, 12, 31)).map(str),
)


class Case:
    """A schedule with its table and its oracle; in each, the same targets can't be used."""

    def __init__(
        self, schedule: Schedule, region: str, missing: frozenset[str], first: str
    ) -> None:
        """Compile the schedule from a date on."""
        self.schedule = schedule
        self.oracle = Oracle(schedule, region, missing)
        policy = ForwardPolicy(region=region)
        self.table = table_of(schedule, first=first, policy=policy, missing=missing)

    def __repr__(self) -> str:
        """Show what is needed to make the case anew."""
        oracle, first_day = self.oracle, self.table.recurring.first_day
        return f"Case({self.schedule!r}, {oracle.region!r}, {oracle.missing!r}, {first_day})"


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a schedule; now and then its forwards are no longer allowed, or messages are gone."""
    schedule = draw(schedules_strategy())
    region = draw(st.sampled_from(("NL", "NL", "FR")))
    hashes = sorted({message.sha256 for message in schedule.audio.values()})
    missing = frozenset(draw(st.sets(st.sampled_from(hashes)))) if hashes else frozenset()
    return Case(schedule, region, missing, draw(_FIRST_DAYS))


def lot_of(outcome: Outcome) -> Lot:
    """Put what a caller notices of an outcome in the oracle's words."""
    return Lot(outcome.status, outcome.action, outcome.audio, outcome.forward, outcome.voicemail)
