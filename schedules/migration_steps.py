"""The tables of the SQLite database, step by step; each release may add steps, none is edited."""

import secrets
from typing import TYPE_CHECKING, Final

from schedules.sqlite_rows import messages_in, seal, seal_number

if TYPE_CHECKING:
    from sqlite_utils import Database

# A schedule's row says which revision holds, and a deletion is a revision with an empty document.
# The seals are the exclusive or of a digest per row: a row that is lost or altered shows.
# Blocks have an index of their own: next to numbers they are few, and only they can reach beyond
# the number they start with.
_FIRST: Final = """
CREATE TABLE revisions (
    schedule_id TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision > 0),
    document TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    author TEXT NOT NULL,
    saved_at TEXT NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (schedule_id, revision)
);
CREATE TRIGGER revisions_are_never_rewritten BEFORE UPDATE ON revisions
BEGIN SELECT RAISE(ABORT, 'revisions are never rewritten'); END;
CREATE TRIGGER revisions_are_never_removed BEFORE DELETE ON revisions
BEGIN SELECT RAISE(ABORT, 'revisions are never removed'); END;
CREATE TABLE schedules (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    changed_in INTEGER NOT NULL,
    FOREIGN KEY (id, revision) REFERENCES revisions (schedule_id, revision)
) WITHOUT ROWID;
CREATE INDEX schedules_changed_in ON schedules (changed_in);
CREATE TABLE numbers (
    first INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= first),
    schedule_id TEXT NOT NULL REFERENCES schedules (id)
);
CREATE INDEX numbers_first ON numbers (first);
CREATE INDEX numbers_blocks ON numbers (first, last) WHERE last > first;
CREATE INDEX numbers_schedule_id ON numbers (schedule_id);
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    is_operator INTEGER NOT NULL,
    schedules TEXT NOT NULL,
    networks TEXT NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT
);
CREATE TABLE state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    tokens_changed_in INTEGER NOT NULL,
    schedules_seal TEXT NOT NULL,
    numbers_seal TEXT NOT NULL,
    tokens_seal TEXT NOT NULL
);
INSERT INTO state VALUES (1, 0, 0, '0', '0', '0');
"""

# What was purged stands nowhere any more: a reader that is not yet at `forgotten_in`, the store
# revision of the last deletion that was purged, can't be told of it.
# Revisions can be removed only of a schedule without a row of its own, and that row only once the
# schedule is deleted: a purge, and nothing else.
_LOCKS_AND_PURGES: Final = """
CREATE TABLE locks (
    schedule_id TEXT NOT NULL PRIMARY KEY REFERENCES schedules (id),
    holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE broken_locks (
    schedule_id TEXT NOT NULL REFERENCES schedules (id),
    holder TEXT NOT NULL,
    broken_by TEXT NOT NULL,
    broken_at INTEGER NOT NULL
);
CREATE INDEX broken_locks_schedule_id ON broken_locks (schedule_id);
ALTER TABLE state ADD COLUMN lock_changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN forgotten_in INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER revisions_are_never_removed;
CREATE TRIGGER revisions_are_never_removed BEFORE DELETE ON revisions
WHEN EXISTS (SELECT 1 FROM schedules WHERE id = OLD.schedule_id)
BEGIN SELECT RAISE(ABORT, 'revisions are never removed'); END;
CREATE TRIGGER schedules_are_deleted_first BEFORE DELETE ON schedules
WHEN EXISTS (
    SELECT 1 FROM revisions
    WHERE schedule_id = OLD.id AND revision = OLD.revision AND document <> ''
)
BEGIN SELECT RAISE(ABORT, 'only a deleted schedule is purged'); END;
"""

# References outlive what they are derived from when that is damaged: a message too many is kept,
# never one too few. Hence no foreign key on them.
_AUDIO_AND_PINS: Final = """
CREATE TABLE audio_references (
    sha256 TEXT NOT NULL,
    schedule_id TEXT NOT NULL,
    PRIMARY KEY (sha256, schedule_id)
) WITHOUT ROWID;
CREATE INDEX audio_references_schedule_id ON audio_references (schedule_id);
CREATE TABLE recording_pins (
    schedule_id TEXT NOT NULL PRIMARY KEY REFERENCES schedules (id),
    salt TEXT NOT NULL,
    hash TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at TEXT NOT NULL
) WITHOUT ROWID;
ALTER TABLE state ADD COLUMN audio_seal TEXT NOT NULL DEFAULT '0';
"""

_EXPIRY_AND_KEYS: Final = """
ALTER TABLE tokens ADD COLUMN expires_at TEXT;
ALTER TABLE tokens ADD COLUMN table_key TEXT NOT NULL DEFAULT '';
"""


def m001_schedules_numbers_tokens(db: "Database") -> None:
    """Create the tables."""
    db.executescript(_FIRST)


def m002_locks_and_purges(db: "Database") -> None:
    """Add edit locks, and let a deleted schedule be purged."""
    db.executescript(_LOCKS_AND_PURGES)


def m003_audio_and_pins(db: "Database") -> None:
    """Add which schedules need which messages, from all kept revisions, and recording PINs."""
    db.executescript(_AUDIO_AND_PINS)
    references = set()
    for document, schedule_id in db.conn.execute(
        # As bytes: a damaged text may be none.
        "SELECT CAST(document AS BLOB), schedule_id FROM revisions"
    ):
        references |= {(sha256, schedule_id) for sha256 in messages_in(document)}
    sealed = 0
    for row in references:
        db.conn.execute("INSERT INTO audio_references VALUES (?, ?)", row)
        sealed ^= seal(*row)
    db.conn.execute("UPDATE state SET audio_seal = ?", (f"{sealed:x}",))


def m004_expiry_and_table_keys(db: "Database") -> None:
    """Let tokens expire, and give each a key that signs the tables it is given."""
    former = db.conn.execute("SELECT * FROM tokens").fetchall()
    db.executescript(_EXPIRY_AND_KEYS)
    for token_id, *_ in former:
        key = secrets.token_hex(32)
        db.conn.execute("UPDATE tokens SET table_key = ? WHERE id = ?", (key, token_id))
    # What was lost or altered before goes on showing: only the difference is sealed anew.
    ((sealed,),) = db.conn.execute("SELECT tokens_seal FROM state").fetchall() or (("",),)
    renewed = seal_number(sealed)
    for row in (*former, *db.conn.execute("SELECT * FROM tokens")):
        renewed ^= seal(*row)
    if former:
        # A revision, so that the last-good file gets the keys too.
        db.conn.execute(
            "UPDATE state SET tokens_seal = ?, revision = revision + 1, "
            "tokens_changed_in = revision + 1",
            (f"{renewed:x}",),
        )


STEPS: Final = {
    step.__name__: step
    for step in (
        m001_schedules_numbers_tokens,
        m002_locks_and_purges,
        m003_audio_and_pins,
        m004_expiry_and_table_keys,
    )
}
