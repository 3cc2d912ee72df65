-- What this machine keeps of Naive APIs elsewhere: the key to each, and what each was last seen to say. `scope` and
-- `name` are digests; what they stand for is sealed, under the owner `remote:<kind>:<scope>:<name>`.
CREATE TABLE remote (
    kind TEXT NOT NULL CHECK (kind IN ('key', 'connected', 'approval')),
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (kind, scope, name)
) STRICT;
CREATE INDEX remote_by_time ON remote (kind, scope, seen_at);
