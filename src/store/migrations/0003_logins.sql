-- A login on another device: how far apart the app may be asked about it, and when next.
ALTER TABLE flows ADD COLUMN poll_every INTEGER;
ALTER TABLE flows ADD COLUMN next_poll_at INTEGER;

-- The OAuth client that a toolkit's server made of us, as JSON. Its secrets are sealed.
ALTER TABLE toolkits ADD COLUMN registered TEXT;
