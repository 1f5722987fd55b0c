"""When each token was last sent, as `decisions.db` holds it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pbx_adapters.decisions_db import read_decisions, writing_decisions

# No clock is set as late as that: beyond it, a row was altered.
_LATEST: Final = 2**34


def write_uses(path: Path, uses: Iterable[tuple[str, int]]) -> None:
    """Note when tokens were last sent: ids with epoch seconds.

    Raises `DecisionsUnavailableError`.
    """
    with writing_decisions(path) as db:
        db.conn.executemany(
            "INSERT INTO token_uses VALUES (?, ?) "
            "ON CONFLICT (token_id) DO UPDATE SET used_at = excluded.used_at",
            list(uses),
        )


def read_uses(path: Path) -> dict[str, datetime]:
    """Return when each token was last sent, by its id, to the minute in UTC.

    Raises `DecisionsUnavailableError`.
    """
    return {
        str(token_id): datetime.fromtimestamp(used_at, UTC)
        for token_id, used_at in read_decisions(path, "token_uses")
        if isinstance(used_at, int) and 0 <= used_at < _LATEST
    }
