"""The dates of an exception: what they make of it, and edits of them."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from schedules.date_text import DateRange

ExceptionState = Literal["active", "draft", "expired"]


def exception_state(dates: Iterable[DateRange], today: date) -> ExceptionState:
    """Tell an exception that lies wholly before today from a draft, without dates yet (rule 9).

    `today` is in the schedule's zone.
    """
    last = max((span.last for span in dates), default=None)
    if last is None:
        return "draft"
    return "expired" if last < today else "active"


def with_dates(
    present: Iterable[DateRange], added: Iterable[DateRange], removed: Iterable[DateRange]
) -> tuple[DateRange, ...]:
    """Add dates to those of an exception and take others away; the result is in order, joined."""
    days = {day for span in (*present, *added) for day in span}
    days -= {day for span in removed for day in span}
    spans: list[DateRange] = []
    for day in sorted(days):
        if spans and (day - spans[-1].last).days == 1:
            spans[-1] = DateRange(spans[-1].first, day)
        else:
            spans.append(DateRange(day, day))
    return tuple(spans)
