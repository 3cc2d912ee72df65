-- Objects of every app that has no tables of its own, as JSON. An id needs to be unique on its shelf
-- only: an issue is known by its number, and every repository has a number 1.
ALTER TABLE objects RENAME TO shop_objects;
DROP INDEX objects_of_kind;

-- `owner` is the account, or the thing that holds others: a channel, a calendar, a repository.
CREATE TABLE objects (
    seq   INTEGER PRIMARY KEY AUTOINCREMENT,
    app   TEXT NOT NULL,
    owner TEXT NOT NULL,
    kind  TEXT NOT NULL,
    id    TEXT NOT NULL,
    body  TEXT NOT NULL,
    UNIQUE (app, owner, kind, id)
) STRICT;
CREATE INDEX objects_of_kind ON objects (app, owner, kind, seq);

INSERT INTO objects (seq, app, owner, kind, id, body)
    SELECT seq, 'stripe', account, kind, id, body FROM shop_objects;
DROP TABLE shop_objects;
