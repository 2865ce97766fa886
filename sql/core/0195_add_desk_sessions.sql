-- Who is signed in at the desk, so that signing out ends a session on the server too. digest: SHA-256 of the cookie, which only the browser has.
CREATE TABLE cms.desk_sessions (
  digest bytea PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  token bigint NOT NULL REFERENCES cms.tokens ON DELETE CASCADE,
  ends_at timestamptz NOT NULL
);

-- A file that is read again because settings or our code changed has the text it had: its body's key changes, and that is no revision.
CREATE OR REPLACE FUNCTION cms.note_revisions_changed() RETURNS trigger LANGUAGE plpgsql AS $$
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
        || CASE WHEN n.source IN ('file', 'shared') AND n.body_key IS DISTINCT FROM o.body_key AND coalesce(current_setting('cms.rereading', true), '') <> 'on'
             THEN jsonb_build_object('body', jsonb_build_array(encode(o.body_key, 'hex'), encode(n.body_key, 'hex'))) ELSE '{}' END AS changes) d
    WHERE d.changes <> '{}' OR n.source NOT IN ('file', 'shared') AND n.version <> o.version -- its Markdown changed; that follows
    ON CONFLICT (entry, version) DO UPDATE SET changes = r.changes || excluded.changes;
  RETURN NULL;
END $$;
