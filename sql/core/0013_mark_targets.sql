-- Whether the target says that it is this site's (publish/owner.py): where it does not any more, it has lost what the manifest says.
ALTER TABLE cms.sites ADD COLUMN target_marked boolean NOT NULL DEFAULT false;
-- Entries whose pages could not be made are few; whether a new page is one of them is asked of each.
CREATE INDEX cards_held ON cms.cards (entry) WHERE held;
