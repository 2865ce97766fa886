-- Who has an entry open at the desk, and what they typed there and did not save yet.
-- seen_at: when their browser last said so; holds_since: whose turn it is, by agreement only: a save is never refused for it, it is merged.
-- base_version: that their text was made from; texts: {input: text} as the form had them, NULL where nothing waits to be saved.
CREATE TABLE cms.open_editors (
  site int NOT NULL REFERENCES cms.sites,
  entry bigint NOT NULL REFERENCES cms.entries ON DELETE CASCADE,
  person text NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  holds_since timestamptz,
  base_version int NOT NULL DEFAULT 0,
  texts jsonb,
  kept_at timestamptz,
  PRIMARY KEY (entry, person)
);

-- What people say to each other about an entry as it was at a version, or about a change that waits. asks: something is to be changed before it is approved.
CREATE TABLE cms.comments (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  entry bigint NOT NULL REFERENCES cms.entries ON DELETE CASCADE,
  version int NOT NULL,
  change bigint REFERENCES cms.pending_changes ON DELETE SET NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  author text NOT NULL DEFAULT '',
  text text NOT NULL,
  asks boolean NOT NULL DEFAULT false,
  resolved_at timestamptz,
  resolved_by text NOT NULL DEFAULT ''
);
CREATE INDEX comments_entry ON cms.comments (entry, id);

-- A change of a file's entry is written into the file when its time comes, and merged with what the file says then: base holds what it said before, {fields, body}.
ALTER TABLE cms.pending_changes ADD COLUMN base jsonb;
