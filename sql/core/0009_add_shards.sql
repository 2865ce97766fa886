-- Parts of a round that processes of any machine may make, see docs/decisions/014-workers.md. A row lives as long as its round. work, result: as
-- msgpack; inputs: what a process must have to make it; epoch: of the builder's lease; attempt: counts the claims, only the last one's result counts.
-- Not logged: what a crash of the server takes was asked for by a build that the crash ended too.
CREATE UNLOGGED TABLE cms.shards (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL,
  build bigint NOT NULL,
  epoch bigint NOT NULL,
  inputs bytea NOT NULL,
  snapshot text COLLATE "C" NOT NULL,
  clock timestamptz NOT NULL,
  work bytea NOT NULL,
  attempt int NOT NULL DEFAULT 0,
  claimed_by text COLLATE "C",
  claimed_until timestamptz,
  result bytea
);
CREATE INDEX shards_open ON cms.shards (site, id) WHERE result IS NULL;
CREATE INDEX shards_site ON cms.shards (site);
