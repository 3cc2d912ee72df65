-- Which of a user's accounts at a toolkit is meant where nobody says.
ALTER TABLE connections ADD COLUMN is_default INTEGER NOT NULL DEFAULT 0
    CHECK (is_default IN (0, 1));
CREATE UNIQUE INDEX connections_default ON connections (user_id, toolkit) WHERE is_default = 1;

-- The process that refreshes the credential, by the name under which it lives; it alone may.
ALTER TABLE connections DROP COLUMN refreshing_until;
ALTER TABLE connections ADD COLUMN refreshed_by TEXT;
