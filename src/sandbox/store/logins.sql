
-- A device that waits for a person (RFC 8628). The codes are kept as SHA-256; `wait` is in seconds.
-- `grant_id` is set when the person allows it, `denied_at` when they do not.
CREATE TABLE devices (
    hash        BLOB PRIMARY KEY,
    user_code   BLOB NOT NULL UNIQUE,
    app         TEXT NOT NULL,
    client      TEXT NOT NULL,
    scope       TEXT NOT NULL,
    wait        INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    polled_at   INTEGER,
    grant_id    INTEGER REFERENCES grants (id),
    denied_at   INTEGER,
    redeemed_at INTEGER
) STRICT, WITHOUT ROWID;

-- Clients that registered themselves (RFC 7591); `secret` is a SHA-256, none for public clients, and
-- `redirects` a JSON array.
CREATE TABLE clients (
    id         TEXT PRIMARY KEY,
    app        TEXT NOT NULL,
    secret     BLOB,
    redirects  TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
