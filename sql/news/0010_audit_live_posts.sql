-- What is done in live blogs and to breaking news is listed by `cms audit`, whoever wrote the row.

CREATE FUNCTION cms.audit_news() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who text := coalesce(nullif(current_setting('cms.author', true), ''), '');
  done text := 'post';
  said text;
BEGIN
  IF TG_TABLE_NAME = 'breaking_news' THEN
    done := CASE WHEN TG_OP = 'INSERT' THEN 'breaking' WHEN NEW.is_active THEN 'change breaking' ELSE 'end breaking' END;
    said := NEW.headline;
  ELSE
    IF TG_OP = 'UPDATE' THEN
      IF (NEW.content, NEW.author_id, NEW.is_pinned, NEW.is_important, NEW.deleted_at)
        IS NOT DISTINCT FROM (OLD.content, OLD.author_id, OLD.is_pinned, OLD.is_important, OLD.deleted_at) THEN
        RETURN NULL;
      END IF;
      done := CASE WHEN NEW.deleted_at IS NOT NULL THEN 'delete post' ELSE 'change post' END;
    END IF;
    SELECT format('update %s of %s', NEW.position, e.source_key) INTO said
      FROM cms.live_blogs b JOIN cms.entries e ON e.id = b.post_id WHERE b.live_blog_id = NEW.live_blog_id;
    who := coalesce(nullif(who, ''), NEW.author_id, '');
  END IF;
  INSERT INTO cms.acts (site, author, origin, kind, what)
    VALUES (NEW.site, who, coalesce(nullif(current_setting('cms.origin', true), ''), 'news'), done, left(coalesce(said, ''), 500));
  RETURN NULL;
END $$;

CREATE TRIGGER audit_done AFTER INSERT OR UPDATE ON cms.live_blog_updates FOR EACH ROW EXECUTE FUNCTION cms.audit_news();
CREATE TRIGGER audit_done AFTER INSERT OR UPDATE ON cms.breaking_news FOR EACH ROW EXECUTE FUNCTION cms.audit_news();
