-- Entries that no file holds: source 'api' or 'import:<name>'. Their source_key is the name of the file that would hold them, so that they are derived as
-- that file's entry would be. version: raised by each change; author: who made the last one; external_key: what an import calls the entry.
ALTER TABLE cms.entries
  ADD COLUMN version int NOT NULL DEFAULT 1,
  ADD COLUMN author text NOT NULL DEFAULT '',
  ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN external_key text COLLATE "C";
CREATE UNIQUE INDEX entries_external ON cms.entries (site, source, external_key) WHERE external_key IS NOT NULL;
CREATE INDEX entries_source_key ON cms.entries (site, source_key) WHERE source <> 'file';

-- The Markdown of an entry that no file holds. read_digest: of the rules that it was last read under, '' where it must be read; problems: what was wrong then.
CREATE TABLE cms.entry_texts (
  entry bigint PRIMARY KEY REFERENCES cms.entries ON DELETE CASCADE,
  site int NOT NULL,
  markdown text NOT NULL,
  read_digest bytea NOT NULL DEFAULT ''::bytea,
  problems jsonb
);
CREATE INDEX entry_texts_read ON cms.entry_texts (site, read_digest, entry);
CREATE INDEX entry_texts_problems ON cms.entry_texts (site) WHERE problems IS NOT NULL;

-- A change by SQL is a version too, and the digest of an imported row no longer stands for the entry.
CREATE FUNCTION cms.number_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.version = OLD.version THEN
    NEW.version := OLD.version + 1;
  END IF;
  NEW.changed_at := clock_timestamp();
  IF NEW.source <> 'file' AND NEW.digest = OLD.digest THEN
    NEW.digest := ''::bytea;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER number_versions BEFORE UPDATE ON cms.entries FOR EACH ROW
  WHEN ((OLD.source_key, OLD.collection, OLD.type, OLD.locale, OLD.translation_key, OLD.status, OLD.publish_at, OLD.expire_at, OLD.removed_at, OLD.fields, OLD.version)
    IS DISTINCT FROM (NEW.source_key, NEW.collection, NEW.type, NEW.locale, NEW.translation_key, NEW.status, NEW.publish_at, NEW.expire_at, NEW.removed_at, NEW.fields, NEW.version))
  EXECUTE FUNCTION cms.number_versions();

-- Markdown that was changed by SQL is read by the next sync.
CREATE FUNCTION cms.read_texts_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.read_digest = OLD.read_digest THEN
    NEW.read_digest := ''::bytea;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER read_again BEFORE UPDATE ON cms.entry_texts FOR EACH ROW
  WHEN (NEW.markdown IS DISTINCT FROM OLD.markdown) EXECUTE FUNCTION cms.read_texts_again();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.entry_texts FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

-- Why an entry that is to be public has no page.
ALTER TABLE cms.cards ADD COLUMN problem text NOT NULL DEFAULT '';
CREATE INDEX cards_problem ON cms.cards (site) WHERE problem <> '';

-- What imports did. position: rows of the file that are done; errors_bytes: how much of the file of errors belongs to them.
CREATE TABLE cms.imports (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL,
  source text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  file text NOT NULL,
  file_digest bytea NOT NULL,
  errors_file text NOT NULL DEFAULT '',
  errors_bytes bigint NOT NULL DEFAULT 0,
  author text NOT NULL DEFAULT '',
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  undone_at timestamptz,
  position bigint NOT NULL DEFAULT 0,
  added int NOT NULL DEFAULT 0,
  changed int NOT NULL DEFAULT 0,
  unchanged int NOT NULL DEFAULT 0,
  failed int NOT NULL DEFAULT 0
);
CREATE INDEX imports_site ON cms.imports (site, id DESC);

-- What an import did to an entry, so that it can be undone. changes: {field: [before, after]}, NULL where it was added; version: that it left.
CREATE TABLE cms.import_rows (
  import bigint NOT NULL,
  entry bigint NOT NULL,
  version int NOT NULL,
  changes jsonb,
  PRIMARY KEY (import, entry)
);
