-- Triggers, rules and policies: whatever could change what a statement does.
SELECT c.relname, x.name FROM pg_catalog.pg_class c CROSS JOIN LATERAL (
    SELECT 'the trigger ' || tgname AS name FROM pg_catalog.pg_trigger
    WHERE tgrelid = c.oid AND NOT tgisinternal
    UNION ALL SELECT 'the rule ' || rulename FROM pg_catalog.pg_rewrite WHERE ev_class = c.oid
    UNION ALL SELECT 'the policy ' || polname FROM pg_catalog.pg_policy WHERE polrelid = c.oid) x
WHERE c.relnamespace = %(schema)s::regnamespace AND c.relname = ANY(%(tables)s) ORDER BY 1, 2
