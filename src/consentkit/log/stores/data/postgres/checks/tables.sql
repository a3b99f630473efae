-- What is wrong with a log's tables, in words; nothing if they are as the migrations leave them.
-- In the columns, ? stands for NULL. Triggers, rules and policies could change what a statement does.
WITH expected (name, columns) AS (VALUES
    ('entries', 'index int8, id text, type text, at text?, subject text?, body bytea?, salt bytea?, leaf bytea'),
    ('tiles', 'level int4, index int8, hashes bytea'),
    ('head', 'one int4, size int8, root bytea, checkpoint text?, open_days text'),
    ('notices', 'hash text, body bytea'),
    ('assets', 'hash text, bytes bytea'),
    ('daily', 'day text, regime text, locale text, notice text, action text, count int8, told int8'),
    ('observations', 'day text, kind text, key text, count int8')),
tables AS (
    SELECT c.oid, c.relname FROM pg_catalog.pg_class c JOIN expected e ON e.name = c.relname
    WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind = 'r'),
found (name, columns) AS (
    SELECT c.relname, string_agg(
        a.attname || ' ' || t.typname || CASE WHEN a.attnotnull THEN '' ELSE '?' END
        || CASE WHEN a.attgenerated = '' THEN '' ELSE ' generated' END, ', ' ORDER BY a.attnum)
    FROM tables c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE a.attnum > 0 AND NOT a.attisdropped GROUP BY c.relname),
attached (oid, what) AS (
    SELECT tgrelid, 'the trigger ' || tgname FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT ev_class, 'the rule ' || rulename FROM pg_catalog.pg_rewrite
    UNION ALL SELECT polrelid, 'the policy ' || polname FROM pg_catalog.pg_policy)
SELECT 'the table ' || e.name || ' has other columns than that of a consent log'
    FROM expected e LEFT JOIN found f ON f.name = e.name WHERE f.columns IS DISTINCT FROM e.columns
UNION ALL
SELECT 'on the table ' || t.relname || ' acts ' || a.what || ', which no consent log has'
    FROM tables t JOIN attached a ON a.oid = t.oid
