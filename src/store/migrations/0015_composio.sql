-- What Composio calls a toolkit and how one logs in there, as JSON; nothing of other providers.
ALTER TABLE ways ADD COLUMN remote TEXT;

-- When its toolkits were listed last, and when that was tried last. One row, once there was a list.
CREATE TABLE composio (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    listed_at INTEGER,
    tried_at INTEGER NOT NULL
) STRICT;

-- The messages of its that have come, so that none counts twice.
CREATE TABLE composio_messages (
    id TEXT PRIMARY KEY,
    came_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
