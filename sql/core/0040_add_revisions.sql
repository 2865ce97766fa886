-- Revisions: what each write changed in an entry, whoever made it. Written by triggers, so that psql and bulk statements are as good as the CLI.
-- A writer says who it is by SET LOCAL cms.author, cms.origin and cms.act; without an origin it is SQL by hand.

-- One act of a person or program: everything it changed can be undone together. kind: 'entry', 'approve', 'undo' …; refused: nothing was done, and why.
CREATE TABLE cms.acts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  author text NOT NULL DEFAULT '',
  origin text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  what text NOT NULL DEFAULT '',
  refused text NOT NULL DEFAULT '',
  undone_by bigint
);
CREATE INDEX acts_site ON cms.acts (site, id DESC);

-- version: that the write left; changes: {field: [before, after]}; body: the Markdown before, NULL where it did not change and for a file's entry, whose text is
-- git's (changes has the digests of both bodies then). No foreign key: the revisions of an entry that was deleted stay.
CREATE TABLE cms.revisions (
  site int NOT NULL,
  entry bigint NOT NULL,
  version int NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  made_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
  kind "char" NOT NULL,            -- a added, c changed, d deleted
  author text NOT NULL DEFAULT '',
  origin text COLLATE "C" NOT NULL,
  act bigint,
  changes jsonb NOT NULL DEFAULT '{}',
  body text,
  PRIMARY KEY (entry, version)
);
CREATE INDEX revisions_site ON cms.revisions (site, made_at DESC);
CREATE INDEX revisions_act ON cms.revisions (act) WHERE act IS NOT NULL;

CREATE FUNCTION cms.diff_fields(before jsonb, after jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, jsonb_build_array(b.value, a.value)), '{}')
  FROM jsonb_each(before) b FULL JOIN jsonb_each(after) a USING (key) WHERE b.value IS DISTINCT FROM a.value
$$;

CREATE FUNCTION cms.current_author(source text, named text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN coalesce(current_setting('cms.origin', true), '') <> '' THEN coalesce(current_setting('cms.author', true), '')
              WHEN source = 'file' THEN '' ELSE session_user::text END
$$;
CREATE FUNCTION cms.current_origin(source text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(nullif(current_setting('cms.origin', true), ''), CASE WHEN source IN ('file', 'shared') THEN source ELSE 'sql' END)
$$;
CREATE FUNCTION cms.current_act() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('cms.act', true), '')::bigint $$;

CREATE FUNCTION cms.note_revisions_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.revisions (site, entry, version, kind, author, origin, act)
    SELECT site, id, version, 'a', cms.current_author(source, author), cms.current_origin(source), cms.current_act() FROM new_rows
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_revisions_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.revisions AS r (site, entry, version, kind, author, origin, act, changes)
    SELECT n.site, n.id, n.version, 'c', cms.current_author(n.source, n.author), cms.current_origin(n.source), cms.current_act(), d.changes
    FROM new_rows n JOIN old_rows o USING (id) CROSS JOIN LATERAL (
      SELECT CASE WHEN n.fields = o.fields THEN '{}'::jsonb ELSE cms.diff_fields(o.fields, n.fields) END
        || CASE WHEN (n.status, n.removed_at IS NULL) IS DISTINCT FROM (o.status, o.removed_at IS NULL) THEN jsonb_build_object('status',
             jsonb_build_array(CASE WHEN o.removed_at IS NULL THEN o.status ELSE 'trashed' END, CASE WHEN n.removed_at IS NULL THEN n.status ELSE 'trashed' END))
           ELSE '{}' END
        || CASE WHEN n.source_key <> o.source_key THEN jsonb_build_object('file', jsonb_build_array(o.source_key, n.source_key)) ELSE '{}' END
        || CASE WHEN n.type <> o.type THEN jsonb_build_object('type', jsonb_build_array(o.type, n.type)) ELSE '{}' END
        || CASE WHEN n.collection <> o.collection THEN jsonb_build_object('collection', jsonb_build_array(o.collection, n.collection)) ELSE '{}' END
        || CASE WHEN n.locale <> o.locale THEN jsonb_build_object('locale', jsonb_build_array(o.locale, n.locale)) ELSE '{}' END
        || CASE WHEN n.translation_key <> o.translation_key
             THEN jsonb_build_object('translation_key', jsonb_build_array(o.translation_key, n.translation_key)) ELSE '{}' END
        || CASE WHEN n.source IN ('file', 'shared') AND n.body_key IS DISTINCT FROM o.body_key
             THEN jsonb_build_object('body', jsonb_build_array(encode(o.body_key, 'hex'), encode(n.body_key, 'hex'))) ELSE '{}' END AS changes) d
    WHERE d.changes <> '{}' OR n.source NOT IN ('file', 'shared') AND n.version <> o.version -- its Markdown changed; that follows
    ON CONFLICT (entry, version) DO UPDATE SET changes = r.changes || excluded.changes;
  RETURN NULL;
END $$;

-- What was deleted is kept whole: its fields, and by the trigger of its text the Markdown.
CREATE FUNCTION cms.note_revisions_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.revisions AS r (site, entry, version, kind, author, origin, act, changes)
    SELECT o.site, o.id, o.version + 1, 'd', cms.current_author(o.source, o.author), cms.current_origin(o.source), cms.current_act(),
      cms.diff_fields(o.fields || jsonb_build_object('file', o.source_key, 'type', o.type, 'locale', o.locale, 'status', o.status), '{}')
    FROM old_rows o
    ON CONFLICT (entry, version) DO UPDATE SET kind = 'd', changes = excluded.changes;
  RETURN NULL;
END $$;

CREATE TRIGGER revise_added AFTER INSERT ON cms.entries REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_revisions_added();
CREATE TRIGGER revise_changed AFTER UPDATE ON cms.entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_revisions_changed();
CREATE TRIGGER revise_deleted AFTER DELETE ON cms.entries REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_revisions_deleted();

-- The Markdown before joins the revision that its own transaction made of the entry; where there is none, the text alone was changed, which is a version too.
CREATE FUNCTION cms.note_texts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE cms.entries e SET version = e.version + 1 FROM new_rows n JOIN old_rows o USING (entry)
    WHERE e.id = n.entry AND n.markdown <> o.markdown AND NOT EXISTS (
      SELECT FROM cms.revisions r WHERE r.entry = e.id AND r.version = e.version AND r.made_in = pg_current_xact_id());
  INSERT INTO cms.revisions AS r (site, entry, version, kind, author, origin, act, body)
    SELECT e.site, e.id, e.version, 'c', cms.current_author(e.source, e.author), cms.current_origin(e.source), cms.current_act(), o.markdown
    FROM new_rows n JOIN old_rows o USING (entry) JOIN cms.entries e ON e.id = n.entry WHERE n.markdown <> o.markdown
    ON CONFLICT (entry, version) DO UPDATE SET body = coalesce(r.body, excluded.body);
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_texts_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.revisions AS r (site, entry, version, kind, author, origin, act, body)
    SELECT e.site, e.id, CASE WHEN EXISTS (SELECT FROM cms.revisions p WHERE p.entry = e.id AND p.version = e.version AND p.made_in = pg_current_xact_id())
                         THEN e.version ELSE e.version + 1 END,
      'c', cms.current_author(e.source, e.author), cms.current_origin(e.source), cms.current_act(), o.markdown
    FROM old_rows o JOIN cms.entries e ON e.id = o.entry
    ON CONFLICT (entry, version) DO UPDATE SET body = coalesce(r.body, excluded.body);
  RETURN NULL;
END $$;
CREATE TRIGGER revise_changed AFTER UPDATE ON cms.entry_texts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_texts_changed();
CREATE TRIGGER revise_deleted AFTER DELETE ON cms.entry_texts REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_texts_deleted();

-- Changes of entries that wait: for their time (due_at), or for an approval (needs_approval). base_version: that they were made from; a change that does not fit
-- any more when it is applied stays with the reason in problem.
CREATE TABLE cms.pending_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  entry bigint NOT NULL,
  base_version int NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  author text NOT NULL DEFAULT '',
  due_at timestamptz,
  needs_approval boolean NOT NULL DEFAULT false,
  approved_by text NOT NULL DEFAULT '',
  fields jsonb NOT NULL DEFAULT '{}',
  body text,
  status text COLLATE "C" CHECK (status IN ('draft', 'published', 'trashed')),
  state text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'applied', 'cancelled', 'failed')),
  ended_at timestamptz,
  problem text NOT NULL DEFAULT ''
);
CREATE INDEX pending_changes_due ON cms.pending_changes (site, due_at) WHERE state = 'waiting';

-- What a token may do with entries, beside its scopes. sections, locales: only these; empty for all.
ALTER TABLE cms.tokens
  ADD COLUMN role text COLLATE "C" NOT NULL DEFAULT 'editor' CHECK (role IN ('admin', 'editor', 'author', 'reviewer')),
  ADD COLUMN sections text[] COLLATE "C" NOT NULL DEFAULT '{}',
  ADD COLUMN locales text[] COLLATE "C" NOT NULL DEFAULT '{}';
