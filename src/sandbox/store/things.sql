
-- What the apps without a module of their own remember: objects by the path they were made at.
-- `bytes` is what was uploaded, of the media type `kind`.
CREATE TABLE things (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    app        TEXT NOT NULL,
    account    TEXT NOT NULL,
    collection TEXT NOT NULL,
    id         TEXT NOT NULL,
    body       TEXT NOT NULL,
    kind       TEXT,
    bytes      BLOB,
    UNIQUE (app, account, collection, id)
) STRICT;
