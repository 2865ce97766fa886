-- What cached answers depend on. A tag has a version for each transaction that raised it; an answer is valid while the snapshot that it was
-- made with sees every version of its tags. Rows are only added, so two writers never wait for each other, and never deadlock.

CREATE TABLE cms.tag_versions (
  site int NOT NULL,
  tag text COLLATE "C" NOT NULL,
  version xid8 NOT NULL DEFAULT pg_current_xact_id(),
  raised_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, tag, version)
);
CREATE INDEX tag_versions_version ON cms.tag_versions (version);
CREATE INDEX tag_versions_raised ON cms.tag_versions (raised_at);

-- Answers of this site that carry one of these tags are stale once the caller commits. The notification is a doorbell: listeners read the table.
CREATE FUNCTION cms.raise_tags(for_site int, tags text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.tag_versions (site, tag) SELECT for_site, t FROM unnest(tags) t WHERE t IS NOT NULL ON CONFLICT DO NOTHING;
  IF FOUND THEN
    PERFORM pg_notify('cms_tags', '');
  END IF;
END $$;
