BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'bereikbaar','m001_schedules_numbers_tokens','2026-11-22 15:58:06.982733+00:00');
CREATE TABLE numbers (
    first INTEGER NOT NULL,
    last INTEGER NOT NULL CHECK (last >= first),
    schedule_id TEXT NOT NULL REFERENCES schedules (id)
);
INSERT INTO "numbers" VALUES(31850000100,31850000100,'hoofdkantoor');
INSERT INTO "numbers" VALUES(31850000110,31850000119,'hoofdkantoor');
INSERT INTO "numbers" VALUES(442079460000,442079460000,'winkel');
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
INSERT INTO "revisions" VALUES('hoofdkantoor',1,'{"id":"hoofdkantoor","name":"Eerst","company":"Voorbeeld BV","notes":"Sinds de eerste uitgave.","pbx":"3cx","timezone":"Europe/Amsterdam","voicemail_email":"receptie@voorbeeld.example","forward_countries":[],"numbers":["+31850000100","+31850000110..9"],"forwards":{"storing":{"name":"Storingsdienst","number":"+31612345678"}},"audio":{"gesloten":{"name":"Gesloten","sha256":"abababababababababababababababababababababababababababababababab"}},"week":{"mon":["00:00-08:30 closed audio=gesloten voicemail","08:30-12:00 open","12:00-12:30 break audio=gesloten","12:30-17:00 open","17:00-24:00 closed forward=storing"],"tue":["00:00-08:30 closed audio=gesloten voicemail","08:30-12:00 open","12:00-12:30 break audio=gesloten","12:30-17:00 open","17:00-24:00 closed forward=storing"],"wed":["00:00-08:30 closed audio=gesloten voicemail","08:30-12:00 open","12:00-12:30 break audio=gesloten","12:30-17:00 open","17:00-24:00 closed forward=storing"],"thu":["00:00-08:30 closed audio=gesloten voicemail","08:30-12:00 open","12:00-12:30 break audio=gesloten","12:30-17:00 open","17:00-24:00 closed forward=storing"],"fri":["00:00-08:30 closed audio=gesloten voicemail","08:30-12:00 open","12:00-12:30 break audio=gesloten","12:30-17:00 open","17:00-24:00 closed forward=storing"],"sat":["00:00-02:30 open","02:30-24:00 closed forward=storing"],"sun":["00:00-02:30 open","02:30-24:00 closed forward=storing"]},"exceptions":{"open-dag":{"name":"Open dag","dates":["2026-12-05"],"slots":["00:00-10:00 closed","10:00-16:00 open","16:00-24:00 closed voicemail"]},"kerstvakantie":{"name":"Kerstvakantie","dates":["2026-12-28..2026-12-31"],"slots":["00:00-24:00 closed voicemail"]},"inventarisatie":{"name":"Inventarisatie","dates":[],"slots":["00:00-24:00 closed"]}},"holidays":{"nieuwjaarsdag":{"active":true,"every":"year","slots":["00:00-24:00 closed"]},"koningsdag":{"active":true,"every":"year","slots":["00:00-12:00 closed","12:00-24:00 closed forward=storing"]},"bevrijdingsdag":{"active":true,"every":"lustrum","slots":["00:00-24:00 closed"]},"eerste_kerstdag":{"active":true,"every":"year","slots":["00:00-24:00 closed"]}},"template":"exceptions/open-dag","overrides":{"stroomstoring":{"from":"2026-11-30T10:00+01:00","until":"2026-11-30T12:00+01:00","slot":"closed audio=gesloten","reason":"Stroomstoring"}},"expect":[]}','5c06d7cc4dc5576edee5557a60440f520974d74b01c52b81e18c310af2e0f5f2','jan','2026-11-22T10:00:00+00:00','bewaard');
INSERT INTO "revisions" VALUES('winkel',1,'{"id":"winkel","name":"Eerst","pbx":"asterisk","timezone":"Europe/London","forward_countries":[],"numbers":["+442079460000"],"forwards":{},"audio":{},"week":{"mon":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"tue":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"wed":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"thu":["00:00-09:00 closed","09:00-21:00 open","21:00-24:00 closed"],"fri":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"sat":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"sun":["00:00-01:30 open","01:30-24:00 closed"]},"exceptions":{},"holidays":{},"overrides":{},"expect":[]}','f7aca821e01ba58bb9a0b73cace2475ae1407068470613279427af6a919d7986','jan','2026-11-22T10:00:00+00:00','bewaard');
INSERT INTO "revisions" VALUES('hoofdkantoor',2,'{"id":"hoofdkantoor","name":"Hoofdkantoor Utrecht","company":"Voorbeeld BV","notes":"Sinds de eerste uitgave.","pbx":"3cx","timezone":"Europe/Amsterdam","voicemail_email":"receptie@voorbeeld.example","forward_countries":[],"numbers":["+31850000100","+31850000110..9"],"forwards":{"storing":{"name":"Storingsdienst","number":"+31612345678"}},"audio":{"gesloten":{"name":"Gesloten","sha256":"abababababababababababababababababababababababababababababababab"}},"week":{"mon":["00:00-08:30 closed audio=gesloten voicemail","08:30-12:00 open","12:00-12:30 break audio=gesloten","12:30-17:00 open","17:00-24:00 closed forward=storing"],"tue":["00:00-08:30 closed audio=gesloten voicemail","08:30-12:00 open","12:00-12:30 break audio=gesloten","12:30-17:00 open","17:00-24:00 closed forward=storing"],"wed":["00:00-08:30 closed audio=gesloten voicemail","08:30-12:00 open","12:00-12:30 break audio=gesloten","12:30-17:00 open","17:00-24:00 closed forward=storing"],"thu":["00:00-08:30 closed audio=gesloten voicemail","08:30-12:00 open","12:00-12:30 break audio=gesloten","12:30-17:00 open","17:00-24:00 closed forward=storing"],"fri":["00:00-08:30 closed audio=gesloten voicemail","08:30-12:00 open","12:00-12:30 break audio=gesloten","12:30-17:00 open","17:00-24:00 closed forward=storing"],"sat":["00:00-02:30 open","02:30-24:00 closed forward=storing"],"sun":["00:00-02:30 open","02:30-24:00 closed forward=storing"]},"exceptions":{"open-dag":{"name":"Open dag","dates":["2026-12-05"],"slots":["00:00-10:00 closed","10:00-16:00 open","16:00-24:00 closed voicemail"]},"kerstvakantie":{"name":"Kerstvakantie","dates":["2026-12-28..2026-12-31"],"slots":["00:00-24:00 closed voicemail"]},"inventarisatie":{"name":"Inventarisatie","dates":[],"slots":["00:00-24:00 closed"]}},"holidays":{"nieuwjaarsdag":{"active":true,"every":"year","slots":["00:00-24:00 closed"]},"koningsdag":{"active":true,"every":"year","slots":["00:00-12:00 closed","12:00-24:00 closed forward=storing"]},"bevrijdingsdag":{"active":true,"every":"lustrum","slots":["00:00-24:00 closed"]},"eerste_kerstdag":{"active":true,"every":"year","slots":["00:00-24:00 closed"]}},"template":"exceptions/open-dag","overrides":{"stroomstoring":{"from":"2026-11-30T10:00+01:00","until":"2026-11-30T12:00+01:00","slot":"closed audio=gesloten","reason":"Stroomstoring"}},"expect":[]}','11a0edd356b68a5cd2a87cd7df6f9be89f93bf0c511e06c8324a9b7cb2d50e7f','jan','2026-11-22T10:00:00+00:00','bewaard');
INSERT INTO "revisions" VALUES('winkel',2,'{"id":"winkel","name":"Winkel Londen","pbx":"asterisk","timezone":"Europe/London","forward_countries":[],"numbers":["+442079460000"],"forwards":{},"audio":{},"week":{"mon":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"tue":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"wed":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"thu":["00:00-09:00 closed","09:00-21:00 open","21:00-24:00 closed"],"fri":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"sat":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"sun":["00:00-01:30 open","01:30-24:00 closed"]},"exceptions":{},"holidays":{},"overrides":{},"expect":[]}','133176f5608dc219d2e06ab5efdb86c006f26cd1966258f6c9ce42794b84dfac','jan','2026-11-22T10:00:00+00:00','bewaard');
INSERT INTO "revisions" VALUES('weg',1,'{"id":"weg","name":"Winkel Londen","pbx":"asterisk","timezone":"Europe/London","forward_countries":[],"numbers":[],"forwards":{},"audio":{},"week":{"mon":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"tue":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"wed":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"thu":["00:00-09:00 closed","09:00-21:00 open","21:00-24:00 closed"],"fri":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"sat":["00:00-09:00 closed","09:00-18:00 open","18:00-24:00 closed"],"sun":["00:00-01:30 open","01:30-24:00 closed"]},"exceptions":{},"holidays":{},"overrides":{},"expect":[]}','fec896fc2dbd1666db5a2de4027409c23378e75e474ff28bdabd4e7527ed2a3e','jan','2026-11-22T10:00:00+00:00','bewaard');
INSERT INTO "revisions" VALUES('weg',2,'','51f3490ad67cb497e30b71e681b600443161b96978ac718365bf1a1e59dab92b','jan','2026-11-22T10:00:00+00:00','weg');
CREATE TABLE schedules (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    changed_in INTEGER NOT NULL,
    FOREIGN KEY (id, revision) REFERENCES revisions (schedule_id, revision)
) WITHOUT ROWID;
INSERT INTO "schedules" VALUES('hoofdkantoor',2,'11a0edd356b68a5cd2a87cd7df6f9be89f93bf0c511e06c8324a9b7cb2d50e7f',2);
INSERT INTO "schedules" VALUES('weg',2,'51f3490ad67cb497e30b71e681b600443161b96978ac718365bf1a1e59dab92b',4);
INSERT INTO "schedules" VALUES('winkel',2,'133176f5608dc219d2e06ab5efdb86c006f26cd1966258f6c9ce42794b84dfac',2);
CREATE TABLE state (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    tokens_changed_in INTEGER NOT NULL,
    schedules_seal TEXT NOT NULL,
    numbers_seal TEXT NOT NULL,
    tokens_seal TEXT NOT NULL
);
INSERT INTO "state" VALUES(1,5,5,'f64b3e62d6aa85e9672b9c1f515a225f138eb30ac640422351d54562d6bb136f','f99f8f35e98850022db3924ae9eb93f5edbba0683bedebc1fa8f5152c38e5cac','2139568bb3136a9de52e7b8a87cb011376c40cb989043270145def9d3cd57397');
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
INSERT INTO "tokens" VALUES('0123456789ab','centrale','72e307cc6bb7d9a9e45de6c9a4b1a709bb9013c05dd84a85fe0a82aa61317cc6',1,'[]','[]','2026-11-22T10:00:00+00:00',NULL);
INSERT INTO "tokens" VALUES('ffffffffffff','centrale','4bb47f186df233e48b09d241ee4defb821add0c35ac8311469fe1522c6813dd5',1,'[]','[]','2026-11-22T10:00:00+00:00','2026-11-22T10:00:00+00:00');
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
