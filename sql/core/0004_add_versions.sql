-- What a store of objects says of what lies in it. writer: stands for this database in the objects that its builders wrote; conditions: whether
-- the target's store honours If-Match and If-None-Match, null before it was asked; etag: the version of an object, by the store's own name.
ALTER TABLE cms.sites ADD COLUMN writer uuid NOT NULL DEFAULT gen_random_uuid(), ADD COLUMN conditions boolean;
ALTER TABLE cms.outputs ADD COLUMN etag text COLLATE "C";
-- A builder that lost its lease while it slept may write once more: what it was writing is looked at again at this time.
ALTER TABLE cms.journal ADD COLUMN again_at timestamptz;
