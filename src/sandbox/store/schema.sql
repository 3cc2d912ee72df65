-- What the sandbox remembers. Secrets (codes, tokens, API keys) are kept as SHA-256 only.

CREATE TABLE grants (
    id         INTEGER PRIMARY KEY,
    app        TEXT NOT NULL,
    client     TEXT NOT NULL,
    account    TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- A code belongs to the grant it will bring to life; `redeemed_at` makes it single use.
CREATE TABLE codes (
    hash         BLOB PRIMARY KEY,
    grant_id     INTEGER NOT NULL REFERENCES grants (id),
    redirect_uri TEXT NOT NULL,
    challenge    TEXT NOT NULL,
    expires_at   INTEGER NOT NULL,
    redeemed_at  INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    hash       BLOB PRIMARY KEY,
    grant_id   INTEGER NOT NULL REFERENCES grants (id),
    kind       TEXT NOT NULL CHECK (kind IN ('access', 'refresh')),
    scope      TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE mailboxes (
    address    TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `labels` is a JSON array; the other text columns repeat what `raw` says, for searching.
CREATE TABLE letters (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    mailbox     TEXT NOT NULL REFERENCES mailboxes (address),
    thread      TEXT NOT NULL,
    message_id  TEXT NOT NULL,
    sender      TEXT NOT NULL,
    recipients  TEXT NOT NULL,
    subject     TEXT NOT NULL,
    text        TEXT NOT NULL,
    labels      TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    raw         BLOB NOT NULL
) STRICT;
CREATE INDEX letters_of_mailbox ON letters (mailbox, seq);
CREATE INDEX letters_of_thread ON letters (mailbox, thread, seq);
CREATE INDEX letters_by_message_id ON letters (mailbox, message_id);

CREATE TABLE labels (
    mailbox TEXT NOT NULL REFERENCES mailboxes (address),
    id      TEXT NOT NULL,
    name    TEXT NOT NULL COLLATE NOCASE,
    PRIMARY KEY (mailbox, id),
    UNIQUE (mailbox, name)
) STRICT, WITHOUT ROWID;

-- A draft is a letter that has not left; sending it removes the row and the letter it holds.
CREATE TABLE drafts (
    id      TEXT PRIMARY KEY,
    mailbox TEXT NOT NULL REFERENCES mailboxes (address),
    letter  TEXT NOT NULL UNIQUE REFERENCES letters (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX drafts_of_mailbox ON drafts (mailbox);

-- Stripe's objects of every kind, as the JSON that is answered.
CREATE TABLE objects (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    kind    TEXT NOT NULL,
    body    TEXT NOT NULL
) STRICT;
CREATE INDEX objects_of_kind ON objects (account, kind, seq);

CREATE TABLE replies (
    account  TEXT NOT NULL,
    key      BLOB NOT NULL,
    request  BLOB NOT NULL,
    status   INTEGER NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
