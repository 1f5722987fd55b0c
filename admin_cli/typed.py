"""What was typed, read value by value: every fault has its place, and all are told at once."""

from collections.abc import Callable
from typing import TypeVar, cast

from admin_cli.refusals import RefusedInputError
from schedules.errors import Fault, FaultyValueError

_T = TypeVar("_T")


class Typed:
    """Reads what was typed, value by value, so that the faults of all are told at once."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def read(self, place: str, parse: Callable[[], _T]) -> _T:
        """Return what `parse` returns; where that is refused, nothing fit for use until `check`."""
        try:
            return parse()
        except FaultyValueError as error:
            self._faults += [Fault(place, *pair) for pair in error.faults]
            return cast("_T", None)

    def check(self) -> None:
        """Raise `RefusedInputError` with every fault met."""
        if self._faults:
            raise RefusedInputError((None, fault) for fault in self._faults)


def read_typed(place: str, parse: Callable[[], _T]) -> _T:
    """Read one value alone; raises `RefusedInputError`, which names its place."""
    typed = Typed()
    value = typed.read(place, parse)
    typed.check()
    return value
