-- Breaking news, live blogs and their updates, relationships between entries, curated lists, and what was killed.

-- What is shown above the pages of the front page and of sections for a while. number: by which people name it.
CREATE TABLE cms.breaking_news (
  number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  breaking_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  site int NOT NULL REFERENCES cms.sites,
  headline text NOT NULL CHECK (length(headline) BETWEEN 1 AND 300),
  summary text CHECK (length(summary) <= 1000),
  post_id bigint REFERENCES cms.entries ON DELETE SET NULL,
  priority int NOT NULL DEFAULT 1,
  display_style text COLLATE "C" NOT NULL DEFAULT 'banner' CHECK (display_style IN ('banner', 'ticker', 'modal', 'push')),
  starts_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz CHECK (expires_at > starts_at),
  show_on_homepage boolean NOT NULL DEFAULT true,
  show_on_sections text[] COLLATE "C",
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN cms.breaking_news.show_on_sections IS 'slugs of sections; null for all of them, an empty array for none';
CREATE INDEX idx_breaking_news_active ON cms.breaking_news (site, priority DESC, starts_at DESC) WHERE is_active;

-- Every place where an item is or was shown has another value now: the front page, each section it names, all sections, the page of all.
CREATE FUNCTION cms.list_breaking_places(site int, on_home boolean, sections text[]) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
  SELECT 'fact/breaking/all'
  UNION SELECT 'fact/breaking/home' WHERE on_home
  UNION SELECT 'fact/breaking/sections' WHERE sections IS NULL
  UNION SELECT 'fact/breaking/section/' || s FROM unnest(sections) s
$$;
CREATE FUNCTION cms.note_breaking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM cms.touch(p.site, p.name) FROM (
      SELECT DISTINCT n.site, cms.list_breaking_places(n.site, n.show_on_homepage, n.show_on_sections) AS name FROM new_rows n WHERE n.is_active) p;
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM cms.touch(p.site, p.name) FROM (
      SELECT DISTINCT o.site, cms.list_breaking_places(o.site, o.show_on_homepage, o.show_on_sections) AS name FROM old_rows o WHERE o.is_active) p;
  ELSE
    PERFORM cms.touch(p.site, p.name) FROM (
      SELECT DISTINCT x.site, cms.list_breaking_places(x.site, x.show_on_homepage, x.show_on_sections) AS name FROM (
        SELECT o.* FROM old_rows o JOIN new_rows n USING (number) WHERE o IS DISTINCT FROM n AND (o.is_active OR n.is_active)
        UNION ALL
        SELECT n.* FROM old_rows o JOIN new_rows n USING (number) WHERE o IS DISTINCT FROM n AND (o.is_active OR n.is_active)) x) p;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.breaking_news REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_breaking();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.breaking_news REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_breaking();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.breaking_news REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_breaking();

-- A live blog is an entry of the type live-blog that somebody follows. last_event: how many events it has had.
CREATE TABLE cms.live_blogs (
  number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  live_blog_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  site int NOT NULL REFERENCES cms.sites,
  post_id bigint NOT NULL UNIQUE REFERENCES cms.entries ON DELETE CASCADE,
  auto_refresh_interval int NOT NULL DEFAULT 30 CHECK (auto_refresh_interval BETWEEN 5 AND 3600),
  allow_comments boolean NOT NULL DEFAULT true,
  status text COLLATE "C" NOT NULL DEFAULT 'live' CHECK (status IN ('upcoming', 'live', 'paused', 'ended')),
  last_event int NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION cms.note_live_blogs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.post_id, OLD.auto_refresh_interval, OLD.allow_comments, OLD.status, OLD.started_at, OLD.ended_at)
      IS NOT DISTINCT FROM (NEW.post_id, NEW.auto_refresh_interval, NEW.allow_comments, NEW.status, NEW.started_at, NEW.ended_at) THEN
    RETURN NULL;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    PERFORM cms.touch(OLD.site, 'fact/live/' || OLD.post_id);
  END IF;
  IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND OLD.post_id <> NEW.post_id THEN
    PERFORM cms.touch(NEW.site, 'fact/live/' || NEW.post_id);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_changed AFTER INSERT OR UPDATE OR DELETE ON cms.live_blogs FOR EACH ROW EXECUTE FUNCTION cms.note_live_blogs();

-- One update. content: {"markdown": …} or {"blocks": […]}; position: the number of its first event, by which it is known and ordered;
-- last_event: of its newest one.
CREATE TABLE cms.live_blog_updates (
  number bigint NOT NULL UNIQUE DEFAULT nextval('cms.entries_id_seq'),
  update_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  site int NOT NULL REFERENCES cms.sites,
  live_blog_id uuid NOT NULL REFERENCES cms.live_blogs ON DELETE CASCADE,
  content jsonb NOT NULL CHECK (jsonb_typeof(content) = 'object'),
  author_id text COLLATE "C" NOT NULL DEFAULT '',
  is_pinned boolean NOT NULL DEFAULT false,
  is_important boolean NOT NULL DEFAULT false,
  position int NOT NULL,
  last_event int NOT NULL,
  posted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz,
  deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (live_blog_id, position)
);
CREATE INDEX idx_live_blog_updates_blog ON cms.live_blog_updates (live_blog_id, posted_at DESC);

-- What happened in a live blog, numbered without a gap: readers who were away ask for what came after the last number they know. An event has
-- no text of its own: the last event of an update shows it as it is now, so that what was corrected or deleted is nowhere any more.
CREATE TABLE cms.live_blog_events (
  number bigint NOT NULL PRIMARY KEY DEFAULT nextval('cms.entries_id_seq'),
  site int NOT NULL REFERENCES cms.sites,
  live_blog_id uuid NOT NULL REFERENCES cms.live_blogs ON DELETE CASCADE,
  event int NOT NULL,
  position int NOT NULL,
  action text COLLATE "C" NOT NULL CHECK (action IN ('post', 'edit', 'delete')),
  happened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (live_blog_id, event)
);

-- Events of a blog are numbered in the order of their commits: whoever adds one holds the blog's row.
CREATE FUNCTION cms.number_live_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  blog cms.live_blogs;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (OLD.content, OLD.author_id, OLD.is_pinned, OLD.is_important, OLD.posted_at, OLD.deleted_at)
        IS NOT DISTINCT FROM (NEW.content, NEW.author_id, NEW.is_pinned, NEW.is_important, NEW.posted_at, NEW.deleted_at) THEN
      NEW.last_event := OLD.last_event;
      RETURN NEW;
    END IF;
    IF OLD.content IS DISTINCT FROM NEW.content THEN
      NEW.updated_at := clock_timestamp();
    END IF;
  END IF;
  UPDATE cms.live_blogs b SET last_event = b.last_event + 1 WHERE b.live_blog_id = NEW.live_blog_id RETURNING * INTO blog;
  IF blog IS NULL THEN
    RAISE foreign_key_violation USING MESSAGE = 'there is no such live blog';
  END IF;
  IF TG_OP = 'INSERT' AND blog.status = 'ended' THEN
    RAISE check_violation USING MESSAGE = 'the live blog has ended', CONSTRAINT = 'live_blog_goes_on';
  END IF;
  NEW.site := blog.site;
  NEW.last_event := blog.last_event;
  IF TG_OP = 'INSERT' THEN
    NEW.position := blog.last_event;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER number_update BEFORE INSERT OR UPDATE ON cms.live_blog_updates FOR EACH ROW EXECUTE FUNCTION cms.number_live_update();

CREATE FUNCTION cms.note_live_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  following int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    UPDATE cms.live_blogs b SET last_event = b.last_event + 1 WHERE b.live_blog_id = OLD.live_blog_id RETURNING last_event INTO following;
    IF following IS NULL THEN  -- the whole blog goes
      RETURN NULL;
    END IF;
    INSERT INTO cms.live_blog_events (site, live_blog_id, event, position, action) VALUES (OLD.site, OLD.live_blog_id, following, OLD.position, 'delete');
  ELSIF TG_OP = 'INSERT' OR OLD.last_event <> NEW.last_event THEN
    INSERT INTO cms.live_blog_events (site, live_blog_id, event, position, action) VALUES (NEW.site, NEW.live_blog_id, NEW.last_event, NEW.position,
      CASE WHEN NEW.deleted_at IS NOT NULL THEN 'delete' WHEN TG_OP = 'INSERT' THEN 'post' ELSE 'edit' END);
  END IF;
  IF TG_OP <> 'INSERT' THEN  -- the event that showed it before shows nothing now
    INSERT INTO cms.changes (site, kind, subject)
      SELECT e.site, 'r', e.number FROM cms.live_blog_events e WHERE e.live_blog_id = OLD.live_blog_id AND e.event = OLD.last_event;
  END IF;
  PERFORM cms.raise_tags(b.site, ARRAY['live/' || b.number]) FROM cms.live_blogs b WHERE b.live_blog_id = coalesce(NEW.live_blog_id, OLD.live_blog_id);
  RETURN NULL;
END $$;
CREATE TRIGGER note_update AFTER INSERT OR UPDATE OR DELETE ON cms.live_blog_updates FOR EACH ROW EXECUTE FUNCTION cms.note_live_update();
SELECT cms.follow_rows('cms.live_blog_updates');
SELECT cms.follow_rows('cms.live_blog_events');

-- Updates are listed under their post's name: where that changes, they are listed anew.
CREATE FUNCTION cms.note_live_posts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject)
    SELECT r.site, 'r', r.number
    FROM new_rows n JOIN old_rows o USING (id) JOIN cms.live_blogs b ON b.post_id = n.id
    CROSS JOIN LATERAL (
      SELECT u.site, u.number FROM cms.live_blog_updates u WHERE u.live_blog_id = b.live_blog_id
      UNION ALL SELECT e.site, e.number FROM cms.live_blog_events e WHERE e.live_blog_id = b.live_blog_id) r
    WHERE n.type = 'live-blog' AND (n.locale, n.fields ->> 'slug') IS DISTINCT FROM (o.locale, o.fields ->> 'slug');
  RETURN NULL;
END $$;
CREATE TRIGGER note_live_posts AFTER UPDATE ON cms.entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_live_posts();
