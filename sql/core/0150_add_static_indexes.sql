-- The index that browsers search in, where [search] engine = "pagefind": made by the build from cms.documents, published as files.
CREATE TABLE cms.static_indexes (
  site int PRIMARY KEY,
  state bytea NOT NULL            -- of all it was made from
);
CREATE TABLE cms.static_index_files (
  site int NOT NULL,
  path text COLLATE "C" NOT NULL, -- below /pagefind/
  digest bytea NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (site, path)
);
ALTER TABLE cms.static_index_files ALTER COLUMN data SET STORAGE EXTERNAL; -- it is packed already
