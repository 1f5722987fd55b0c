"""Days worked out by hand, 2024 to 2033: `days.txt` says what happens to a caller, and why."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from routing_engine.decision import CallQuery, Outcome
from routing_engine.resolver import resolve
from routing_engine.snapshot import RoutingSnapshot
from schedules.date_text import instants_of
from schedules.documents import read_document
from schedules.forward_rules import ForwardPolicy
from schedules.model import Schedule
from tests.engine import AMSTERDAM, WEEKDAYS, instant, snapshot_of, table_of

DAYS: Final = Path(__file__).with_name("days.txt")
FOLDER: Final = Path(__file__).with_name("days")
SHAPE: Final = re.compile(
    r"(?P<schedule>\w+) +(?P<weekday>\w{3}) (?P<day>\S+) (?P<time>\S+) +(?P<rule>\S+) +"
    r"\| (?P<treatment>[^>]+?) -> (?P<change>.+)"
)


class Line(NamedTuple):
    """One line of `days.txt`; `change` is an instant and the status from then on, or None."""

    text: str
    schedule: str
    weekday: str
    day: str
    at: int
    rule: str
    treatment: str
    change: tuple[int, str] | None


def read_line(text: str) -> Line:
    """Read one line; raises where it doesn't have the shape, or its time isn't one instant."""
    match = SHAPE.fullmatch(text)
    assert match is not None, text
    change = None
    if match["change"] != "never":
        day, time, status = match["change"].split()
        change = read_moment(day, time), status
    at = read_moment(match["day"], match["time"])
    return Line(
        " ".join(text.split()),
        match["schedule"],
        match["weekday"],
        match["day"],
        at,
        match["rule"],
        match["treatment"],
        change,
    )


def read_moment(day: str, time: str) -> int:
    """Return the one instant at which Amsterdam's clocks show this time with this offset."""
    at = instant(f"{day}T{time}")
    local = datetime.fromisoformat(f"{day}T{time[:5]}")
    shown = instants_of(local, AMSTERDAM)
    assert at in shown, f"{day} {time} does not exist"
    assert len(shown) == 1 or time[5:], f"{day} {time} needs its offset"
    return at


LINES: Final = [
    read_line(line)
    for line in DAYS.read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@cache
def schedule_named(name: str) -> Schedule:
    """Read one of the schedules beside `days.txt`."""
    return read_document((FOLDER / f"{name}.yaml").read_bytes(), ForwardPolicy()).schedule


@cache
def snapshot_in(year: int) -> RoutingSnapshot:
    """Compile the three schedules as the daemon would have at the start of a year."""
    names = ("hoofdkantoor", "winkel", "hulplijn")
    first = str(date(year - 1, 12, 31))
    return snapshot_of(*(table_of(schedule_named(name), first=first) for name in names))


def outcome_in_words(outcome: Outcome, schedule: Schedule) -> str:
    """Write an outcome as `days.txt` does, targets by their names in the schedule."""
    assert (outcome.forward != "") == (outcome.action == "forward")
    assert outcome.voicemail == (schedule.voicemail_email if outcome.action == "voicemail" else "")
    action: str = outcome.action
    if outcome.forward:
        numbers = {forward.number: name for name, forward in schedule.forwards.items()}
        action = f"forward={numbers[outcome.forward]}"
    words = [outcome.status, action]
    if outcome.audio:
        files = {f"{message.sha256}.wav": name for name, message in schedule.audio.items()}
        words.append(f"audio={files[outcome.audio]}")
    return " ".join(words)


def test_the_lines_cover_every_year() -> None:
    """Each year 2024 to 2033 has at least fifteen lines, each schedule some, none stands twice."""
    years = Counter(line.day[:4] for line in LINES)
    assert all(years[str(year)] >= 15 for year in range(2024, 2034))
    assert {line.schedule for line in LINES} == {"hoofdkantoor", "winkel", "hulplijn"}
    assert len({line.text for line in LINES}) == len(LINES)


def test_the_lines_name_every_holiday_of_every_year() -> None:
    """Each year has a line on the date of each holiday, but for a 5 May that is no lustrum."""
    holidays = set(schedule_named("hoofdkantoor").holidays)
    for year in range(2024, 2034):
        named = {line.rule for line in LINES if line.day.startswith(str(year))}
        covered = {holiday for holiday in holidays if f"holidays/{holiday}" in named}
        assert holidays - covered <= {"bevrijdingsdag"}, year
        assert any(line.day == f"{year}-05-05" for line in LINES)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.text.partition(" |")[0])
def test_the_day_is_as_worked_out_by_hand(line: Line) -> None:
    """Rule, treatment and next change are those of the line, and its weekday is the calendar's."""
    assert WEEKDAYS[date.fromisoformat(line.day).weekday()] == line.weekday
    decision = resolve(snapshot_in(int(line.day[:4])), CallQuery(line.at, schedule=line.schedule))
    assert decision.rule == line.rule
    assert outcome_in_words(decision.outcome, schedule_named(line.schedule)) == line.treatment
    change = None
    if decision.valid_until is not None:
        change = decision.valid_until, decision.next_status
    assert change == line.change, (
        change and f"{datetime.fromtimestamp(change[0], UTC).astimezone(AMSTERDAM)} {change[1]}"
    )
