"""Stores to test, and schedules to put into them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schedules.model import CLOSED_ALL_DAY, Schedule
from schedules.sqlite_store import SqliteStore, open_store
from schedules.store import ScheduleStore, Token
from tests.store.saving import MakeSchedule, MakeStore, MakeToken

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture
def saved_at() -> datetime:
    """Give the moment at which these tests save."""
    return AT


@pytest.fixture(params=["sqlite"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeStore]:
    """Open connections to one store, empty at first: a database that joins adds its parameter."""
    opens: dict[str, Callable[[], ScheduleStore]] = {"sqlite": lambda: open_store(tmp_path)}
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(opens[request.param]()))


@pytest.fixture
def store(make_store: MakeStore) -> ScheduleStore:
    """Open one connection to the store under test."""
    return make_store()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Open an SQLite store in `tmp_path`."""
    with closing(open_store(tmp_path)) as store:
        yield store


@pytest.fixture
def make_schedule() -> MakeSchedule:
    """Make schedules that are closed all week; keys as in a document."""

    def make(schedule_id: str = "hoofdkantoor", **changes: object) -> Schedule:
        days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
        document = {
            "id": schedule_id,
            "name": "Hoofdkantoor",
            "pbx": "3cx",
            "week": dict.fromkeys(days, CLOSED_ALL_DAY),
        }
        return Schedule.model_validate(document | changes)

    return make


@pytest.fixture
def make_token() -> MakeToken:
    """Make tokens for all schedules and networks."""

    def make(token_id: str = "t1", **changes: object) -> Token:  # noqa: S107 - an id
        plain: dict[str, object] = {
            "name": "centrale",
            "sha256": (token_id * 64)[:64],
            "is_operator": False,
            "schedules": frozenset(),
            "networks": (),
            "created_at": AT,
        }
        return Token(id=token_id, **plain | changes)  # type: ignore[arg-type]

    return make


@pytest.fixture
def save(store: ScheduleStore, saved_at: datetime) -> Callable[..., None]:
    """Save schedules in one transaction of their own."""

    def save(*schedules: Schedule, author: str = "jan", summary: str = "bewaard") -> None:
        with store.writing(author, saved_at) as writer:
            for schedule in schedules:
                writer.save(schedule, summary=summary)

    return save
