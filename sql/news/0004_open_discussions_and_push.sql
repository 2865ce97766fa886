-- Readers may comment on live blogs where allow_comments says so; breaking news of the style push is sent to receivers once.
CREATE FUNCTION cms.open_live_discussion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.discussions (entry, site, is_open) VALUES (NEW.post_id, NEW.site, NEW.allow_comments)
  ON CONFLICT (entry) DO UPDATE SET is_open = excluded.is_open;
  RETURN NULL;
END $$;
CREATE TRIGGER open_discussion AFTER INSERT OR UPDATE OF post_id, allow_comments ON cms.live_blogs FOR EACH ROW EXECUTE FUNCTION cms.open_live_discussion();
INSERT INTO cms.discussions (entry, site, is_open) SELECT post_id, site, allow_comments FROM cms.live_blogs ON CONFLICT DO NOTHING;

-- What was pushed. Items from before are taken for pushed.
CREATE TABLE cms.breaking_pushes (
  number bigint PRIMARY KEY REFERENCES cms.breaking_news (number) ON DELETE CASCADE,
  site int NOT NULL REFERENCES cms.sites,
  pushed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO cms.breaking_pushes (number, site) SELECT number, site FROM cms.breaking_news WHERE display_style = 'push';

-- Those of the style push are on no page, so no fragment is made again for them.
CREATE OR REPLACE FUNCTION cms.note_breaking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM cms.touch(p.site, p.name) FROM (
      SELECT DISTINCT n.site, cms.list_breaking_places(n.site, n.show_on_homepage, n.show_on_sections) AS name FROM new_rows n
      WHERE n.is_active AND n.display_style <> 'push') p;
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM cms.touch(p.site, p.name) FROM (
      SELECT DISTINCT o.site, cms.list_breaking_places(o.site, o.show_on_homepage, o.show_on_sections) AS name FROM old_rows o
      WHERE o.is_active AND o.display_style <> 'push') p;
  ELSE
    PERFORM cms.touch(p.site, p.name) FROM (
      SELECT DISTINCT x.site, cms.list_breaking_places(x.site, x.show_on_homepage, x.show_on_sections) AS name FROM (
        SELECT o.* FROM old_rows o JOIN new_rows n USING (number) WHERE o IS DISTINCT FROM n AND (o.is_active OR n.is_active)
        UNION ALL
        SELECT n.* FROM old_rows o JOIN new_rows n USING (number) WHERE o IS DISTINCT FROM n AND (o.is_active OR n.is_active)) x
      WHERE x.display_style <> 'push') p;
  END IF;
  RETURN NULL;
END $$;
