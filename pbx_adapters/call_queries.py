"""What was decided for each call, as it is asked for: one, a list, or counts.

Every function raises `DecisionsUnavailableError`, and finds nothing where nothing is kept yet.
"""

import heapq
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

from pbx_adapters.call_record import NUMBER_BITS, RecordedCall, RecordedOutcome, split_id
from pbx_adapters.call_slice import AlteredError
from pbx_adapters.calls_aside import read_aside
from pbx_adapters.decisions_db import DecisionsUnavailableError, reading_decisions

_TABLE: Final = "calls"
_QUARTER: Final = 900
_DAY: Final = 86_400
_EVER: Final = 2**62
_MOMENT: Final = attrgetter("at", "decision_id")
_BEGIN_ANOTHER: Final = "stop the daemon, move the file away, and start it again: it begins another"
# Each page is a statement of its own: whoever reads slowly must not keep the log from folding in.
_PAGE: Final = 2_000
# So many of a kind are rather looked through than all of a number, caller or schedule.
_FEW: Final = 20_000

_FIND: Final = """
    SELECT id, decided_at, number, caller, dialect, callid, valid_until, told, prefix
    FROM calls JOIN outcomes USING (outcome) JOIN runs ON run = id >> 32
    WHERE id = ((SELECT run FROM runs WHERE prefix = ?) << 32) + ?
"""
_PAGE_OF: Final = """
    SELECT id, decided_at, number, caller, dialect, callid, valid_until, told, prefix
    FROM ({found} ORDER BY decided_at DESC, id DESC LIMIT :limit) AS found
    CROSS JOIN calls USING (id, decided_at)
    CROSS JOIN outcomes USING (outcome) CROSS JOIN runs ON run = id >> 32
    ORDER BY decided_at DESC, id DESC
"""
# The index is named: SQLite can't know how many calls a number has, or a kind.
_FOUND: Final = """
    SELECT id, decided_at FROM calls INDEXED BY {index}
    WHERE {condition} AND decided_at >= :from_at AND (decided_at, id) < (:before_at, :before_id)
"""
_KINDS: Final = """
    SELECT kind, (
        SELECT total(calls) FROM quarter_counts WHERE quarter_counts.kind = kinds.kind
        AND quarter_at > :from_at - 900 AND quarter_at < :before_at
    )
    FROM kinds
    WHERE :status IN ('', status) AND :action IN ('', action) AND :reason IN ('', reason)
"""
_COUNTED: Final = """
    SELECT {unit}_at, {by}, calls FROM {unit}_counts
    WHERE {unit}_at >= :first_at AND {unit}_at < :last_at AND calls > 0
    UNION ALL
    SELECT decided_at - decided_at % :unit, coalesce({by}, 0), 1 FROM calls INDEXED BY calls_by_time
    WHERE decided_at >= :from_at AND decided_at < :first_at
    UNION ALL
    SELECT decided_at - decided_at % :unit, coalesce({by}, 0), 1 FROM calls INDEXED BY calls_by_time
    WHERE decided_at >= :last_at AND decided_at < :until_at
"""
_BY_KIND: Final = """
    SELECT quarter_at, status, action, reason, sum(calls) FROM ({counted}) JOIN kinds USING (kind)
    GROUP BY quarter_at, kind
""".format(counted=_COUNTED.format(unit="quarter", by="kind"))  # noqa: S608 - ours
_BY_NUMBER: Final = """
    SELECT number, sum(calls) FROM ({counted}) GROUP BY number ORDER BY sum(calls) DESC, number
""".format(counted=_COUNTED.format(unit="day", by="number"))  # noqa: S608 - ours


class CallFilter(NamedTuple):
    """Which calls are meant; empty and None mean any.

    From `from_at` up to, not including, `until_at`, in epoch seconds. `number` is E.164, `caller`
    the hash of the caller's number.
    """

    from_at: int | None = None
    until_at: int | None = None
    status: str = ""
    action: str = ""
    reason: str = ""
    number: str = ""
    schedule: str = ""
    caller: int | None = None

    def means(self, call: RecordedCall) -> bool:
        """Tell whether a call is one of them."""
        outcome = call.outcome
        return (
            (self.from_at is None or self.from_at <= call.at)
            and (self.until_at is None or call.at < self.until_at)
            and self.status in {"", outcome.status}
            and self.action in {"", outcome.action}
            and self.reason in {"", outcome.reason}
            and self.number in {"", call.number}
            and self.schedule in {"", outcome.schedule}
            and self.caller in {None, call.caller}
        )


class KindCount(NamedTuple):
    """How many calls of a quarter of an hour, from `quarter_at` in epoch seconds, came out so."""

    quarter_at: int
    status: str
    action: str
    reason: str
    calls: int


def find_call(path: Path, decision_id: str) -> RecordedCall | None:
    """Return the call with this id, None where none is kept."""
    with reading_decisions(path, _TABLE) as db:
        if db is None:
            return None
        # First, for it may be filed meanwhile.
        for call in _aside(db, CallFilter()):
            if call.decision_id == decision_id:
                return call
        rows = db.execute(_FIND, split_id(decision_id)).fetchall()
        return _call_of(*rows[0]) if rows else None


def list_calls(path: Path, wanted: CallFilter, limit: int | None) -> Iterator[RecordedCall]:
    """Yield the calls that are meant, newest first, at most `limit`, a page in memory at a time.

    Without a limit, those that are set aside are in memory all together.
    """
    with reading_decisions(path, _TABLE) as db:
        if db is None:
            return
        aside = _newest(_aside(db, wanted), limit)
        known = {call.decision_id for call in aside}
        # Some may have been filed since.
        filed = (call for call in _filed(db, wanted, limit) if call.decision_id not in known)
        yield from islice(heapq.merge(aside, filed, key=_MOMENT, reverse=True), limit)


def _newest(calls: Iterator[RecordedCall], limit: int | None) -> list[RecordedCall]:
    """Return the newest of many calls, newest first."""
    if limit is None:
        return sorted(calls, key=_MOMENT, reverse=True)
    return heapq.nlargest(limit, calls, key=_MOMENT)


def _aside(db: sqlite3.Connection, wanted: CallFilter) -> Iterator[RecordedCall]:
    """Yield the calls that are meant and not filed yet, oldest first."""
    try:
        yield from filter(wanted.means, read_aside(db))
    except AlteredError as error:
        raise DecisionsUnavailableError(f"{error}; {_BEGIN_ANOTHER}") from None


def _filed(db: sqlite3.Connection, wanted: CallFilter, limit: int | None) -> Iterator[RecordedCall]:
    """Yield the filed calls that are meant, newest first, a page in memory at a time."""
    left = sys.maxsize if limit is None else limit
    values: dict[str, int | str] = {
        "from_at": -_EVER if wanted.from_at is None else wanted.from_at,
        "before_at": _EVER if wanted.until_at is None else wanted.until_at,
        "before_id": 0,
    }
    query = _page_query(db, wanted, values)
    while query and left > 0:
        asked = min(left, _PAGE)
        rows = db.execute(query, values | {"limit": asked}).fetchall()
        for row in rows:
            yield _call_of(*row)
        left = left - asked if len(rows) == asked else 0
        if rows:
            values["before_id"], values["before_at"] = rows[-1][:2]


def _page_query(
    db: sqlite3.Connection, wanted: CallFilter, values: dict[str, int | str]
) -> str | None:
    """Return the statement for a page, its `values` completed; None where nothing can be found."""
    conditions = {}
    if wanted.caller is not None:
        conditions["caller"] = wanted.caller
    if wanted.number:
        conditions["number"] = int(wanted.number)
    if wanted.schedule:
        found = db.execute("SELECT schedule FROM schedules WHERE slug = ?", (wanted.schedule,))
        conditions["schedule"] = next((number for (number,) in found), 0)
    values |= conditions
    arms = [f"{column} = :{column}" for column in conditions]
    index = next(iter(conditions), "time")
    if wanted.status or wanted.action or wanted.reason:
        asked = values | wanted._asdict() | {"from_at": values["from_at"]}
        counts = dict(db.execute(_KINDS, asked).fetchall())
        if not conditions or sum(counts.values()) <= _FEW:
            # One index each, merged by time: together they would have to be sorted.
            return _merged("kind", [" AND ".join([f"kind = {kind}", *arms]) for kind in counts])
        arms.append(f"kind IN ({', '.join(map(str, counts))})")
    return _merged(index, [" AND ".join(arms) or "true"])


def _merged(index: str, conditions: list[str]) -> str | None:
    found = " UNION ALL ".join(
        _FOUND.format(index=f"calls_by_{index}", condition=condition) for condition in conditions
    )
    return _PAGE_OF.format(found=found) if found else None


def count_kinds(path: Path, from_at: int | None, until_at: int | None) -> list[KindCount]:
    """Count the calls of a span of epoch seconds per quarter of an hour and how they came out."""
    span = _span(from_at, until_at, _QUARTER)
    with _reading_at_once(path) as db:
        counts: Counter[tuple[int, str, str, str]] = Counter()
        for quarter_at, status, action, reason, calls in _rows(db, _BY_KIND, span):
            counts[quarter_at, status, action, reason] = calls
        for call in _aside_within(db, span):
            _, _, status, action, reason, *_ = call.outcome
            counts[call.at - call.at % _QUARTER, status, action, reason] += 1
    return [KindCount(*kind, calls) for kind, calls in counts.items()]


def count_numbers(path: Path, from_at: int | None, until_at: int | None) -> list[tuple[str, int]]:
    """Count the calls of a span of epoch seconds per number called, most calls first.

    Those that had no number, or none that could be read, count under an empty text.
    """
    span = _span(from_at, until_at, _DAY)
    with _reading_at_once(path) as db:
        counts = Counter(
            {f"+{number}" if number else "": calls for number, calls in _rows(db, _BY_NUMBER, span)}
        )
        counts.update(call.number or "" for call in _aside_within(db, span))
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


@contextmanager
def _reading_at_once(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Open the database so that every statement finds it as the first one did."""
    with reading_decisions(path, _TABLE) as db:
        if db is not None:
            db.execute("BEGIN")
        yield db


def _rows(db: sqlite3.Connection | None, query: str, span: dict[str, int]) -> list[Any]:
    return [] if db is None else db.execute(query, span).fetchall()


def _aside_within(db: sqlite3.Connection | None, span: dict[str, int]) -> Iterator[RecordedCall]:
    wanted = CallFilter(from_at=span["from_at"], until_at=span["until_at"])
    return iter(()) if db is None else _aside(db, wanted)


def _span(from_at: int | None, until_at: int | None, unit: int) -> dict[str, int]:
    """Return the whole units within a span, which are counted already, and its ends."""
    from_at = -_EVER if from_at is None else from_at
    until_at = _EVER if until_at is None else max(from_at, until_at)
    first_at, last_at = -(-from_at // unit) * unit, until_at // unit * unit
    if first_at > last_at:
        first_at = last_at = until_at
    return {
        "unit": unit,
        "from_at": from_at,
        "first_at": first_at,
        "last_at": last_at,
        "until_at": until_at,
    }


def _call_of(  # noqa: PLR0913, PLR0917 - the columns
    row_id: int,
    at: int,
    number: int | None,
    caller: int | None,
    dialect: str,
    callid: str,
    valid_until: int | None,
    told: str,
    prefix: str,
) -> RecordedCall:
    count = row_id & (1 << NUMBER_BITS) - 1
    decision_id = f"{prefix}-{count:08x}" if count else prefix
    try:
        outcome = _outcome_of(told, valid_until)
    except (TypeError, ValueError):
        raise DecisionsUnavailableError(
            f"what was decided for {decision_id} was altered; {_BEGIN_ANOTHER}"
        ) from None
    return RecordedCall(
        decision_id,
        at,
        dialect,
        None if number is None else f"+{number}",
        caller,
        callid,
        outcome,
    )


@lru_cache(maxsize=4_096)
def _outcome_of(told: str, valid_until: int | None) -> RecordedOutcome:
    """Read what many calls share once."""
    return RecordedOutcome._make([*json.loads(told), valid_until])
