CREATE TABLE cms.attendances (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  entry bigint NOT NULL,
  people int NOT NULL
);
CREATE INDEX ON cms.attendances (entry);

CREATE FUNCTION cms.note_attendances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM cms.touch(o.site, 'fact/attendance/' || o.entry) FROM (SELECT DISTINCT site, entry FROM old_rows) o;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM cms.touch(n.site, 'fact/attendance/' || n.entry) FROM (SELECT DISTINCT site, entry FROM new_rows) n;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.attendances REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_attendances();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.attendances REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_attendances();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.attendances REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_attendances();

CREATE TABLE cms.event_notes (
  number bigint NOT NULL PRIMARY KEY DEFAULT nextval('cms.entries_id_seq'),
  site int NOT NULL REFERENCES cms.sites,
  event text COLLATE "C" NOT NULL,
  text text NOT NULL,
  shown boolean NOT NULL DEFAULT true,
  posted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT cms.follow_rows('cms.event_notes');
