-- What an app of the Integrations API calls the toolkits it has enabled, now or before.
CREATE TABLE integrations (
    toolkit TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
