-- Every OAuth client that a server made of us, as JSON; the toolkit's own row names the latest. The
-- earlier ones stay as long as a credential belongs to them. Their secrets are sealed.
CREATE TABLE clients (
    toolkit TEXT NOT NULL,
    client_id TEXT NOT NULL,
    registered TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (toolkit, client_id)
) STRICT;
UPDATE toolkits SET registered = json_set(registered, '$.owner', 'registered:' || slug)
    WHERE registered IS NOT NULL;
INSERT INTO clients (toolkit, client_id, registered, created_at)
    SELECT slug, json_extract(registered, '$.client_id'), registered, 0 FROM toolkits
    WHERE registered IS NOT NULL;

-- The OAuth client that the credential belongs to, so that it is kept; the credential itself says it too.
ALTER TABLE connections ADD COLUMN client_id TEXT;
UPDATE connections SET client_id =
    (SELECT clients.client_id FROM clients WHERE clients.toolkit = connections.toolkit);
