"""The Dutch holidays a schedule can switch on, and the dates they fall on (semantics.md 10-13)."""

from __future__ import annotations

import functools
from datetime import date
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holidays import HolidayBase

HOLIDAY_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
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
)
HOLIDAY_IDS: Final[tuple[str, ...]] = tuple(HOLIDAY_NAMES)

_LAST_YEAR: Final = 2200
_EPOCH: Final = date(1970, 1, 1).toordinal()


@functools.lru_cache(maxsize=512)
def holiday_dates(year: int) -> Mapping[str, date]:
    """Give the date of every Dutch holiday in a calendar year, by id in rank order.

    Koningsdag has none before 2014: 30 April was Koninginnedag then, another holiday.
    Years from 1966 to 2200 have dates; any other year has none, so that a clock that is far
    off still gets an answer (architecture.md: `resolve` is total).
    Source: semantics.md rules 10 and 12.
    """
    # Importing the library takes 60 ms, too long for a command that needs no holiday.
    from holidays import OPTIONAL, PUBLIC  # noqa: PLC0415

    found: dict[str, date] = {}
    listed = _dutch_holidays()(years=year, categories=(PUBLIC, OPTIONAL), language="nl")
    for day, joined_names in listed.items():
        for name in joined_names.split("; "):
            found[name.lower().replace(" ", "_")] = day
    return MappingProxyType({id_: found[id_] for id_ in HOLIDAY_IDS if id_ in found})


@functools.cache
def _dutch_holidays() -> type[HolidayBase]:
    """Load the library's file for the Netherlands by itself, and have it go on past 2100.

    Its package would bring 250 countries along, which takes 120 ms of every start.
    """
    import holidays  # noqa: PLC0415 - as above

    folder = f"{holidays.__path__[0]}/countries"
    spec = PathFinder.find_spec("holidays.countries.netherlands", [folder])
    if spec is None or spec.loader is None:
        raise ImportError(f"this version of holidays has no netherlands.py in {folder}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    country: type[HolidayBase] = module.Netherlands
    # The library stops at 2100 by default, silently; 400 days of horizon reach past that.
    return type("DutchHolidays", (country,), {"end_year": _LAST_YEAR})


@functools.lru_cache(maxsize=512)
def holidays_by_day(year: int) -> Mapping[int, tuple[str, ...]]:
    """Give the ids of the holidays on each epoch day (days since 1970-01-01) of a year.

    Ids that share a day stand in rank order, the one that wins first (semantics.md rule 13).
    """
    by_day: dict[int, tuple[str, ...]] = {}
    for holiday_id, day in holiday_dates(year).items():
        epoch_day = day.toordinal() - _EPOCH
        by_day[epoch_day] = (*by_day.get(epoch_day, ()), holiday_id)
    return MappingProxyType(by_day)


def moved_from(holiday_id: str, day: date) -> date | None:
    """Give the nominal date of a holiday that is kept on another `day` that year, else None.

    Only koningsdag moves: from Sunday 27 to Saturday 26 April (semantics.md rule 12).
    None too when the holiday is not kept on `day` at all.
    """
    if holiday_id != "koningsdag" or holiday_dates(day.year).get(holiday_id) != day:
        return None
    nominal = date(day.year, 4, 27)
    return None if day == nominal else nominal


def moved_to(holiday_id: str, day: date) -> date | None:
    """Give the date on which a holiday is kept instead of its nominal `day` that year, else None.

    The reverse of `moved_from`: Saturday 26 April for koningsdag on Sunday 27 April.
    """
    kept = holiday_dates(day.year).get(holiday_id)
    return kept if kept is not None and moved_from(holiday_id, kept) == day else None


def is_lustrum(year: int) -> bool:
    """Tell whether a year is divisible by five: bevrijdingsdag's lustrum (semantics.md 11)."""
    return year % 5 == 0
