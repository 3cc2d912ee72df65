-- The OAuth app through which users link brokerage accounts, and what they are told before. Its secret is
-- sealed.
CREATE TABLE broker (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    client_id TEXT,
    redirect_uri TEXT,
    disclosure TEXT,
    base_url TEXT
) STRICT;

-- Orders as they were written down before they were sent: what the limits are reckoned by. Amounts are exact
-- decimals, so they are texts.
CREATE TABLE intents (
    client_order_id TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    env TEXT NOT NULL CHECK (env IN ('paper', 'live')),
    symbol TEXT NOT NULL,
    asset_class TEXT NOT NULL CHECK (asset_class IN ('us_equity', 'crypto', 'us_option')),
    side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
    notional TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('sending', 'placed', 'refused', 'unknown', 'missing')),
    -- What is asked of the broker, as SHA-256: the same id never stands for two orders.
    digest BLOB NOT NULL,
    approval_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, env, client_order_id)
) STRICT;
CREATE INDEX intents_by_day ON intents (user_id, env, created_at);
CREATE INDEX intents_open ON intents (user_id) WHERE status IN ('sending', 'unknown');

-- Whose orders are stopped; an empty user means all.
CREATE TABLE halts (
    user_id TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    halted_by TEXT NOT NULL,
    reason TEXT
) STRICT;
