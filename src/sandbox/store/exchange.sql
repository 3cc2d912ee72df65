-- The paper exchange. `state` is an account without its orders; every order is a row of its own, so
-- that placing one writes that one only. Every write of an account, or of what is its own, changes
-- `version`: whoever remembers the account sees by it whether the memory is still good.
CREATE TABLE exchange_accounts (
    id        TEXT PRIMARY KEY,
    version   INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    state     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: the last version that was given. It stays when all is forgotten, or a new account could
-- have the version of an old one.
CREATE TABLE exchange_writes (count INTEGER NOT NULL) STRICT;
INSERT INTO exchange_writes (count) VALUES (0);

CREATE TABLE exchange_orders (
    account         TEXT NOT NULL REFERENCES exchange_accounts (id),
    seq             INTEGER NOT NULL,
    id              TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    symbol          TEXT NOT NULL,
    class           TEXT NOT NULL,
    side            TEXT NOT NULL,
    open            INTEGER NOT NULL CHECK (open IN (0, 1)),
    parent          TEXT,
    submitted_at    INTEGER NOT NULL,
    body            TEXT NOT NULL,
    UNIQUE (account, seq),
    UNIQUE (account, id),
    UNIQUE (account, client_order_id)
) STRICT;
CREATE INDEX exchange_orders_open ON exchange_orders (account, submitted_at, seq) WHERE open = 1;
CREATE INDEX exchange_orders_by_time ON exchange_orders (account, submitted_at, seq);
CREATE INDEX exchange_orders_of_parent ON exchange_orders (account, parent, seq)
    WHERE parent IS NOT NULL;

-- What is answered at /v2/account/activities; rows are added and never changed.
CREATE TABLE exchange_activities (
    account  TEXT NOT NULL REFERENCES exchange_accounts (id),
    seq      INTEGER NOT NULL,
    id       TEXT NOT NULL,
    kind     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    order_id TEXT,
    body     TEXT NOT NULL,
    UNIQUE (account, seq),
    UNIQUE (account, id)
) STRICT;
CREATE INDEX exchange_activities_of_order ON exchange_activities (account, order_id, seq)
    WHERE order_id IS NOT NULL;

-- How an account stood at the close of each session.
CREATE TABLE exchange_closes (
    account TEXT NOT NULL REFERENCES exchange_accounts (id),
    at      INTEGER NOT NULL,
    equity  TEXT NOT NULL,
    PRIMARY KEY (account, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE exchange_settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE exchange_prices (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    kind   TEXT NOT NULL CHECK (kind IN ('pin', 'walk', 'replay')),
    symbol TEXT NOT NULL,
    body   TEXT NOT NULL
) STRICT;
