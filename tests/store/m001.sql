BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'bereikbaar','m001_schedules_numbers_tokens','2026-11-22 05:50:17.115910+00:00');
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
INSERT INTO "revisions" VALUES('hoofdkantoor',1,'{"id":"hoofdkantoor","name":"Hoofdkantoor","pbx":"3cx","timezone":"Europe/Amsterdam","forward_countries":[],"numbers":["+31850000000","+31850000100..99"],"forwards":{},"audio":{},"week":{"mon":["00:00-24:00 closed"],"tue":["00:00-24:00 closed"],"wed":["00:00-24:00 closed"],"thu":["00:00-24:00 closed"],"fri":["00:00-24:00 closed"],"sat":["00:00-24:00 closed"],"sun":["00:00-24:00 closed"]},"exceptions":{},"holidays":{},"overrides":{},"expect":[]}','249f3203d83a4a77111f39430de600069eb4d94ded490cc486b579ec081b9e65','jan','2026-11-22T10:00:00+00:00','eerste');
INSERT INTO "revisions" VALUES('filiaal',1,'{"id":"filiaal","name":"Filiaal","pbx":"3cx","timezone":"Europe/Amsterdam","forward_countries":[],"numbers":[],"forwards":{},"audio":{},"week":{"mon":["00:00-24:00 closed"],"tue":["00:00-24:00 closed"],"wed":["00:00-24:00 closed"],"thu":["00:00-24:00 closed"],"fri":["00:00-24:00 closed"],"sat":["00:00-24:00 closed"],"sun":["00:00-24:00 closed"]},"exceptions":{},"holidays":{},"overrides":{},"expect":[]}','4a57ec18ecb51535f8733c4cc3324f2f342cd34375cd06d56df8af240b329b8b','jan','2026-11-22T10:00:00+00:00','eerste');
INSERT INTO "revisions" VALUES('hoofdkantoor',2,'{"id":"hoofdkantoor","name":"Nieuw","pbx":"3cx","timezone":"Europe/Amsterdam","forward_countries":[],"numbers":["+31850000000"],"forwards":{},"audio":{},"week":{"mon":["00:00-24:00 closed"],"tue":["00:00-24:00 closed"],"wed":["00:00-24:00 closed"],"thu":["00:00-24:00 closed"],"fri":["00:00-24:00 closed"],"sat":["00:00-24:00 closed"],"sun":["00:00-24:00 closed"]},"exceptions":{},"holidays":{},"overrides":{},"expect":[]}','5e485667ba6cf125f3c2dc3f3241eb59c2d414c22740b6ff608c8f53c7ac6f73','piet','2026-11-22T10:00:00+00:00','tweede');
INSERT INTO "revisions" VALUES('filiaal',2,'','536d1ef0ae6493f3301bc3c412ead1a4ff8f960ff3202c29f1b34be6141a9953','piet','2026-11-22T10:00:00+00:00','opgeheven');
CREATE TABLE schedules (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    changed_in INTEGER NOT NULL,
    FOREIGN KEY (id, revision) REFERENCES revisions (schedule_id, revision)
) WITHOUT ROWID;
INSERT INTO "schedules" VALUES('filiaal',2,'536d1ef0ae6493f3301bc3c412ead1a4ff8f960ff3202c29f1b34be6141a9953',2);
INSERT INTO "schedules" VALUES('hoofdkantoor',2,'5e485667ba6cf125f3c2dc3f3241eb59c2d414c22740b6ff608c8f53c7ac6f73',2);
CREATE TABLE state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    tokens_changed_in INTEGER NOT NULL,
    schedules_seal TEXT NOT NULL,
    numbers_seal TEXT NOT NULL,
    tokens_seal TEXT NOT NULL
);
INSERT INTO "state" VALUES(1,2,1,'fe34c75101f4dab21b90e71c52db563aaa40d437ec59d311218bd712a47bfd9','b4f89ff25774d7e641cf32a50c9227531d3fee3ffdfa00521bc4d9aef85529ee','2e4615a1b196f5d6d234d66571ee7517d08fcdbddbce3a4ef8dabb52f3c5f0c3');
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
INSERT INTO "tokens" VALUES('t1','centrale','abababababababababababababababababababababababababababababababab',0,'["hoofdkantoor"]','["10.0.0.0/8"]','2026-11-22T10:00:00+00:00',NULL);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE TRIGGER revisions_are_never_rewritten BEFORE UPDATE ON revisions
BEGIN SELECT RAISE(ABORT, 'revisions are never rewritten'); END;
CREATE TRIGGER revisions_are_never_removed BEFORE DELETE ON revisions
BEGIN SELECT RAISE(ABORT, 'revisions are never removed'); END;
CREATE INDEX schedules_changed_in ON schedules (changed_in);
CREATE INDEX numbers_first ON numbers (first);
CREATE INDEX numbers_blocks ON numbers (first, last) WHERE last > first;
CREATE INDEX numbers_schedule_id ON numbers (schedule_id);
COMMIT;
