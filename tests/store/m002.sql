BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'bereikbaar','m001_schedules_numbers_tokens','2026-11-22 09:01:51.340741+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'bereikbaar','m002_locks_and_purges','2026-11-22 09:01:51.343439+00:00');
CREATE TABLE broken_locks (
    schedule_id TEXT NOT NULL REFERENCES schedules (id),
    holder TEXT NOT NULL,
    broken_by TEXT NOT NULL,
    broken_at INTEGER NOT NULL
);
INSERT INTO "broken_locks" VALUES('filiaal','piet','jan',1795341600);
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
INSERT INTO "revisions" VALUES('hoofdkantoor',1,'{"id":"hoofdkantoor","name":"Hoofdkantoor","pbx":"3cx","timezone":"Europe/Amsterdam","forward_countries":[],"numbers":["+31850000000"],"forwards":{},"audio":{"gesloten":{"name":"Gesloten","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"pauze":{"name":"Pauze","sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}},"week":{"mon":["00:00-24:00 closed"],"tue":["00:00-24:00 closed"],"wed":["00:00-24:00 closed"],"thu":["00:00-24:00 closed"],"fri":["00:00-24:00 closed"],"sat":["00:00-24:00 closed"],"sun":["00:00-24:00 closed"]},"exceptions":{},"holidays":{},"overrides":{},"expect":[]}','b349158191ecfc69729285035b9190a4b9be0b6a8da9ae20fbaf9be9860f1260','jan','2026-11-22T10:00:00+00:00','eerste');
INSERT INTO "revisions" VALUES('filiaal',1,'{"id":"filiaal","name":"Filiaal","pbx":"3cx","timezone":"Europe/Amsterdam","forward_countries":[],"numbers":[],"forwards":{},"audio":{"gesloten":{"name":"Gesloten","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}},"week":{"mon":["00:00-24:00 closed"],"tue":["00:00-24:00 closed"],"wed":["00:00-24:00 closed"],"thu":["00:00-24:00 closed"],"fri":["00:00-24:00 closed"],"sat":["00:00-24:00 closed"],"sun":["00:00-24:00 closed"]},"exceptions":{},"holidays":{},"overrides":{},"expect":[]}','c45abb05c44833dd6def17e27cb96195ed864ec1d0143ecaacbd068508662d0f','jan','2026-11-22T10:00:00+00:00','eerste');
INSERT INTO "revisions" VALUES('winkel',1,'{"id":"winkel","name":"Winkel","pbx":"3cx","timezone":"Europe/Amsterdam","forward_countries":[],"numbers":[],"forwards":{},"audio":{"gesloten":{"name":"Gesloten","sha256":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"},"oud":{"name":"Oud","sha256":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}},"week":{"mon":["00:00-24:00 closed"],"tue":["00:00-24:00 closed"],"wed":["00:00-24:00 closed"],"thu":["00:00-24:00 closed"],"fri":["00:00-24:00 closed"],"sat":["00:00-24:00 closed"],"sun":["00:00-24:00 closed"]},"exceptions":{},"holidays":{},"overrides":{},"expect":[]}','5af68b12c1b75308ecb9462c17542a09bd759a80f06eda42aa12af59a44b237f','jan','2026-11-22T10:00:00+00:00','eerste');
INSERT INTO "revisions" VALUES('hoofdkantoor',2,'{"id":"hoofdkantoor","name":"Nieuw","notes":"\"sha256\":\"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"","pbx":"3cx","timezone":"Europe/Amsterdam","forward_countries":[],"numbers":["+31850000000"],"forwards":{},"audio":{"gesloten":{"name":"Gesloten","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}},"week":{"mon":["00:00-24:00 closed"],"tue":["00:00-24:00 closed"],"wed":["00:00-24:00 closed"],"thu":["00:00-24:00 closed"],"fri":["00:00-24:00 closed"],"sat":["00:00-24:00 closed"],"sun":["00:00-24:00 closed"]},"exceptions":{},"holidays":{},"overrides":{},"expect":[]}','6ca0873277290a6eb486fb2964762a9a9379896791043b5074f93191ba214b02','piet','2026-11-22T10:00:00+00:00','tweede');
INSERT INTO "revisions" VALUES('winkel',2,'','10cfbead78d155b5866e163fa242b525782fafff870ccb4545af10d7ecce6f7b','piet','2026-11-22T10:00:00+00:00','opgeheven');
CREATE TABLE schedules (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    changed_in INTEGER NOT NULL,
    FOREIGN KEY (id, revision) REFERENCES revisions (schedule_id, revision)
) WITHOUT ROWID;
INSERT INTO "schedules" VALUES('filiaal',1,'c45abb05c44833dd6def17e27cb96195ed864ec1d0143ecaacbd068508662d0f',1);
INSERT INTO "schedules" VALUES('hoofdkantoor',2,'6ca0873277290a6eb486fb2964762a9a9379896791043b5074f93191ba214b02',2);
INSERT INTO "schedules" VALUES('winkel',2,'10cfbead78d155b5866e163fa242b525782fafff870ccb4545af10d7ecce6f7b',2);
CREATE TABLE state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    tokens_changed_in INTEGER NOT NULL,
    schedules_seal TEXT NOT NULL,
    numbers_seal TEXT NOT NULL,
    tokens_seal TEXT NOT NULL
, lock_changes INTEGER NOT NULL DEFAULT 0, forgotten_in INTEGER NOT NULL DEFAULT 0);
INSERT INTO "state" VALUES(1,4,1,'359ecd4bfb97d3147429cfce175c3313741f4648fd09ef4e4a781c74b756a202','b4f89ff25774d7e641cf32a50c9227531d3fee3ffdfa00521bc4d9aef85529ee','85a4b0d876682c0e26213df5002008bc691acfffc2e84a753c9d3724b367a967',5,4);
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
INSERT INTO "tokens" VALUES('t1','centrale','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',0,'[]','[]','2026-11-22T10:00:00+00:00',NULL);
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
COMMIT;
