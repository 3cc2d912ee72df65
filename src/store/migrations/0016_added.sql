-- A toolkit that was added: its manifest without the tools, and those as a line each. What they are listed and found by
-- stands before them, so that it is read without them; it is missing where an earlier build added the toolkit.
CREATE TABLE added (
    slug TEXT PRIMARY KEY,
    manifest TEXT NOT NULL,
    listing TEXT,
    tools TEXT NOT NULL
) STRICT;

INSERT INTO added (slug, manifest, tools)
    SELECT slug, json_remove(manifest, '$.tools'),
        (SELECT ifnull(group_concat(value || char(10), '' ORDER BY key), '')
            FROM json_each(manifest, '$.tools'))
    FROM toolkits WHERE manifest IS NOT NULL;

ALTER TABLE toolkits DROP COLUMN manifest;
