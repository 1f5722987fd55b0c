"""A table for the first calls: compiled once somebody asks, while all the others are loaded."""

from collections.abc import Callable

from routing_engine.day_plan import DayRules
from routing_engine.table import IntervalTable


class PendingTable(IntervalTable):
    """A table that `compile_table` makes when anything is asked of it.

    Whatever that raises reaches whoever asked, and so it does again the next time.
    """

    __slots__ = ("_compile_table",)

    def __init__(self, compile_table: Callable[[], IntervalTable]) -> None:
        # The columns are left unset: the first look at one of them comes to __getattr__.
        self._compile_table = compile_table

    def __getattr__(self, column: str) -> object:
        """Compile the table, keep its columns, and return one of them."""
        table = self._compile_table()
        for name in (*DayRules.__slots__, *IntervalTable.__slots__):
            setattr(self, name, getattr(table, name))
        value: object = getattr(table, column)
        return value
