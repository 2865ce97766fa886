-- Change rows are made here and nowhere else, so that psql and bulk statements are as good as the CLI.

CREATE FUNCTION cms.note_entries_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT site, 'e', id FROM new_rows;
  INSERT INTO cms.posts (entry, site, created_at, locale, status, published_at, title, section, is_featured)
    SELECT id, site, created_at, locale, status, coalesce(publish_at, created_at), coalesce(fields ->> 'title', ''), fields ->> 'section',
           coalesce(fields ->> 'is_featured', '') = 'true'
    FROM new_rows WHERE type = 'post';
  INSERT INTO cms.pages (entry, site, locale, status, title)
    SELECT id, site, locale, status, coalesce(fields ->> 'title', '') FROM new_rows WHERE type = 'page';
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_entries_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM new_rows n JOIN old_rows o USING (id) WHERE (n.created_at, n.site) IS DISTINCT FROM (o.created_at, o.site)) THEN
    RAISE EXCEPTION 'created_at and site of an entry never change' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  INSERT INTO cms.changes (site, kind, subject)
    SELECT n.site, 'e', n.id FROM new_rows n JOIN old_rows o USING (id)
    WHERE (n.source_key, n.collection, n.type, n.locale, n.translation_key, n.status, n.publish_at, n.expire_at, n.removed_at, n.fields, n.body_key)
      IS DISTINCT FROM (o.source_key, o.collection, o.type, o.locale, o.translation_key, o.status, o.publish_at, o.expire_at, o.removed_at, o.fields, o.body_key);
  DELETE FROM cms.posts p USING old_rows o WHERE o.type = 'post' AND p.entry = o.id AND p.created_at = o.created_at;
  DELETE FROM cms.pages p USING old_rows o WHERE o.type = 'page' AND p.entry = o.id AND p.site = o.site;
  INSERT INTO cms.posts (entry, site, created_at, locale, status, published_at, title, section, is_featured)
    SELECT id, site, created_at, locale, CASE WHEN removed_at IS NULL THEN status ELSE 'trashed' END, coalesce(publish_at, created_at),
           coalesce(fields ->> 'title', ''), fields ->> 'section', coalesce(fields ->> 'is_featured', '') = 'true'
    FROM new_rows WHERE type = 'post';
  INSERT INTO cms.pages (entry, site, locale, status, title)
    SELECT id, site, locale, CASE WHEN removed_at IS NULL THEN status ELSE 'trashed' END, coalesce(fields ->> 'title', '')
    FROM new_rows WHERE type = 'page';
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_entries_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT site, 'e', id FROM old_rows;
  DELETE FROM cms.posts p USING old_rows o WHERE o.type = 'post' AND p.entry = o.id AND p.created_at = o.created_at;
  DELETE FROM cms.pages p USING old_rows o WHERE o.type = 'page' AND p.entry = o.id AND p.site = o.site;
  RETURN NULL;
END $$;

CREATE TRIGGER note_inserted AFTER INSERT ON cms.entries REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_entries_inserted();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_entries_updated();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.entries REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_entries_deleted();

-- A body that comes with its entry is covered by the change its own transaction has noted already.
CREATE FUNCTION cms.note_bodies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO cms.changes (site, kind, subject) SELECT e.site, 'e', e.id FROM old_rows b JOIN cms.entries e ON e.id = b.entry
      WHERE NOT EXISTS (SELECT FROM cms.changes c WHERE c.subject = b.entry AND c.kind = 'e' AND c.made_in = pg_current_xact_id());
  ELSE
    INSERT INTO cms.changes (site, kind, subject) SELECT e.site, 'e', e.id FROM new_rows b JOIN cms.entries e ON e.id = b.entry
      WHERE NOT EXISTS (SELECT FROM cms.changes c WHERE c.subject = b.entry AND c.kind = 'e' AND c.made_in = pg_current_xact_id());
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.bodies REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_bodies();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.bodies REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_bodies();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.bodies REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_bodies();

-- A body's key stands for all of it, also where its HTML was changed by hand.
CREATE FUNCTION cms.key_bodies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.key = OLD.key THEN
    NEW.key := decode(md5(concat_ws(E'\x01', NEW.html, NEW.toc, NEW.words, NEW.links, NEW.excerpt)), 'hex');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER key_changed BEFORE UPDATE ON cms.bodies FOR EACH ROW
  WHEN ((NEW.html, NEW.toc, NEW.words, NEW.links, NEW.excerpt) IS DISTINCT FROM (OLD.html, OLD.toc, OLD.words, OLD.links, OLD.excerpt))
  EXECUTE FUNCTION cms.key_bodies();

CREATE FUNCTION cms.note_files() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO cms.changes (site, kind, subject) SELECT site, 'f', id FROM old_rows;
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO cms.changes (site, kind, subject) SELECT site, 'f', id FROM new_rows;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.files REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_files();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.files REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_files();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.files REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_files();

-- TRUNCATE has no transition tables, so the engine could not learn what is gone.
CREATE FUNCTION cms.refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'TRUNCATE on cms.% would leave stale pages behind', TG_TABLE_NAME USING HINT = 'Use DELETE, or cms trash.';
END $$;
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.entries FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.bodies FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.files FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.posts FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.pages FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

-- posts and pages repeat what entries say. A write to them would be lost, so it is refused.
CREATE FUNCTION cms.refuse_projection_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() < 2 THEN
    RAISE EXCEPTION 'cms.% is kept by trigger from cms.entries', TG_TABLE_NAME USING HINT = 'Change the entry: UPDATE cms.entries SET fields = …';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER refuse_write BEFORE INSERT OR UPDATE OR DELETE ON cms.posts FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();
CREATE TRIGGER refuse_write BEFORE INSERT OR UPDATE OR DELETE ON cms.pages FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write();

-- A parent's statement trigger does not see statements aimed at a partition, so each partition has its own.
CREATE FUNCTION cms.guard_partition(partition regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate()', partition);
  EXECUTE format('CREATE TRIGGER refuse_write BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_projection_write()', partition);
END $$;
DO $$ BEGIN
  FOR n IN 0..15 LOOP
    PERFORM cms.guard_partition(format('cms.pages_%s', n)::regclass);
  END LOOP;
END $$;
