BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'bereikbaar','m001_schedules_numbers_tokens','2026-11-22 12:00:41.155060+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'bereikbaar','m002_locks_and_purges','2026-11-22 12:00:41.157326+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'bereikbaar','m003_audio_and_pins','2026-11-22 12:00:41.158513+00:00');
CREATE TABLE audio_references (
    sha256 TEXT NOT NULL,
    schedule_id TEXT NOT NULL,
    PRIMARY KEY (sha256, schedule_id)
) WITHOUT ROWID;
CREATE TABLE broken_locks (
    schedule_id TEXT NOT NULL REFERENCES schedules (id),
    holder TEXT NOT NULL,
    broken_by TEXT NOT NULL,
    broken_at INTEGER NOT NULL
);
CREATE TABLE locks (
    schedule_id TEXT NOT NULL PRIMARY KEY REFERENCES schedules (id),
    holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE numbers (
    first INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= first),
    schedule_id TEXT NOT NULL REFERENCES schedules (id)
);
INSERT INTO "numbers" VALUES(31850000000,31850000000,'hoofdkantoor');
CREATE TABLE recording_pins (
    schedule_id TEXT NOT NULL PRIMARY KEY REFERENCES schedules (id),
    salt TEXT NOT NULL,
    hash TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "recording_pins" VALUES('hoofdkantoor','abababababababababababababababab','cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd','piet','2026-11-22T10:00:00+00:00');
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
INSERT INTO "revisions" VALUES('hoofdkantoor',1,'{"id":"hoofdkantoor","name":"Hoofdkantoor","pbx":"3cx","timezone":"Europe/Amsterdam","forward_countries":[],"numbers":["+31850000000"],"forwards":{},"audio":{},"week":{"mon":["00:00-24:00 closed"],"tue":["00:00-24:00 closed"],"wed":["00:00-24:00 closed"],"thu":["00:00-24:00 closed"],"fri":["00:00-24:00 closed"],"sat":["00:00-24:00 closed"],"sun":["00:00-24:00 closed"]},"exceptions":{},"holidays":{},"overrides":{},"expect":[]}','85148e6bb85e8b7d70891eba525f825c863cf7345adaf7fc7a0e73300de4f4e6','jan','2026-11-22T10:00:00+00:00','eerste');
CREATE TABLE schedules (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    changed_in INTEGER NOT NULL,
    FOREIGN KEY (id, revision) REFERENCES revisions (schedule_id, revision)
) WITHOUT ROWID;
INSERT INTO "schedules" VALUES('hoofdkantoor',1,'85148e6bb85e8b7d70891eba525f825c863cf7345adaf7fc7a0e73300de4f4e6',1);
CREATE TABLE state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    tokens_changed_in INTEGER NOT NULL,
    schedules_seal TEXT NOT NULL,
    numbers_seal TEXT NOT NULL,
    tokens_seal TEXT NOT NULL
, lock_changes INTEGER NOT NULL DEFAULT 0, forgotten_in INTEGER NOT NULL DEFAULT 0, audio_seal TEXT NOT NULL DEFAULT '0');
INSERT INTO "state" VALUES(1,2,2,'214bc1bd9ca5bf88a991a2579cb1dc9d4a48f8150d7ce5ca881742b329d04ab0','b4f89ff25774d7e641cf32a50c9227531d3fee3ffdfa00521bc4d9aef85529ee','66ea6451911bda2b2f1dd57b6cc72ab6f7377360ab6e69628e0527b14edcc0db',0,0,'0');
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
INSERT INTO "tokens" VALUES('a1','centrale','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',0,'["hoofdkantoor"]','["10.0.0.0/8", "2001:db8::/32"]','2026-11-22T10:00:00+00:00',NULL);
INSERT INTO "tokens" VALUES('b2','beheer','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',1,'[]','[]','2026-11-22T10:00:00+00:00',NULL);
INSERT INTO "tokens" VALUES('c3','oud','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc',0,'[]','[]','2026-11-22T10:00:00+00:00','2026-11-22T10:00:00+00:00');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE TRIGGER revisions_are_never_rewritten BEFORE UPDATE ON revisions
BEGIN SELECT RAISE(ABORT, 'revisions are never rewritten'); END;
CREATE INDEX schedules_changed_in ON schedules (changed_in);
CREATE INDEX numbers_first ON numbers (first);
CREATE INDEX numbers_blocks ON numbers (first, last) WHERE last > first;
CREATE INDEX numbers_schedule_id ON numbers (schedule_id);
CREATE INDEX broken_locks_schedule_id ON broken_locks (schedule_id);
CREATE TRIGGER revisions_are_never_removed BEFORE DELETE ON revisions
WHEN EXISTS (SELECT 1 FROM schedules WHERE id = OLD.schedule_id)
BEGIN SELECT RAISE(ABORT, 'revisions are never removed'); END;
CREATE TRIGGER schedules_are_deleted_first BEFORE DELETE ON schedules
WHEN EXISTS (
    SELECT 1 FROM revisions
    WHERE schedule_id = OLD.id AND revision = OLD.revision AND document <> ''
)
BEGIN SELECT RAISE(ABORT, 'only a deleted schedule is purged'); END;
CREATE INDEX audio_references_schedule_id ON audio_references (schedule_id);
COMMIT;
