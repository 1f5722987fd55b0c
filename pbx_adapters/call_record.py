"""What was decided for each call, as `decisions.db` holds it: written and removed."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from routing_engine.decision import Decision

if TYPE_CHECKING:
    from sqlite_utils import Database

# As the hook makes them: one prefix for each run of the daemon, then a number that counts.
_OWN_ID: Final = re.compile(r"([0-9a-f]{12})-(?!0{8})([0-9a-f]{8})")
NUMBER_BITS: Final = 32

_HOUR: Final = 3_600

# Python's lock is free for the calls during a statement: the fewer, the better. What calls share
# comes as one JSON text; of the calls there are far more, and JSON would be most of their cost.
_NOTE_RUNS: Final = """
    INSERT INTO runs (prefix, used_until) SELECT value, :used_until FROM json_each(:prefixes)
    WHERE true
    ON CONFLICT (prefix) DO UPDATE SET used_until = excluded.used_until
    WHERE used_until < excluded.used_until
"""
_NOTE_SCHEDULES: Final = """
    INSERT INTO schedules (slug, used_until)
    SELECT DISTINCT json_extract(value, '$[0]'), :used_until FROM json_each(:outcomes) WHERE true
    ON CONFLICT (slug) DO UPDATE SET used_until = excluded.used_until
    WHERE used_until < excluded.used_until
"""
_NOTE_KINDS: Final = """
    INSERT OR IGNORE INTO kinds (status, action, reason)
    SELECT DISTINCT json_extract(value, '$[1]'), json_extract(value, '$[2]'),
        json_extract(value, '$[3]')
    FROM json_each(:outcomes)
"""
_NOTE_OUTCOMES: Final = """
    INSERT INTO outcomes (told, schedule, kind, used_until)
    SELECT json_extract(value, '$[4]'), schedule, kind, :used_until
    FROM json_each(:outcomes)
    JOIN schedules ON slug = json_extract(value, '$[0]')
    JOIN kinds ON status = json_extract(value, '$[1]') AND action = json_extract(value, '$[2]')
        AND reason = json_extract(value, '$[3]')
    WHERE true
    ON CONFLICT (told) DO UPDATE SET used_until = excluded.used_until
    WHERE outcomes.used_until < excluded.used_until
"""
_FIND_RUNS: Final = "SELECT prefix, run FROM json_each(:prefixes) JOIN runs ON prefix = value"
_FIND_OUTCOMES: Final = """
    SELECT told, outcome, schedule, kind FROM json_each(:outcomes) JOIN outcomes
    ON told = json_extract(value, '$[4]')
"""
_COLUMNS: Final = (
    *("id", "decided_at", "number", "caller", "dialect", "callid", "valid_until"),
    *("outcome", "schedule", "kind"),
)
# Within what SQLite takes as parameters of one statement.
_CALLS_AT_ONCE: Final = 250
_REMOVE_CALLS: Final = """
    DELETE FROM calls WHERE id IN
    (SELECT id FROM calls WHERE decided_at < ? ORDER BY decided_at LIMIT ?)
"""
_REMOVE_UNUSED: Final = (
    "DELETE FROM runs WHERE used_until <= ?",
    "DELETE FROM schedules WHERE used_until <= ?",
    "DELETE FROM outcomes WHERE used_until <= ?",
    "DELETE FROM quarter_counts WHERE quarter_at < ? AND calls <= 0",
    "DELETE FROM day_counts WHERE day_at < ? AND calls <= 0",
)


class RecordedOutcome(NamedTuple):
    """What many calls get alike: the decision's fields as the hook's answer names them.

    Texts are empty and the others None where there is none; `valid_until` is in epoch seconds.
    """

    schedule: str
    revision: int | None
    status: str
    action: str
    reason: str
    rule: str
    audio: str
    forward: str
    voicemail: str
    error: str
    valid_until: int | None


class RecordedCall(NamedTuple):
    """One call: when, in epoch seconds, what was asked, and what it got.

    `number` is the E.164 number called, None where a schedule was asked or it couldn't be read.
    `caller` is the keyed hash of the caller's number, below 2**63, None where there was none.
    """

    decision_id: str
    at: int
    dialect: str
    number: str | None
    caller: int | None
    callid: str
    outcome: RecordedOutcome


def record_outcome(decision: Decision) -> RecordedOutcome:
    """Return what is kept of a decision."""
    outcome = decision.outcome
    return RecordedOutcome(
        decision.schedule,
        decision.revision,
        outcome.status,
        outcome.action,
        decision.reason,
        decision.rule,
        outcome.audio,
        outcome.forward,
        outcome.voicemail,
        outcome.error,
        decision.valid_until,
    )


class SharedRows:
    """Where the rows are that calls share, as written within an hour and one database.

    Spares looking them up for every slice. After a transaction that failed, begin with another.
    """

    def __init__(self) -> None:
        self.used_until = 0
        # The numbers of an outcome, its schedule and its kind.
        self.outcomes: dict[RecordedOutcome, tuple[int, int, int]] = {}


def write_calls(
    db: "Database", calls: Sequence[RecordedCall], shared: SharedRows | None = None
) -> None:
    """Keep calls; one whose id is kept already is left as it is.

    `shared` is what earlier calls of this database had in common. Within a transaction of
    `writing_decisions`.
    """
    if not calls:
        return
    shared = SharedRows() if shared is None else shared
    # The end of an hour: so what is in use is hardly ever written again.
    used_until = max(call.at for call in calls) // _HOUR * _HOUR + _HOUR
    ids = [split_id(call.decision_id) for call in calls]
    noted = {
        "used_until": used_until,
        "prefixes": json.dumps(sorted({prefix for prefix, _ in ids})),
    }
    known_runs = len(db.execute(_FIND_RUNS, noted).fetchall())
    db.execute(_NOTE_RUNS, noted)
    runs = dict(db.execute(_FIND_RUNS, noted).fetchall())
    if known_runs < len(runs) or shared.used_until != used_until:
        # A run that isn't known may mean that the database is another one by now.
        shared.outcomes.clear()
        shared.used_until = used_until
    _note_outcomes(db, {call.outcome for call in calls} - shared.outcomes.keys(), shared)
    values: list[int | str | None] = []
    for (prefix, count), call in zip(ids, calls, strict=True):
        _, at, dialect, number, caller, callid, outcome = call
        values += (
            runs[prefix] << NUMBER_BITS | count,
            at,
            None if number is None else int(number),
            caller,
            dialect,
            storable(callid),
            outcome.valid_until,
            *shared.outcomes[outcome],
        )
    at_once = _CALLS_AT_ONCE * len(_COLUMNS)
    for first in range(0, len(values), at_once):
        slice_values = values[first : first + at_once]
        db.execute(_insertion(len(slice_values) // len(_COLUMNS)), slice_values)


def storable(text: str) -> str:
    """Return a text that SQLite and JSON can hold, whatever a PBX sent."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _note_outcomes(db: "Database", outcomes: set[RecordedOutcome], shared: SharedRows) -> None:
    """Write outcomes with their schedules and kinds, and learn their numbers."""
    if not outcomes:
        return
    told = {outcome: json.dumps(outcome[:-1]) for outcome in outcomes}
    noted = {
        "used_until": shared.used_until,
        "outcomes": json.dumps(
            [(one.schedule, one.status, one.action, one.reason, text) for one, text in told.items()]
        ),
    }
    for statement in (_NOTE_SCHEDULES, _NOTE_KINDS, _NOTE_OUTCOMES):
        db.execute(statement, noted)
    found = {text: numbers for text, *numbers in db.execute(_FIND_OUTCOMES, noted)}
    shared.outcomes.update({outcome: tuple(found[text]) for outcome, text in told.items()})


@lru_cache(maxsize=32)
def _insertion(count: int) -> str:
    """Return the statement that inserts so many calls."""
    gaps = ", ".join("?" * len(_COLUMNS))
    rows = ", ".join([f"({gaps})"] * count)
    return (
        f"INSERT INTO calls ({', '.join(_COLUMNS)}) VALUES {rows} "  # noqa: S608 - ours
        "ON CONFLICT (id) DO NOTHING"
    )


def remove_calls_before(db: "Database", at: int, limit: int) -> int:
    """Remove at most `limit` of the calls before an instant, and tell how many that were.

    When fewer are removed, none is left, nor anything that only they named. Within a transaction
    of `writing_decisions`.
    """
    removed = db.execute(_REMOVE_CALLS, (at, limit)).rowcount
    if removed < limit:
        for statement in _REMOVE_UNUSED:
            db.execute(statement, (at,))
    return removed


def split_id(decision_id: str) -> tuple[str, int]:
    """Return what stands for a decision's run and its number in it.

    One that the hook didn't make stands for a run of its own, with number 0.
    """
    match = _OWN_ID.fullmatch(decision_id)
    return (decision_id, 0) if match is None else (match[1], int(match[2], 16))
