-- Types beside the body, which erasure destroys; days that no roll-up counts; what erasure leaves behind; what
-- the last roll-up of a day told: the next one tells what has changed since.
--
-- What is destroyed is overwritten where it is (`secure_delete`), but SQLite does not overwrite what it has
-- moved: a page that is split or merged keeps, in its free space, old copies of what it had. So nothing
-- personal is moved. Rows are appended, and updates that make them shorter move no others; the index over
-- visitors, whose pages are split, holds only a part of the id, from which nobody can be told.
ALTER TABLE entries ADD COLUMN type TEXT NOT NULL DEFAULT 'decision';
UPDATE entries SET type = json_extract(CAST(leaf AS TEXT), '$.type')
    WHERE leaf NOT LIKE '%"type":"decision"%';
CREATE INDEX entries_type ON entries (type, "index") WHERE type <> 'decision';
DROP INDEX entries_subject;
CREATE INDEX entries_subject ON entries (substr(subject, 1, 4)) WHERE subject IS NOT NULL;
ALTER TABLE head ADD COLUMN remains INTEGER NOT NULL DEFAULT 0;
ALTER TABLE head ADD COLUMN open_days TEXT NOT NULL DEFAULT '';
UPDATE head SET open_days =
    coalesce((SELECT group_concat(day, ' ') FROM (SELECT DISTINCT day FROM daily ORDER BY day)), '');
ALTER TABLE daily ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
