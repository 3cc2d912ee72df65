-- Times are Unix milliseconds in UTC. Whatever is secret is sealed before it comes here.

CREATE TABLE store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    key_id TEXT,
    key_source TEXT CHECK (key_source IN ('environment', 'keyring', 'file'))
) STRICT;

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    external_id TEXT UNIQUE,
    email TEXT UNIQUE,
    label TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    created_at INTEGER NOT NULL,
    last_active_at INTEGER
) STRICT;
CREATE UNIQUE INDEX users_default ON users (is_default) WHERE is_default = 1;

-- What the operator decided about a toolkit, and the manifest of one that was added.
CREATE TABLE toolkits (
    slug TEXT PRIMARY KEY,
    manifest TEXT,
    enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    client_id TEXT,
    scopes TEXT NOT NULL DEFAULT '[]'
) STRICT;

CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    toolkit TEXT NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('INITIATED', 'ACTIVE', 'EXPIRED', 'FAILED', 'INACTIVE', 'REVOKED')),
    label TEXT,
    account TEXT,
    scopes TEXT NOT NULL DEFAULT '[]',
    -- Parts of the app's address; those of a login that goes on count once it succeeds.
    fields TEXT NOT NULL DEFAULT '{}',
    next_fields TEXT,
    -- Until when one process alone may refresh the credential.
    refreshing_until INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    last_status_at INTEGER NOT NULL,
    last_used_at INTEGER,
    reason TEXT
) STRICT;
CREATE UNIQUE INDEX connections_by_name ON connections (user_id, toolkit, ifnull(label, ''));
CREATE INDEX connections_connected ON connections (user_id, last_status_at DESC, toolkit)
    WHERE status IN ('ACTIVE', 'EXPIRED');

-- A login that waits for its browser. The state itself is known to the link alone.
CREATE TABLE flows (
    state_hash BLOB PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connections (id),
    used INTEGER NOT NULL DEFAULT 0 CHECK (used IN (0, 1)),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX flows_by_connection ON flows (connection_id);

-- Nonce and ciphertext, bound to the owner by the vault.
CREATE TABLE sealed (
    owner TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE log (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    user_id TEXT,
    action TEXT NOT NULL,
    target TEXT,
    outcome TEXT NOT NULL,
    took_ms INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
