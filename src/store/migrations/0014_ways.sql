-- Ways to toolkits beside the app's own API: servers that were added or met, and what a provider's catalog says.
CREATE TABLE ways (
    toolkit TEXT NOT NULL,
    provider TEXT NOT NULL CHECK (provider IN ('mcp', 'composio')),
    -- How it is reached; of a shipped server, nothing.
    manifest TEXT,
    -- The tools that were taken, and what the server offers now where that is something else.
    tools TEXT,
    seen TEXT,
    checked_at INTEGER,
    -- The OAuth client that the operator brings, and the scopes to ask for.
    client_id TEXT,
    scopes TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (toolkit, provider)
) STRICT, WITHOUT ROWID;

-- The provider that the operator prefers, and the one a connection goes through.
ALTER TABLE toolkits ADD COLUMN provider TEXT CHECK (provider IN ('direct', 'mcp', 'composio'));
ALTER TABLE connections ADD COLUMN provider TEXT NOT NULL DEFAULT 'direct'
    CHECK (provider IN ('direct', 'mcp', 'composio'));
