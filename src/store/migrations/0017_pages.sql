-- Every page that a call changes is written with it. An entry of the log is found by its number, and by its id nobody looks:
-- it has no index any more.
CREATE TABLE log_now (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    user_id TEXT,
    action TEXT NOT NULL,
    target TEXT,
    outcome TEXT NOT NULL,
    took_ms INTEGER NOT NULL,
    hash BLOB NOT NULL,
    form INTEGER NOT NULL DEFAULT 1,
    actor_id TEXT,
    actor_name TEXT,
    entity_type TEXT,
    approval_id TEXT
) STRICT;
INSERT INTO log_now SELECT * FROM log;
DROP TABLE log;
ALTER TABLE log_now RENAME TO log;
CREATE INDEX log_by_user ON log (user_id, seq);
CREATE INDEX log_by_action ON log (action, seq);
CREATE INDEX log_by_approval ON log (approval_id, seq) WHERE approval_id IS NOT NULL;
