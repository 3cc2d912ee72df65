-- Which API a key is for, for which app of it, and how it begins. All keys before were the Naive API's.
ALTER TABLE keys ADD COLUMN dialect TEXT NOT NULL DEFAULT 'naive'
    CHECK (dialect IN ('naive', 'integrations', 'connectors'));
ALTER TABLE keys ADD COLUMN app TEXT;
ALTER TABLE keys ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
UPDATE keys SET prefix = CASE role WHEN 'workspace' THEN 'nv_sk_local_' ELSE 'nv_ag_local_' END;
