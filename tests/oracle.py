"""What happens to a caller, read from semantics.md in the plainest way: slow, and for tests only.

Nothing here knows the engine. The wall clock comes from zoneinfo, Easter from dateutil, and every
answer is worked out anew for its instant.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from dateutil.easter import easter

from schedules.model import DayPlan, HolidayRule, Schedule, Treatment

MINUTE: Final = 60
DAY: Final = 86_400
WEEK: Final = 7 * DAY
SEARCH: Final = 400 * DAY

_WEEKDAYS: Final = {
    "mon": "Maandag",
    "tue": "Dinsdag",
    "wed": "Woensdag",
    "thu": "Donderdag",
    "fri": "Vrijdag",
    "sat": "Zaterdag",
    "sun": "Zondag",
}
_HOLIDAYS: Final = {
    "nieuwjaarsdag": "Nieuwjaarsdag",
    "goede_vrijdag": "Goede Vrijdag",
    "eerste_paasdag": "Eerste paasdag",
    "tweede_paasdag": "Tweede paasdag",
    "koningsdag": "Koningsdag",
    "bevrijdingsdag": "Bevrijdingsdag",
    "hemelvaartsdag": "Hemelvaartsdag",
    "eerste_pinksterdag": "Eerste pinksterdag",
    "tweede_pinksterdag": "Tweede pinksterdag",
    "eerste_kerstdag": "Eerste kerstdag",
    "tweede_kerstdag": "Tweede kerstdag",
}
_COUNTRIES: Final = {"+31": "NL", "+32": "BE", "+49": "DE"}
_SUNDAY: Final = 6


class Lot(NamedTuple):
    """What a caller can tell apart."""

    status: str
    action: str
    audio: str
    forward: str
    voicemail: str


class Answer(NamedTuple):
    """A decision: the caller's lot, what was wrong with the targets, and which rule it was."""

    lot: Lot
    error: str
    rule: str
    title: str
    day: date | None
    slot: tuple[int, int] | None


class Oracle:
    """Answers for one schedule; forwards reach `region` and the countries the schedule opts in.

    `missing` are the hashes of messages whose bytes are gone.
    """

    def __init__(
        self, schedule: Schedule, region: str = "NL", missing: frozenset[str] = frozenset()
    ) -> None:
        """Take the schedule as it is."""
        self.schedule = schedule
        self.region = region
        self.missing = missing
        self.zone = ZoneInfo(schedule.timezone)

    def answer(self, at: int) -> Answer:
        """Decide at an instant, in epoch seconds (rules 1, 2 and 7)."""
        for override_id, override in self.schedule.overrides.items():
            if override.from_at.timestamp() <= at < override.until_at.timestamp():
                lot, error = self.treat(override.slot)
                return Answer(lot, error, f"overrides/{override_id}", override.reason, None, None)
        local = datetime.fromtimestamp(at, self.zone)
        minute = local.hour * 60 + local.minute
        rule, title, plan = self.day_rules(local.date())[0]
        (slot,) = (slot for slot in plan if slot.start <= minute < slot.end)
        lot, error = self.treat(slot)
        return Answer(lot, error, rule, title, local.date(), (slot.start, slot.end))

    def lot(self, at: int) -> Lot:
        """Say what a caller notices at an instant."""
        return self.answer(at).lot

    def lots(self, from_at: int, until_at: int) -> list[Lot]:
        """Say what a caller notices at each minute of a span, working each date out once.

        Both ends are whole quarters of an hour: clocks are set at one, and show one.
        """
        lots: list[Lot] = []
        dates: dict[date, list[Lot]] = {}
        for quarter in range(from_at, until_at, 15 * MINUTE):
            local = datetime.fromtimestamp(quarter, self.zone)
            if local.date() not in dates:
                dates[local.date()] = self._lots_of(local.date())
            minute = local.hour * 60 + local.minute
            lots += dates[local.date()][minute : minute + 15]
        for override in self.schedule.overrides.values():
            lot, _ = self.treat(override.slot)
            first = max(int(override.from_at.timestamp()), from_at)
            last = min(int(override.until_at.timestamp()), until_at)
            for at in range(first, last, MINUTE):
                lots[(at - from_at) // MINUTE] = lot
        return lots

    def _lots_of(self, day: date) -> list[Lot]:
        """Say what holds at each minute of a date, overrides left aside."""
        _, _, plan = self.day_rules(day)[0]
        lots: list[Lot] = []
        for slot in sorted(plan, key=lambda slot: slot.start):
            lots += [self.treat(slot)[0]] * (slot.end - slot.start)
        return lots

    def day_rules(self, day: date) -> list[tuple[str, str, DayPlan]]:
        """Name the rules that could supply a date, with title and plan, the winner first."""
        found: list[tuple[str, str, DayPlan]] = []
        for exception_id, exception in self.schedule.exceptions.items():
            if any(span.first <= day <= span.last for span in exception.dates):
                found.append((f"exceptions/{exception_id}", exception.name, exception.slots))
        for holiday_id in holidays_on(day):
            rule = self.schedule.holidays.get(holiday_id)
            if rule is not None and _is_on(rule, day.year):
                found.append((f"holidays/{holiday_id}", _HOLIDAYS[holiday_id], rule.slots))
        weekday, title = list(_WEEKDAYS.items())[day.weekday()]
        found.append((f"week/{weekday}", title, getattr(self.schedule.week, weekday)))
        return found

    def considered(self, at: int) -> set[str]:
        """Name every rule that an explanation owes its reader (rules 12, 13 and 17)."""
        day = datetime.fromtimestamp(at, self.zone).date()
        is_moved_away = (day.month, day.day, day.weekday()) == (4, 27, _SUNDAY)
        return (
            {
                f"overrides/{override_id}"
                for override_id, override in self.schedule.overrides.items()
                if override.from_at.timestamp() <= at + WEEK
                and at - WEEK <= override.until_at.timestamp()
            }
            | {rule for rule, _, _ in self.day_rules(day)}
            | {f"holidays/{holiday_id}" for holiday_id in holidays_on(day)}
            | ({"holidays/koningsdag"} if is_moved_away else set())
        )

    def treat(self, treatment: Treatment) -> tuple[Lot, str]:
        """Say what a treatment does to a caller, and what was wrong with it (rules 15 and 19)."""
        audio, error = "", ""
        if treatment.audio is not None:
            sha256 = self.schedule.audio[treatment.audio].sha256
            audio, error = (
                ("", "audio-missing") if sha256 in self.missing else (f"{sha256}.wav", "")
            )
        status, address = treatment.status, self.schedule.voicemail_email
        if treatment.forward is not None:
            number = self.schedule.forwards[treatment.forward].number
            if _COUNTRIES[number[:3]] in {self.region, *self.schedule.forward_countries}:
                return Lot(status, "forward", audio, number, ""), error
            error = "forward-refused"
        if address is not None and (treatment.voicemail or error == "forward-refused"):
            return Lot(status, "voicemail", audio, "", address), error
        return Lot(status, "continue" if status == "open" else "hangup", audio, "", ""), error

    def change_by_minutes(self, at: int, minutes: int) -> tuple[int, str] | None:
        """Find the first later instant with another lot, and its status, trying each minute."""
        lot = self.lot(at)
        first = at - at % MINUTE + MINUTE
        for later in range(first, first + minutes * MINUTE, MINUTE):
            found = self.lot(later)
            if found != lot:
                return later, found.status
        return None

    def change(self, at: int) -> tuple[int | None, str]:
        """Find the first change up to 400 days ahead, trying each instant that could be one."""
        lot = self.lot(at)
        for later in self.candidates(at):
            if at < later <= at + SEARCH:
                found = self.lot(later)
                if found != lot:
                    return later, found.status
        return None, ""

    def candidates(self, at: int) -> Iterator[int]:
        """Walk, in order, every instant after `at` at which anything could change.

        Those are the edges of overrides, and every slot boundary of the schedule on each date, by
        each offset the zone has about then. Where clocks change, each minute is tried.
        """
        starts = self._boundaries()
        edges = {
            int(moment.timestamp())
            for override in self.schedule.overrides.values()
            for moment in (override.from_at, override.until_at)
        }
        first = at - at % DAY - DAY
        for day_start in range(first, first + SEARCH + 4 * DAY, DAY):
            day_end = day_start + DAY
            found = {edge for edge in edges if day_start <= edge < day_end}
            offsets = {self._offset(day_start), self._offset(day_end)}
            if len(offsets) > 1:
                found |= set(range(day_start, day_end, MINUTE))
            for offset in offsets:
                found |= {
                    day_start + (start * MINUTE - offset - day_start) % DAY for start in starts
                }
            yield from sorted(found)

    def _boundaries(self) -> set[int]:
        week = self.schedule.week
        plans = [
            *(getattr(week, weekday) for weekday in _WEEKDAYS),
            *(rule.slots for rule in self.schedule.holidays.values()),
            *(exception.slots for exception in self.schedule.exceptions.values()),
        ]
        return {slot.start for plan in plans for slot in plan}

    def _offset(self, at: int) -> int:
        offset = datetime.fromtimestamp(at, self.zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())


def holidays_on(day: date) -> list[str]:
    """Name the holidays of a date in rank order (rules 10, 12 and 13), from 2014 on."""
    return [holiday_id for holiday_id in _HOLIDAYS if holiday_date(holiday_id, day.year) == day]


@cache
def holiday_date(holiday_id: str, year: int) -> date:
    """Work out the date of a holiday."""
    sunday = easter(year)
    after_easter = {
        "goede_vrijdag": -2,
        "eerste_paasdag": 0,
        "tweede_paasdag": 1,
        "hemelvaartsdag": 39,
        "eerste_pinksterdag": 49,
        "tweede_pinksterdag": 50,
    }
    if holiday_id in after_easter:
        return sunday + timedelta(days=after_easter[holiday_id])
    if holiday_id == "koningsdag":
        nominal = date(year, 4, 27)
        return date(year, 4, 26) if nominal.weekday() == _SUNDAY else nominal
    month, day = {
        "nieuwjaarsdag": (1, 1),
        "bevrijdingsdag": (5, 5),
        "eerste_kerstdag": (12, 25),
        "tweede_kerstdag": (12, 26),
    }[holiday_id]
    return date(year, month, day)


@cache
def clock_changes(zone_name: str, first_year: int, last_year: int) -> tuple[int, ...]:
    """Find the instants at which a zone's clocks change, trying every quarter of an hour."""
    zone = ZoneInfo(zone_name)
    start = int(datetime(first_year, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(last_year + 1, 1, 1, tzinfo=UTC).timestamp())
    offsets = [
        (at, datetime.fromtimestamp(at, zone).utcoffset()) for at in range(start, end, 15 * MINUTE)
    ]
    return tuple(at for (_, before), (at, after) in pairwise(offsets) if before != after)


def _is_on(rule: HolidayRule, year: int) -> bool:
    return rule.active and (rule.every == "year" or year % 5 == 0)
