-- Addresses that hear of what happens; `events` is a JSON list. Their secrets are sealed as `webhook:<id>`.
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    -- Whose events alone it hears.
    user_id TEXT REFERENCES users (id),
    active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

-- What is to be told of, written with the change itself. What was frozen is not in here: what is sent is put
-- together when it is sent, from the subject and from how it stood.
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    webhook_id TEXT NOT NULL REFERENCES webhooks (id),
    event TEXT NOT NULL CHECK (event IN ('approval.requested', 'approval.resolved',
        'connection.active', 'connection.expired', 'connection.failed', 'connection.disconnected')),
    user_id TEXT NOT NULL REFERENCES users (id),
    -- An approval's or a connection's id, and its status from then on.
    subject_id TEXT NOT NULL,
    subject_status TEXT NOT NULL,
    -- Of a connection, whose row may be gone by then.
    toolkit TEXT,
    label TEXT,
    happened_at INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'failed')),
    -- From when on it may be sent; while a process sends it, until when that alone may.
    due_at INTEGER NOT NULL DEFAULT 0,
    -- The process that sends it, by the name under which it lives.
    owner TEXT,
    -- Tries that have ended, and how the last one did.
    tries INTEGER NOT NULL DEFAULT 0,
    tried_at INTEGER,
    http_status INTEGER,
    error TEXT
) STRICT;
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE status = 'waiting';
CREATE INDEX deliveries_waiting ON deliveries (webhook_id, due_at, seq) WHERE status = 'waiting';
CREATE INDEX deliveries_tried ON deliveries (webhook_id, tried_at) WHERE tried_at IS NOT NULL;
