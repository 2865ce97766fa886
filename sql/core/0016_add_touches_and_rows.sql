-- What verticals add to the changes: names whose value moved (facts), and rows of their tables that are members of lists.

ALTER TABLE cms.changes ADD COLUMN name text COLLATE "C";
COMMENT ON COLUMN cms.changes.kind IS 'e entry written, d entry to derive again, f file, r row of a vertical''s table, n named value';

-- Whatever read this name is made again: ''fact/rating/7''. The same name is the tag of answers that depend on it.
CREATE FUNCTION cms.touch(site integer, name text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO cms.changes (site, kind, subject, name) VALUES (touch.site, 'n', 0, touch.name)
$$;

-- The trigger of a table whose rows are members of lists. Its columns site and number say whose and which.
CREATE FUNCTION cms.note_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO cms.changes (site, kind, subject) SELECT site, 'r', number FROM new_rows;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO cms.changes (site, kind, subject) SELECT site, 'r', number FROM old_rows;
  ELSE
    INSERT INTO cms.changes (site, kind, subject)
      SELECT n.site, 'r', n.number FROM new_rows n JOIN old_rows o USING (number) WHERE n IS DISTINCT FROM o;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.follow_rows(followed regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER note_inserted AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_rows()', followed);
  EXECUTE format('CREATE TRIGGER note_updated AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_rows()', followed);
  EXECUTE format('CREATE TRIGGER note_deleted AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_rows()', followed);
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate()', followed);
END $$;

-- When each task of a vertical ran last, so that of several processes one runs it.
CREATE TABLE cms.task_runs (
  site int NOT NULL REFERENCES cms.sites,
  name text COLLATE "C" NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  error text,
  PRIMARY KEY (site, name)
);
