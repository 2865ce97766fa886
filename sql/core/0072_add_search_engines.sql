-- Search engines beside Postgres: which a site has, and which documents it has still to be sent.

CREATE TABLE cms.search_engines (
  site int PRIMARY KEY REFERENCES cms.sites ON DELETE CASCADE,
  layout bytea NOT NULL DEFAULT '',  -- of what the index was filled with: address, names, settings of the index
  filled_at timestamptz,             -- NULL until the index was filled
  sent_at timestamptz,
  again_at timestamptz,              -- when sending is tried again after a failure
  error text,
  leased_until timestamptz NOT NULL DEFAULT '-infinity'
);

CREATE SEQUENCE cms.search_changes_version;

-- A document that came, changed or went; one row however often it did. It goes when the engine has the document as it then was.
CREATE TABLE cms.search_changes (
  site int NOT NULL REFERENCES cms.search_engines ON DELETE CASCADE,
  entry bigint NOT NULL,
  locale text COLLATE "C" NOT NULL,
  version bigint NOT NULL DEFAULT nextval('cms.search_changes_version'),
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, entry, locale)
);
CREATE INDEX search_changes_oldest ON cms.search_changes (site, changed_at);

CREATE FUNCTION cms.note_search_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO cms.search_changes AS c (site, entry, locale)
    SELECT o.site, o.entry, o.locale FROM old_rows o JOIN cms.search_engines USING (site) ORDER BY 1, 2, 3
    ON CONFLICT (site, entry, locale) DO UPDATE SET version = excluded.version;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO cms.search_changes AS c (site, entry, locale)
    SELECT n.site, n.entry, n.locale FROM new_rows n JOIN cms.search_engines USING (site) ORDER BY 1, 2, 3
    ON CONFLICT (site, entry, locale) DO UPDATE SET version = excluded.version;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.documents REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_search_changes();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.documents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_search_changes();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.documents REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_search_changes();

-- Answers that Postgres gave while the engine was behind are made anew once it is not.
CREATE FUNCTION cms.raise_search_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM cms.raise_tags(NEW.site, ARRAY['search']);
  RETURN NULL;
END $$;
CREATE TRIGGER raise_sent AFTER UPDATE OF sent_at, filled_at ON cms.search_engines FOR EACH ROW
  WHEN ((NEW.sent_at, NEW.filled_at) IS DISTINCT FROM (OLD.sent_at, OLD.filled_at)) EXECUTE FUNCTION cms.raise_search_sent();

-- Kilometres between two places on a sphere of the earth's mean radius (haversine).
CREATE FUNCTION cms.great_circle_km(lat1 float8, lng1 float8, lat2 float8, lng2 float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 2 * 6371.0088 * asin(least(1, sqrt(sind((lat2 - lat1) / 2) ^ 2 + cosd(lat1) * cosd(lat2) * sind((lng2 - lng1) / 2) ^ 2)))
$$;
