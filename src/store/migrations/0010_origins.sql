-- Sites to which a login may send its browser on, as a JSON array; none means any.
ALTER TABLE store ADD COLUMN allowed_origins TEXT NOT NULL DEFAULT '[]';
