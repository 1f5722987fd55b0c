"""Dates on which the same happens, put together as people would: every week, each day, or once."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Final, Literal, NamedTuple

WEEK: Final = timedelta(days=7)

_FEWEST: Final = 3
_LONGEST_PAUSE: Final = 4 * WEEK


class Repetition(NamedTuple):
    """Dates in order, and how to tell them.

    `weekly`: each of their weekdays from the first to the last, but for `left_out`; `daily`:
    every day from the first to the last; `once`: one date.
    """

    how: Literal["weekly", "daily", "once"]
    days: list[date]
    left_out: list[date]

    @property
    def weekdays(self) -> list[int]:
        """The weekdays, 0 for Monday, that the dates fall on."""
        return sorted({day.weekday() for day in self.days})


def find_repetitions(days: Sequence[date]) -> list[Repetition]:
    """Put dates, in order, together in as few repetitions as it takes; each is in one of them."""
    weekly = [_weekly(days) for days in _weekly_clusters(days)]
    repeated = {day for repetition in weekly for day in repetition.days}
    by_week = [*weekly, *_by_day([day for day in days if day not in repeated])]
    return min(by_week, _by_day(days), key=len)


def stretches(days: Sequence[date], among: Sequence[date]) -> list[list[date]]:
    """Split dates, in order, into those that follow on one another among others they are of."""
    place = {day: index for index, day in enumerate(among)}
    numbered = enumerate(days)
    return [
        [day for _, day in stretch]
        for _, stretch in groupby(numbered, key=lambda pair: place[pair[1]] - pair[0])
    ]


def expected_days(repetition: Repetition) -> list[date]:
    """Return every date from the first to the last that falls on one of the weekdays."""
    first, last = repetition.days[0], repetition.days[-1]
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() in repetition.weekdays]


def _weekly(days: list[date]) -> Repetition:
    found = Repetition("weekly", days, [])
    held = set(days)
    return found._replace(left_out=[day for day in expected_days(found) if day not in held])


def _weekly_clusters(days: Sequence[date]) -> list[list[date]]:
    """Find weekdays that repeat for weeks on end; those that begin and end together are one."""
    clusters: list[list[list[date]]] = []
    for run in sorted(_weekday_runs(days)):
        for cluster in clusters:
            if abs(run[0] - cluster[0][0]) < WEEK and abs(run[-1] - cluster[0][-1]) < WEEK:
                cluster.append(run)
                break
        else:
            clusters.append([run])
    return [sorted(day for run in cluster for day in run) for cluster in clusters]


def _weekday_runs(days: Sequence[date]) -> list[list[date]]:
    runs: list[list[date]] = []
    for weekday in range(7):
        run: list[date] = []
        for day in days:
            if day.weekday() != weekday:
                continue
            if run and day - run[-1] > _LONGEST_PAUSE:
                runs.append(run)
                run = []
            run.append(day)
        runs.append(run)
    return [run for run in runs if len(run) >= _FEWEST and _is_regular(run)]


def _is_regular(run: list[date]) -> bool:
    """Tell whether "every" is fair: at most one date left out for two that are there."""
    weeks = (run[-1] - run[0]) // WEEK + 1
    return 2 * (weeks - len(run)) <= len(run)


def _by_day(days: Sequence[date]) -> list[Repetition]:
    """Put dates that follow on one another together."""
    found = []
    for _, stretch in groupby(enumerate(days), key=lambda pair: pair[1].toordinal() - pair[0]):
        run = [day for _, day in stretch]
        if len(run) >= _FEWEST:
            found.append(Repetition("daily", run, []))
        else:
            found += [Repetition("once", [day], []) for day in run]
    return found
