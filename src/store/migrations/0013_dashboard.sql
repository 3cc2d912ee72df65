-- One-time links to the dashboard, by the hash of what stands in them.
CREATE TABLE dashboard_tickets (
    hash BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;

-- Browsers that came by such a link, by the hash of their cookie.
CREATE TABLE dashboard_sessions (
    hash BLOB PRIMARY KEY,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
