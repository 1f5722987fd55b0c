"""`decisions.db`: what calls write, apart from the store so that it wakes nobody.

No call needs what it holds. One that is damaged is put aside and begun anew.
"""

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pbx_adapters.side_database import HeldOpen, SideDatabase, SideDatabaseUnavailableError

if TYPE_CHECKING:
    from sqlite_utils import Database


_CALLS: Final = (
    """CREATE TABLE runs (
        run INTEGER PRIMARY KEY, prefix TEXT NOT NULL UNIQUE, used_until INTEGER NOT NULL)""",
    """CREATE TABLE schedules (
        schedule INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, used_until INTEGER NOT NULL)""",
    """CREATE TABLE kinds (
        kind INTEGER PRIMARY KEY, status TEXT NOT NULL, action TEXT NOT NULL, reason TEXT NOT NULL,
        UNIQUE (status, action, reason))""",
    """CREATE TABLE outcomes (
        outcome INTEGER PRIMARY KEY, told TEXT NOT NULL UNIQUE, schedule INTEGER NOT NULL,
        kind INTEGER NOT NULL, used_until INTEGER NOT NULL)""",
    "CREATE INDEX outcomes_by_use ON outcomes (used_until)",
    """CREATE TABLE calls (
        id INTEGER PRIMARY KEY, decided_at INTEGER NOT NULL, number INTEGER, caller INTEGER,
        dialect TEXT NOT NULL, callid TEXT NOT NULL, outcome INTEGER NOT NULL,
        schedule INTEGER NOT NULL, kind INTEGER NOT NULL, valid_until INTEGER)""",
    "CREATE INDEX calls_by_time ON calls (decided_at)",
    "CREATE INDEX calls_by_number ON calls (number, decided_at) WHERE number IS NOT NULL",
    "CREATE INDEX calls_by_caller ON calls (caller, decided_at) WHERE caller IS NOT NULL",
    "CREATE INDEX calls_by_schedule ON calls (schedule, decided_at)",
    "CREATE INDEX calls_by_kind ON calls (kind, decided_at)",
    # Every zone of today is a whole number of quarters away from UTC.
    """CREATE TABLE quarter_counts (
        quarter_at INTEGER NOT NULL, kind INTEGER NOT NULL, calls INTEGER NOT NULL,
        PRIMARY KEY (quarter_at, kind)) WITHOUT ROWID""",
    """CREATE TABLE day_counts (
        day_at INTEGER NOT NULL, number INTEGER NOT NULL, calls INTEGER NOT NULL,
        PRIMARY KEY (day_at, number)) WITHOUT ROWID""",
    """CREATE TRIGGER calls_added AFTER INSERT ON calls BEGIN
        INSERT INTO quarter_counts VALUES (new.decided_at - new.decided_at % 900, new.kind, 1)
            ON CONFLICT DO UPDATE SET calls = calls + 1;
        INSERT INTO day_counts
            VALUES (new.decided_at - new.decided_at % 86400, coalesce(new.number, 0), 1)
            ON CONFLICT DO UPDATE SET calls = calls + 1;
    END""",
    """CREATE TRIGGER calls_removed AFTER DELETE ON calls BEGIN
        UPDATE quarter_counts SET calls = calls - 1
            WHERE quarter_at = old.decided_at - old.decided_at % 900 AND kind = old.kind;
        UPDATE day_counts SET calls = calls - 1
            WHERE day_at = old.decided_at - old.decided_at % 86400
            AND number = coalesce(old.number, 0);
    END""",
)


class DecisionsUnavailableError(SideDatabaseUnavailableError):
    """What calls write can't be read or written."""


def m001_token_uses(db: "Database") -> None:
    """Keep when each token was last sent, in epoch seconds, to the minute."""
    db.execute(
        "CREATE TABLE token_uses (token_id TEXT NOT NULL PRIMARY KEY, used_at INTEGER NOT NULL) "
        "WITHOUT ROWID"
    )


def m002_calls(db: "Database") -> None:
    """Keep what was decided for each call; see `call_record.py`.

    Of what many calls share there is one row each, which goes with the last of them: `used_until`
    is the end of the hour of that one. Both counts follow their calls by triggers. Moments are
    epoch seconds; a number is that of its E.164 digits.
    """
    for statement in _CALLS:
        db.execute(statement)


# Each release may add steps, none is edited.
STEPS: Final = {step.__name__: step for step in (m001_token_uses, m002_calls)}
_DECISIONS: Final = SideDatabase("decisions", STEPS, DecisionsUnavailableError)


def writing_decisions(
    path: Path, held: HeldOpen | None = None
) -> AbstractContextManager["Database"]:
    """Open the database for one transaction, made where it isn't, unless it is `held` open.

    One that is damaged is renamed to `decisions.db.damaged`, and the next attempt makes another.
    Raises `DecisionsUnavailableError`.
    """
    return _DECISIONS.writing(path, held)


def read_decisions(path: Path, table: str) -> list[tuple[object, ...]]:
    """Return the rows of a table, none where there is no database or table yet.

    Raises `DecisionsUnavailableError`.
    """
    with reading_decisions(path, table) as db:
        return [] if db is None else db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - ours


def reading_decisions(path: Path, table: str) -> AbstractContextManager[sqlite3.Connection | None]:
    """Open the database to be read, None where there is none or no such table yet.

    Raises `DecisionsUnavailableError`.
    """
    return _DECISIONS.reading(path, table)


def check_decisions(path: Path) -> None:
    """Look through the database for damage, for some seconds.

    Raises `DecisionsUnavailableError`.
    """
    _DECISIONS.check(path)
