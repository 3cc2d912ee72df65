-- Policy templates. A user without one is under the default kit.
CREATE TABLE kits (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT,
    is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
    policy TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX kits_default ON kits (is_default) WHERE is_default = 1;
ALTER TABLE users ADD COLUMN kit_id TEXT REFERENCES kits (id);
CREATE INDEX users_by_kit ON users (kit_id) WHERE kit_id IS NOT NULL;

-- What is decided about the workspace as a whole; how often something was claimed, and the log's last entry.
ALTER TABLE store ADD COLUMN connections INTEGER NOT NULL DEFAULT 1 CHECK (connections IN (0, 1));
ALTER TABLE store ADD COLUMN separate_resolver INTEGER NOT NULL DEFAULT 0
    CHECK (separate_resolver IN (0, 1));
ALTER TABLE store ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE store ADD COLUMN log_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE store ADD COLUMN log_hash BLOB;
UPDATE store SET log_seq = ifnull((SELECT max(seq) FROM log), 0),
    log_hash = (SELECT hash FROM log ORDER BY seq DESC LIMIT 1);

-- Of a key only its SHA-256 is kept.
CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('workspace', 'agent')),
    user_id TEXT REFERENCES users (id),
    hash BLOB NOT NULL UNIQUE,
    last_4 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;

-- Endpoints that perform sensitive actions. Their headers are sealed as `executor:<action>`.
CREATE TABLE executors (
    action TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    method TEXT NOT NULL,
    replay TEXT NOT NULL CHECK (replay IN ('A', 'B', 'C')),
    lookup TEXT,
    settle_ms INTEGER NOT NULL,
    reads_own_writes INTEGER NOT NULL CHECK (reads_own_writes IN (0, 1)),
    headers TEXT NOT NULL DEFAULT '[]',
    updated_at INTEGER NOT NULL
) STRICT;

-- Frozen actions. The frozen bytes are sealed as `approval:<id>`, what came of them as
-- `approval-result:<id>`; `digest` is SHA-256 of the frozen bytes as they were before they were sealed.
CREATE TABLE approvals (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    store_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    kit_id TEXT NOT NULL,
    action_type TEXT NOT NULL,
    class TEXT NOT NULL CHECK (class IN ('A', 'B', 'C')),
    digest BLOB NOT NULL,
    idem_key TEXT NOT NULL UNIQUE,
    requested_by TEXT NOT NULL,
    requester TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'sending', 'unknown', 'executed',
        'failed', 'denied', 'expired', 'cancelled')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    execute_by INTEGER,
    resolved_by TEXT,
    resolved_at INTEGER,
    reason TEXT,
    -- When it was found, open, in a copy of the store that was put back.
    restored_at INTEGER,
    -- The process that sends, by the name under which it lives; none where any may go on.
    owner TEXT,
    epoch INTEGER NOT NULL DEFAULT 0,
    sends INTEGER NOT NULL DEFAULT 0,
    first_sent_at INTEGER,
    settle_until INTEGER
) STRICT;
CREATE INDEX approvals_pending ON approvals (expires_at) WHERE status = 'pending';
CREATE INDEX approvals_by_status ON approvals (status, seq);
CREATE INDEX approvals_by_user ON approvals (user_id, seq);

CREATE TRIGGER approvals_frozen BEFORE UPDATE ON approvals
WHEN old.seq IS NOT new.seq OR old.id IS NOT new.id OR old.store_id IS NOT new.store_id
    OR old.user_id IS NOT new.user_id OR old.kit_id IS NOT new.kit_id
    OR old.action_type IS NOT new.action_type OR old.class IS NOT new.class
    OR old.digest IS NOT new.digest OR old.idem_key IS NOT new.idem_key
    OR old.requested_by IS NOT new.requested_by OR old.requester IS NOT new.requester
    OR old.created_at IS NOT new.created_at
    OR old.expires_at IS NOT new.expires_at
BEGIN SELECT raise(ABORT, 'what is frozen does not change'); END;
CREATE TRIGGER approvals_ended BEFORE UPDATE OF status ON approvals
WHEN old.status IN ('executed', 'failed', 'denied', 'expired', 'cancelled')
    AND old.status IS NOT new.status
BEGIN SELECT raise(ABORT, 'what has ended does not change'); END;
CREATE TRIGGER approvals_grow BEFORE UPDATE ON approvals
WHEN new.epoch < old.epoch OR new.sends < old.sends
BEGIN SELECT raise(ABORT, 'what was counted is not taken back'); END;
CREATE TRIGGER approvals_kept BEFORE DELETE ON approvals
BEGIN SELECT raise(ABORT, 'an approval is kept'); END;
CREATE TRIGGER approvals_sealed BEFORE DELETE ON sealed WHEN old.owner GLOB 'approval:*'
BEGIN SELECT raise(ABORT, 'what is frozen is kept'); END;

-- What happened to each send of an approval.
CREATE TABLE attempts (
    approval_id TEXT NOT NULL REFERENCES approvals (id),
    epoch INTEGER NOT NULL,
    phase TEXT NOT NULL,
    at INTEGER NOT NULL,
    http_status INTEGER,
    detail TEXT,
    PRIMARY KEY (approval_id, epoch, phase)
) STRICT;

-- Calls that came with a key of their caller's. A finished one's answer is sealed as
-- `reply:<principal>:<key>`.
CREATE TABLE idempotency (
    principal TEXT NOT NULL,
    key TEXT NOT NULL,
    action TEXT NOT NULL,
    digest BLOB NOT NULL,
    -- The key by which the upstream knows it.
    upstream TEXT NOT NULL,
    -- Whether it may have left this machine if its process ended.
    leaves INTEGER NOT NULL CHECK (leaves IN (0, 1)),
    owner TEXT,
    approval_id TEXT REFERENCES approvals (id),
    done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (principal, key)
) STRICT;
CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- Whose a key is at the upstream: no two callers share one, also after a call was forgotten here.
CREATE TABLE upstream_keys (
    key TEXT PRIMARY KEY,
    principal TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Entries of form 2 cover more in their hash than those of form 1.
ALTER TABLE log ADD COLUMN form INTEGER NOT NULL DEFAULT 1;
ALTER TABLE log ADD COLUMN actor_id TEXT;
ALTER TABLE log ADD COLUMN actor_name TEXT;
ALTER TABLE log ADD COLUMN entity_type TEXT;
ALTER TABLE log ADD COLUMN approval_id TEXT;
CREATE INDEX log_by_user ON log (user_id, seq);
CREATE INDEX log_by_action ON log (action, seq);
CREATE INDEX log_by_approval ON log (approval_id, seq) WHERE approval_id IS NOT NULL;
