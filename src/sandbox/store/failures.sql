
-- Failures that were asked for; the oldest that fits a request is played, until `times` is used up.
CREATE TABLE failures (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    what    TEXT NOT NULL,
    at      TEXT NOT NULL CHECK (at IN ('api', 'token', 'consent')),
    toolkit TEXT,
    times   INTEGER NOT NULL CHECK (times > 0)
) STRICT;
