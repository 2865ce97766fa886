-- Where the manifest's bytes are. target: the setting; place: of a folder target, the checkout whose folder holds all of them,
-- '-' where several hold some each. unsure: the target may hold other bytes than the digest says, so it is asked before a write.
ALTER TABLE cms.sites ADD COLUMN target text COLLATE "C", ADD COLUMN place text COLLATE "C";
ALTER TABLE cms.outputs ADD COLUMN unsure boolean NOT NULL DEFAULT false;
CREATE INDEX files_bundle ON cms.files (site, bundle) WHERE bundle <> '';
