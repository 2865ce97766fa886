-- Files of rows that are imported by way of the API: sent in parts, then imported by whichever process is asked to. Kept for a week.
CREATE TABLE cms.import_uploads (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  options jsonb NOT NULL,         -- as cms_ssg.bulk.uploads.UploadOptions
  author text NOT NULL DEFAULT '',
  state text COLLATE "C" NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'running', 'done', 'failed')),
  rows int NOT NULL DEFAULT 0,    -- that are done
  total int NOT NULL DEFAULT 0,   -- about how many there are
  result jsonb,
  errors bytea,                   -- rows that are wrong, as CSV
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz
);
CREATE INDEX import_uploads_site ON cms.import_uploads (site, created_at);
CREATE TABLE cms.import_upload_parts (
  upload bigint NOT NULL REFERENCES cms.import_uploads ON DELETE CASCADE,
  number int NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (upload, number)
);

-- Entries of the store in the trash, by how long they have been there.
CREATE INDEX entries_trashed ON cms.entries (site, removed_at) WHERE removed_at IS NOT NULL;
