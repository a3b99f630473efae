-- "ckit" (SQLite file format, "application id").
PRAGMA application_id = 1667983732;
CREATE TABLE entries (
    "index" INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at TEXT, subject TEXT,
    body BLOB, salt BLOB, leaf BLOB NOT NULL);
CREATE INDEX entries_subject ON entries (subject) WHERE subject IS NOT NULL;
CREATE INDEX entries_at ON entries (at);
CREATE TABLE tiles (
    level INTEGER NOT NULL, "index" INTEGER NOT NULL, hashes BLOB NOT NULL,
    PRIMARY KEY (level, "index")) WITHOUT ROWID;
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root BLOB NOT NULL,
    checkpoint BLOB);
-- The root of a tree without leaves (RFC 6962, section 2.1).
INSERT INTO head VALUES (1, 0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', NULL);
CREATE TABLE notices (hash TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE assets (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE daily (
    day TEXT NOT NULL, regime TEXT NOT NULL, locale TEXT NOT NULL, notice TEXT NOT NULL,
    action TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (day, regime, locale, notice, action)) WITHOUT ROWID;
CREATE TABLE observations (
    day TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (day, kind, key)) WITHOUT ROWID;
