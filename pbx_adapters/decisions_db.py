"""`decisions.db`: what calls write, apart from the store so that it wakes nobody.

No call needs what it holds. One that is damaged is put aside and begun anew.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pbx_adapters.side_database import SideDatabase, SideDatabaseUnavailableError

if TYPE_CHECKING:
    from sqlite_utils import Database


class DecisionsUnavailableError(SideDatabaseUnavailableError):
    """What calls write can't be read or written."""


def m001_token_uses(db: "Database") -> None:
    """Keep when each token was last sent, in epoch seconds, to the minute."""
    db.execute(
        "CREATE TABLE token_uses (token_id TEXT NOT NULL PRIMARY KEY, used_at INTEGER NOT NULL) "
        "WITHOUT ROWID"
    )


# Each release may add steps, none is edited.
STEPS: Final = {step.__name__: step for step in (m001_token_uses,)}
_DECISIONS: Final = SideDatabase("decisions", STEPS, DecisionsUnavailableError)


def writing_decisions(path: Path) -> AbstractContextManager["Database"]:
    """Open the database for one transaction, made where it isn't.

    One that is damaged is renamed to `decisions.db.damaged`, and the next attempt makes another.
    Raises `DecisionsUnavailableError`.
    """
    return _DECISIONS.writing(path)


def read_decisions(path: Path, table: str) -> list[tuple[object, ...]]:
    """Return the rows of a table, none where there is no database or table yet.

    Raises `DecisionsUnavailableError`.
    """
    with _DECISIONS.reading(path, table) as connection:
        if connection is None:
            return []
        return connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - ours
