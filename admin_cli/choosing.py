"""Which schedules a command is about: those named, a company's, or all of them."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import click

from admin_cli.editing import PresentSchedules
from admin_cli.invocation import tell
from admin_cli.typed import Typed
from schedules.errors import NotFoundError
from schedules.field_text import fold
from schedules.revisions import DamagedRevisionError
from schedules.search import may_hold, parse_query


def many_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--company` and `--all`, which `read_choice` takes."""
    for decorate in (
        click.option("--all", "is_all", is_flag=True, help="All schedules."),
        click.option(
            "--company", metavar="NAME", help="All schedules of this company, named in full."
        ),
    ):
        command = decorate(command)
    return command


class Choice(NamedTuple):
    """Which schedules are meant: `schedule_ids`, or else a company's, or else all."""

    schedule_ids: tuple[str, ...]
    company: str | None

    def ids_in(
        self, present: PresentSchedules, may_concern: Callable[[str], bool] = bool
    ) -> list[str]:
        """Return the ids of these schedules; raises `NotFoundError` for a company that has none.

        Of all schedules, those are left out whose stored text can't concern the command.
        """
        if self.schedule_ids:
            return list(self.schedule_ids)
        if self.company is None:
            return [
                one.schedule_id for one in present.store.currents() if may_concern(one.document)
            ]
        chosen = list(_ids_of_company(present, self.company))
        if not chosen:
            raise NotFoundError(
                f"no schedule is of company {self.company!r}; `bereikbaar schedule search` finds "
                "companies by a part of their name"
            )
        return chosen


def read_choice(
    typed: Typed, schedule_ids: tuple[str, ...], *, company: str | None, is_all: bool
) -> Choice:
    """Read which schedules are meant; raises `UsageError` unless it is said in one way."""
    if bool(schedule_ids) + (company is not None) + is_all != 1:
        raise click.UsageError("say which schedules: IDs, --company NAME or --all, one of these")
    if company is not None:
        typed.read("--company", lambda: parse_query(company))
    return Choice(schedule_ids, company)


def _ids_of_company(present: PresentSchedules, company: str) -> Iterator[str]:
    query, wanted = parse_query(company), fold(company.strip())
    for current in present.store.currents():
        # Whoever pulls the brake of one company doesn't wait until all others are read.
        if not may_hold(current.document, query):
            continue
        try:
            found = present(current.schedule_id).company or ""
        except DamagedRevisionError as error:
            tell(f"Warning: passed over: {error}")
            continue
        if fold(found.strip()) == wanted:
            yield current.schedule_id
