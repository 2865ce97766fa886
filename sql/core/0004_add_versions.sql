-- What a store of objects says of what lies in it. writer: stands for this database in the objects that its builders wrote; conditions: whether
-- the target's store honours If-Match and If-None-Match, null before it was asked; etag: the version of an object, by the store's own name; retired_at: since when nobody wants an
-- object that stays for pages that visitors have open.
ALTER TABLE cms.sites ADD COLUMN writer uuid NOT NULL DEFAULT gen_random_uuid(), ADD COLUMN conditions boolean;
ALTER TABLE cms.outputs ADD COLUMN etag text COLLATE "C", ADD COLUMN retired_at timestamptz;
CREATE INDEX outputs_retired ON cms.outputs (site, retired_at) WHERE retired_at IS NOT NULL;
-- A builder that lost its lease while it slept may write once more: what it was writing is looked at again at this time.
ALTER TABLE cms.journal ADD COLUMN again_at timestamptz;
