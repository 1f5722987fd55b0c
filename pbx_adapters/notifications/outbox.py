"""`outbox.db`: what receivers are still to be told, and up to where the store was followed.

Both change in one transaction, so that no event is lost or noted twice. What a power cut takes
back is found in the store again, and has the same id.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pbx_adapters.notifications.override_news import Planned
from pbx_adapters.side_database import SideDatabase, SideDatabaseUnavailableError

if TYPE_CHECKING:
    from sqlite_utils import Database

GIVE_UP_SECONDS: Final = 3 * 86_400
_LONGEST_PAUSE: Final = 6 * 3_600
_SHORTEST_PAUSE: Final = 30
# 30 s doubled as often as that is more than six hours.
_DOUBLINGS: Final = 10
_KEPT_SECONDS: Final = 30 * 86_400
_WHY_LENGTH: Final = 300

_TABLES: Final = (
    """CREATE TABLE position (
        id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), file TEXT NOT NULL,
        revision INTEGER NOT NULL, looked_at INTEGER NOT NULL)""",
    """CREATE TABLE seen (
        schedule TEXT NOT NULL PRIMARY KEY, revision INTEGER NOT NULL, sha256 TEXT NOT NULL)
        WITHOUT ROWID""",
    """CREATE TABLE running (
        schedule TEXT NOT NULL PRIMARY KEY, override TEXT NOT NULL, from_at INTEGER NOT NULL,
        until_at INTEGER NOT NULL, treatment TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE deliveries (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, receiver TEXT NOT NULL,
        channel TEXT NOT NULL, kind TEXT NOT NULL, schedule TEXT NOT NULL, at INTEGER NOT NULL,
        told TEXT NOT NULL, noted_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        next_at INTEGER, why TEXT NOT NULL DEFAULT '')""",
    "CREATE INDEX deliveries_waiting ON deliveries (receiver, next_at) WHERE next_at IS NOT NULL",
)


class OutboxUnavailableError(SideDatabaseUnavailableError):
    """What is still to be told can't be read or written."""


def m001_outbox(db: "Database") -> None:
    """Keep the position in the store, what ran there, and deliveries.

    Moments are epoch seconds. A delivery without `next_at` was given up.
    """
    for statement in _TABLES:
        db.execute(statement)


# Each release may add steps, none is edited.
STEPS: Final = {step.__name__: step for step in (m001_outbox,)}
_OUTBOX: Final = SideDatabase("outbox", STEPS, OutboxUnavailableError)


class Position(NamedTuple):
    """Up to where the store was followed: its file, its revision, and when that was."""

    file: str
    revision: int
    looked_at: int


class Seen(NamedTuple):
    """The last revision of a schedule that was followed."""

    revision: int
    sha256: str


class Followed(NamedTuple):
    """What is known of the store: where it stood, and what each schedule had and ran then."""

    position: Position
    seen: Mapping[str, Seen]
    running: Mapping[str, Planned]


class Delivery(NamedTuple):
    """One event on its way to one receiver.

    `told` is what is told of it; `next_at` is when it is tried next, None once it was given up.
    """

    number: int
    id: str
    receiver: str
    channel: str
    kind: str
    schedule: str
    at: int
    told: dict[str, Any]
    noted_at: int
    attempts: int
    next_at: int | None
    why: str


class NewDelivery(NamedTuple):
    """A delivery to be put in."""

    id: str
    receiver: str
    channel: str
    kind: str
    schedule: str
    at: int
    told: Mapping[str, Any]


class Attempt(NamedTuple):
    """What came of one attempt: sent, or else why not, `is_final` where another makes no sense."""

    is_sent: bool
    why: str = ""
    is_final: bool = False


def writing_outbox(path: Path) -> AbstractContextManager["Database"]:
    """Open the outbox for one transaction, made where it isn't.

    One that is damaged is renamed to `outbox.db.damaged`, and the next attempt makes another.
    Raises `OutboxUnavailableError`.
    """
    return _OUTBOX.writing(path)


def reading_outbox(path: Path) -> AbstractContextManager[sqlite3.Connection | None]:
    """Open the outbox to read from it, None where there is none; raises the same."""
    return _OUTBOX.reading(path, "deliveries")


def check_outbox(path: Path) -> None:
    """Look through the outbox for damage, for some seconds; raises `OutboxUnavailableError`."""
    _OUTBOX.check(path)


def put_outbox_aside(path: Path) -> None:
    """Rename a damaged outbox, so that another is begun."""
    _OUTBOX.put_aside(path)


def read_followed(db: "Database") -> Followed | None:
    """Return up to where the store was followed, None where that is still to begin."""
    rows = db.execute("SELECT file, revision, looked_at FROM position").fetchall()
    if not rows:
        return None
    seen = db.execute("SELECT schedule, revision, sha256 FROM seen")
    running = db.execute("SELECT * FROM running")
    return Followed(
        Position(*rows[0]),
        {schedule: Seen(*fields) for schedule, *fields in seen},
        {schedule: Planned(*fields) for schedule, *fields in running},
    )


def has_position(db: "Database") -> bool:
    """Tell whether the store was followed up to anywhere."""
    return bool(db.execute("SELECT 1 FROM position").fetchall())


def begin_following(db: "Database", followed: Followed) -> None:
    """Follow the store from this position on; nothing that was before is told."""
    for table in ("position", "seen", "running"):
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - ours
    db.conn.execute("INSERT INTO position VALUES (1, ?, ?, ?)", followed.position)
    _write_seen(db, followed.seen)
    _write_running(db, followed.running)


def forget_position(path: Path) -> None:
    """Begin at the present again, whenever somebody is to be told next; give up what waits."""
    with reading_outbox(path) as db:
        is_there = db is not None and bool(db.execute("SELECT 1 FROM position").fetchall())
    if is_there:
        with writing_outbox(path) as db:
            db.execute("DELETE FROM position")
            give_up_others(db, ())


def move_on(
    db: "Database",
    before: Position,
    position: Position,
    seen: Mapping[str, Seen | None],
    running: Mapping[str, Planned | None],
) -> bool:
    """Move from one position to the next; tell whether this one was still the last.

    `seen` and `running` hold what differs, None for what is no more.
    """
    moved = db.conn.execute(
        "UPDATE position SET file = ?, revision = ?, looked_at = ? "
        "WHERE file = ? AND revision = ? AND looked_at = ?",
        (*position, *before),
    )
    if not moved.rowcount:
        return False
    for table, changes in (("seen", seen), ("running", running)):
        gone = [(schedule,) for schedule, one in changes.items() if one is None]
        db.conn.executemany(f"DELETE FROM {table} WHERE schedule = ?", gone)  # noqa: S608 - ours
    _write_seen(db, {schedule: one for schedule, one in seen.items() if one})
    _write_running(db, {schedule: one for schedule, one in running.items() if one})
    return True


def add_deliveries(db: "Database", deliveries: Iterable[NewDelivery], at: int) -> None:
    """Put deliveries in, to be sent at once; one that is there already is left as it is."""
    db.conn.executemany(
        "INSERT OR IGNORE INTO deliveries "
        "(id, receiver, channel, kind, schedule, at, told, noted_at, next_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(*one[:-1], json.dumps(one.told, ensure_ascii=False), at, at) for one in deliveries],
    )
    db.conn.execute(
        "DELETE FROM deliveries WHERE next_at IS NULL AND noted_at < ?", (at - _KEPT_SECONDS,)
    )


def due(db: sqlite3.Connection, receiver: str, at: int, limit: int) -> list[Delivery]:
    """Return what a receiver is to be told now, oldest first; raises `OutboxUnavailableError`."""
    # No pause is longer than that: the clock was put back since.
    rows = db.execute(
        "SELECT * FROM deliveries WHERE receiver = ? AND (next_at <= ? OR next_at > ?) "
        "ORDER BY number LIMIT ?",
        (receiver, at, at + _LONGEST_PAUSE, limit),
    )
    return list(map(_delivery, rows))


def count_waiting(db: sqlite3.Connection) -> int:
    """Return how many deliveries wait."""
    rows = db.execute("SELECT count(*) FROM deliveries WHERE next_at IS NOT NULL")
    return int(rows.fetchone()[0])


def list_deliveries(path: Path) -> list[Delivery]:
    """Return everything that waits or was given up, oldest first."""
    with reading_outbox(path) as db:
        if db is None:
            return []
        return list(map(_delivery, db.execute("SELECT * FROM deliveries ORDER BY number")))


def note_attempt(db: "Database", delivery: Delivery, attempt: Attempt, at: int) -> int | None:
    """Note what came of an attempt: one that was sent goes.

    Returns when it is tried next, None where it is sent or given up.
    """
    if attempt.is_sent:
        db.conn.execute("DELETE FROM deliveries WHERE id = ?", (delivery.id,))
        return None
    pause = min(_SHORTEST_PAUSE << min(delivery.attempts, _DOUBLINGS), _LONGEST_PAUSE)
    is_over = attempt.is_final or at >= delivery.noted_at + GIVE_UP_SECONDS
    next_at = None if is_over else at + pause
    db.conn.execute(
        "UPDATE deliveries SET attempts = attempts + 1, next_at = ?, why = ? WHERE id = ?",
        (next_at, attempt.why[:_WHY_LENGTH], delivery.id),
    )
    return next_at


def give_up_others(db: "Database", receivers: Iterable[str]) -> None:
    """Give up what is for receivers that nobody wants to be told any more."""
    db.conn.execute(
        "UPDATE deliveries SET next_at = NULL, why = 'no such receiver is configured any more' "
        "WHERE next_at IS NOT NULL AND receiver NOT IN (SELECT value FROM json_each(?))",
        (json.dumps(list(receivers)),),
    )


def retry(db: "Database", receiver: str | None, at: int) -> int:
    """Have everything tried now that waits or was given up, for one receiver or all; count it."""
    changed = db.conn.execute(
        "UPDATE deliveries SET next_at = :at, attempts = 0, "
        "noted_at = CASE WHEN next_at IS NULL THEN :at ELSE noted_at END "
        "WHERE :receiver IN (receiver, '')",
        {"at": at, "receiver": receiver or ""},
    )
    return changed.rowcount


def _delivery(row: tuple[Any, ...]) -> Delivery:
    fields = Delivery(*row)
    try:
        return fields._replace(told=json.loads(row[7]))
    except ValueError:
        told = f"is damaged (delivery {fields.number}); the daemon puts it aside and begins another"
        raise OutboxUnavailableError(told, is_damaged=True) from None


def _write_seen(db: "Database", seen: Mapping[str, Seen]) -> None:
    rows = [(schedule, *one) for schedule, one in seen.items()]
    db.conn.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", rows)


def _write_running(db: "Database", running: Mapping[str, Planned]) -> None:
    rows = [(schedule, *one) for schedule, one in running.items()]
    db.conn.executemany("INSERT OR REPLACE INTO running VALUES (?, ?, ?, ?, ?, ?)", rows)
