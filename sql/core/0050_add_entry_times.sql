-- Moments at which an entry counts otherwise than before, besides publish_at and expire_at: it is derived again when one passes, in either direction.
CREATE TABLE cms.entry_times (
  entry bigint NOT NULL REFERENCES cms.entries ON DELETE CASCADE,
  site int NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (entry, at)
);
CREATE INDEX entry_times_due ON cms.entry_times (site, at);
