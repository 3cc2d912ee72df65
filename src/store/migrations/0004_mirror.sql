-- What is told of a login: which process waits for it, by the name under which it lives, when its callback
-- came, and whether and how it ended; `failure` is why it did not end well.
ALTER TABLE flows ADD COLUMN waited_by TEXT;
ALTER TABLE flows ADD COLUMN used_at INTEGER;
ALTER TABLE flows ADD COLUMN ended INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1));
ALTER TABLE flows ADD COLUMN failure TEXT;

-- Logins that go on: whether one of them lapsed is asked before every answer of the mirror.
CREATE INDEX connections_initiated ON connections (user_id, last_status_at) WHERE status = 'INITIATED';
CREATE INDEX flows_open ON flows (expires_at) WHERE used = 0;
