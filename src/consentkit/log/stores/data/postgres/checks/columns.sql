-- The columns of each table; ? stands for NULL.
SELECT c.relname, string_agg(
    a.attname || ' ' || t.typname || CASE WHEN a.attnotnull THEN '' ELSE '?' END
    || CASE WHEN a.attgenerated = '' THEN '' ELSE ' generated' END, ', ' ORDER BY a.attnum)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE c.relnamespace = %(schema)s::regnamespace AND c.relname = ANY(%(tables)s) AND c.relkind = 'r'
AND a.attnum > 0 AND NOT a.attisdropped GROUP BY c.relname
