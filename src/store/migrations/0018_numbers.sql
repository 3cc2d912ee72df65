-- An approval is never deleted, so that the last number says what the next one is: SQLite need not keep count as well, which
-- is a page with every approval. On disk the table is the same.
-- Source: SQLite's documentation of ALTER TABLE, "Making Other Kinds Of Table Schema Changes" (read 2026-11-28).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, ' AUTOINCREMENT', '') WHERE type = 'table' AND name = 'approvals';
PRAGMA writable_schema = RESET;
DELETE FROM sqlite_sequence WHERE name = 'approvals';
