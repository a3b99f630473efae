-- Texts are compared bytewise: the order of a list must not depend on a server's locale.
CREATE TABLE schema_version (
    one integer PRIMARY KEY CHECK (one = 1), version integer NOT NULL);
INSERT INTO schema_version VALUES (1, 0);
CREATE TABLE entries (
    "index" bigint PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE, type text COLLATE "C" NOT NULL,
    at text COLLATE "C", subject text COLLATE "C", body bytea, salt bytea, leaf bytea NOT NULL);
CREATE INDEX entries_subject ON entries (subject, "index") WHERE subject IS NOT NULL;
CREATE INDEX entries_at ON entries (at);
CREATE INDEX entries_type ON entries (type, "index") WHERE type <> 'decision';
CREATE TABLE tiles (
    level integer NOT NULL, "index" bigint NOT NULL, hashes bytea NOT NULL,
    PRIMARY KEY (level, "index"));
CREATE TABLE head (
    one integer PRIMARY KEY CHECK (one = 1), size bigint NOT NULL, root bytea NOT NULL,
    checkpoint text, open_days text NOT NULL);
-- The root of a tree without leaves (RFC 6962, section 2.1).
INSERT INTO head VALUES (1, 0, decode('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex'), NULL, '');
CREATE TABLE notices (hash text COLLATE "C" PRIMARY KEY, body bytea NOT NULL);
CREATE TABLE assets (hash text COLLATE "C" PRIMARY KEY, bytes bytea NOT NULL);
CREATE TABLE daily (
    day text COLLATE "C" NOT NULL, regime text COLLATE "C" NOT NULL, locale text COLLATE "C" NOT NULL,
    notice text COLLATE "C" NOT NULL, action text COLLATE "C" NOT NULL, count bigint NOT NULL,
    told bigint NOT NULL DEFAULT 0, PRIMARY KEY (day, regime, locale, notice, action));
CREATE TABLE observations (
    day text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
    count bigint NOT NULL, PRIMARY KEY (day, kind, key));
