-- Pages whose bytes changed and that the CDN must forget. A row a page: it is written in the transaction that records the page, waits for its
-- first purge (turn 1), then for the second some seconds later (turn 2), and goes. version: a page that changes again meanwhile begins anew.
CREATE SEQUENCE cms.purge_versions;
CREATE TABLE cms.purges (
  site int NOT NULL,
  path text COLLATE "C" NOT NULL,
  turn smallint NOT NULL DEFAULT 1,
  phase smallint NOT NULL,
  cause text COLLATE "C" NOT NULL,  -- new, changed, removed, unsure: a killed build may have written it
  build bigint NOT NULL,
  version bigint NOT NULL DEFAULT nextval('cms.purge_versions'),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  not_before timestamptz NOT NULL DEFAULT '-infinity',
  purged_at timestamptz,
  tries int NOT NULL DEFAULT 0,
  error text,
  PRIMARY KEY (site, path)
);
CREATE INDEX purges_order ON cms.purges (site, turn, phase, path);
CREATE INDEX purges_failed ON cms.purges (site) WHERE error IS NOT NULL;

-- Until when the CDN asked to be left alone (Retry-After).
ALTER TABLE cms.sites ADD COLUMN purges_wait_until timestamptz;

-- How long a page took from its author to the edge. fresh_at: NULL while the edge still answers with something older.
CREATE TABLE cms.receipts (
  site int NOT NULL,
  build bigint NOT NULL,
  path text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  saved_at timestamptz NOT NULL,
  uploaded_at timestamptz NOT NULL,
  purged_at timestamptz NOT NULL,
  fresh_at timestamptz,
  PRIMARY KEY (site, build, path)
);
CREATE INDEX receipts_not_fresh ON cms.receipts (site, purged_at) WHERE fresh_at IS NULL;

-- How often a page was read, by day, from the logs of a CDN or a web server. No addresses, no visitors.
CREATE TABLE cms.hits (
  site int NOT NULL,
  path text COLLATE "C" NOT NULL,
  day date NOT NULL,
  hits bigint NOT NULL,
  PRIMARY KEY (site, path, day)
);
CREATE INDEX hits_day ON cms.hits (site, day);

-- Log files that were counted: the same file again counts nothing.
CREATE TABLE cms.imported_logs (
  site int NOT NULL,
  digest bytea NOT NULL,
  imported_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, digest)
);
