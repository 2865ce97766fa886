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
  position int NOT NULL DEFAULT 0,
  last_event int NOT NULL DEFAULT 0,
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

-- Events of a blog are numbered in the order of their commits: whoever adds one holds the blog's row. An update that has a position comes from a
-- dump, which has its events too.
CREATE FUNCTION cms.number_live_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  blog cms.live_blogs;
BEGIN
  IF TG_OP = 'INSERT' AND NEW.position > 0 THEN
    RETURN NEW;
  END IF;
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
  INSERT INTO cms.live_blog_events (site, live_blog_id, event, position, action) VALUES (NEW.site, NEW.live_blog_id, NEW.last_event, NEW.position,
    CASE WHEN NEW.deleted_at IS NOT NULL THEN 'delete' WHEN TG_OP = 'INSERT' THEN 'post' ELSE 'edit' END);
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

-- Stories that belong together. What people say comes first and is never overwritten; the rest is found by generate_related_content.
CREATE TABLE cms.content_relationships (
  relationship_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  site int NOT NULL REFERENCES cms.sites,
  content_id bigint NOT NULL REFERENCES cms.entries ON DELETE CASCADE,
  content_type text COLLATE "C" NOT NULL,
  related_content_id bigint NOT NULL REFERENCES cms.entries ON DELETE CASCADE,
  related_content_type text COLLATE "C" NOT NULL,
  relationship_type text COLLATE "C" NOT NULL DEFAULT 'related' CHECK (relationship_type IN ('related', 'follow_up', 'background', 'mentioned_in', 'series')),
  relevance_score numeric(5, 4) CHECK (relevance_score BETWEEN 0 AND 1),
  is_manual boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (content_id <> related_content_id),
  UNIQUE (content_id, related_content_id, is_manual)
);
CREATE INDEX idx_content_relationships_content ON cms.content_relationships (content_id, content_type, relevance_score DESC);
CREATE INDEX content_relationships_back ON cms.content_relationships (related_content_id) WHERE NOT is_manual;

CREATE FUNCTION cms.note_relationships() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM cms.touch(x.site, 'fact/related/' || x.entry) FROM (
      SELECT site, content_id AS entry FROM new_rows UNION SELECT site, related_content_id FROM new_rows WHERE NOT is_manual) x;
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM cms.touch(x.site, 'fact/related/' || x.entry) FROM (
      SELECT site, content_id AS entry FROM old_rows UNION SELECT site, related_content_id FROM old_rows WHERE NOT is_manual) x;
  ELSE
    PERFORM cms.touch(x.site, 'fact/related/' || x.entry) FROM (
      SELECT n.site, n.content_id AS entry FROM new_rows n JOIN old_rows o USING (relationship_id) WHERE n IS DISTINCT FROM o
      UNION SELECT n.site, n.related_content_id FROM new_rows n JOIN old_rows o USING (relationship_id) WHERE n IS DISTINCT FROM o AND NOT n.is_manual) x;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.content_relationships REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_relationships();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.content_relationships REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_relationships();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.content_relationships REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_relationships();

-- How rare words are, from 1 for those that are everywhere to 1000. Written by `cms related weigh` and by nothing else, so that what is related
-- to a story does not depend on when it was looked at. A word that is not here is rare.
CREATE TABLE cms.related_weights (
  site int NOT NULL REFERENCES cms.sites,
  locale text COLLATE "C" NOT NULL,
  word text COLLATE "C" NOT NULL,
  weight int NOT NULL,
  PRIMARY KEY (site, locale, word)
);

-- What of each published story decides which others it is related to. words: its heaviest ones, with their weights.
CREATE TABLE cms.related_stories (
  entry bigint PRIMARY KEY REFERENCES cms.entries ON DELETE CASCADE,
  site int NOT NULL REFERENCES cms.sites,
  locale text COLLATE "C" NOT NULL,
  at text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  section text COLLATE "C" NOT NULL,
  tags text[] COLLATE "C" NOT NULL,
  words text[] COLLATE "C" NOT NULL,
  weights int[] NOT NULL
);

-- The same by term, so that the newest stories with a term are found by an index.
CREATE TABLE cms.related_terms (
  site int NOT NULL,
  locale text COLLATE "C" NOT NULL,
  term text COLLATE "C" NOT NULL,
  at text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  entry bigint NOT NULL REFERENCES cms.related_stories ON DELETE CASCADE,
  PRIMARY KEY (site, locale, term, at, key)
);
CREATE INDEX related_terms_entry ON cms.related_terms (entry);

CREATE FUNCTION cms.related_language(locale text) RETURNS regconfig LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE split_part(locale, '-', 1)
    WHEN 'en' THEN 'english' WHEN 'de' THEN 'german' WHEN 'fr' THEN 'french' WHEN 'it' THEN 'italian' WHEN 'es' THEN 'spanish'
    WHEN 'pt' THEN 'portuguese' WHEN 'nl' THEN 'dutch' WHEN 'sv' THEN 'swedish' WHEN 'da' THEN 'danish' WHEN 'no' THEN 'norwegian'
    WHEN 'fi' THEN 'finnish' WHEN 'ro' THEN 'romanian' WHEN 'ru' THEN 'russian' WHEN 'hu' THEN 'hungarian' ELSE 'simple' END::regconfig
$$;

-- The words of stories with how often each occurs; those of the title count three times.
CREATE FUNCTION cms.list_related_words(stories bigint[]) RETURNS TABLE (entry bigint, word text, times int) LANGUAGE sql STABLE AS $$
  SELECT e.id, t.lexeme COLLATE "C", sum(cardinality(t.positions) * x.factor)::int
  FROM cms.entries e LEFT JOIN cms.bodies b ON b.entry = e.id
  CROSS JOIN LATERAL (VALUES
    (3, left(coalesce(e.fields ->> 'title', ''), 1000)),
    (1, left(coalesce(e.fields ->> 'excerpt', '') || ' ' || regexp_replace(left(coalesce(b.html, ''), 30000), '<[^>]*>|&[a-z]+;|[^[:print:][:space:]]', ' ', 'g'), 20000))) x(factor, text)
  CROSS JOIN LATERAL unnest(to_tsvector(cms.related_language(e.locale), x.text)) t
  WHERE e.id = ANY(stories) AND length(t.lexeme) BETWEEN 3 AND 40 AND t.lexeme !~ '^[0-9.,:/-]+$'
  GROUP BY e.id, t.lexeme
$$;

-- Note these stories as they are now. Returns those that changed, with the terms that they had or have.
CREATE FUNCTION cms.index_related(for_site int, stories bigint[], types text[]) RETURNS TABLE (entry bigint, locale text, term text, at text, key text)
LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMP TABLE IF NOT EXISTS related_now (LIKE cms.related_stories) ON COMMIT DROP;
  CREATE TEMP TABLE IF NOT EXISTS related_changed (entry bigint, locale text, term text, at text, key text) ON COMMIT DROP;
  DELETE FROM related_now;
  DELETE FROM related_changed;
  INSERT INTO related_now
  SELECT e.id, e.site, e.locale, e.fields ->> 'date', e.source_key, lower(coalesce(e.fields ->> 'section', '')),
    coalesce((SELECT array_agg(DISTINCT lower(t) COLLATE "C" ORDER BY lower(t) COLLATE "C") FROM (
      SELECT t FROM jsonb_array_elements_text(CASE jsonb_typeof(e.fields -> 'tags') WHEN 'array' THEN e.fields -> 'tags' ELSE '[]' END) t LIMIT 50) t), '{}'),
    coalesce(w.words, '{}'), coalesce(w.weights, '{}')
  FROM cms.entries e
  LEFT JOIN LATERAL (
    SELECT array_agg(h.word ORDER BY h.word) AS words, array_agg(h.weight ORDER BY h.word) AS weights FROM (
      SELECT l.word, coalesce(r.weight, 1000) AS weight FROM cms.list_related_words(ARRAY[e.id]) l
      LEFT JOIN cms.related_weights r ON r.site = for_site AND r.locale = e.locale AND r.word = l.word
      ORDER BY least(l.times, 8) * coalesce(r.weight, 1000) DESC, l.word LIMIT 12) h) w ON true
  WHERE e.id = ANY(stories) AND e.site = for_site AND e.type = ANY(types) AND e.status = 'published' AND e.removed_at IS NULL AND e.fields ->> 'date' IS NOT NULL;

  INSERT INTO related_changed
  SELECT s.entry, s.locale, t.term, s.at, s.key FROM (
    (SELECT o.* FROM cms.related_stories o WHERE o.entry = ANY(stories) EXCEPT SELECT n.* FROM related_now n)
    UNION ALL
    (SELECT n.* FROM related_now n EXCEPT SELECT o.* FROM cms.related_stories o WHERE o.entry = ANY(stories))) s
  CROSS JOIN LATERAL (
    SELECT 's:' || s.section AS term WHERE s.section <> '' UNION ALL SELECT 't:' || x FROM unnest(s.tags) x UNION ALL SELECT 'w:' || x FROM unnest(s.words) x) t;
  INSERT INTO related_changed  -- one without any term has its date alone
  SELECT s.entry, s.locale, '', s.at, s.key FROM (
    (SELECT o.* FROM cms.related_stories o WHERE o.entry = ANY(stories) EXCEPT SELECT n.* FROM related_now n)
    UNION ALL
    (SELECT n.* FROM related_now n EXCEPT SELECT o.* FROM cms.related_stories o WHERE o.entry = ANY(stories))) s;

  DELETE FROM cms.related_stories o WHERE o.entry IN (SELECT c.entry FROM related_changed c);
  INSERT INTO cms.related_stories SELECT n.* FROM related_now n WHERE n.entry IN (SELECT c.entry FROM related_changed c);
  INSERT INTO cms.related_terms (site, locale, term, at, key, entry)
  SELECT n.site, n.locale, t.term, n.at, n.key, n.entry FROM related_now n
  CROSS JOIN LATERAL (
    SELECT 's:' || n.section AS term WHERE n.section <> '' UNION ALL SELECT 't:' || x FROM unnest(n.tags) x UNION ALL SELECT 'w:' || x FROM unnest(n.words) x) t
  WHERE n.entry IN (SELECT c.entry FROM related_changed c);
  RETURN QUERY SELECT * FROM related_changed;
END $$;

-- Find for each of these stories the 20 older ones that have most in common with it, among the newest 40 with each of its terms. A story shows the
-- best of those, and of the newer ones that found it.
CREATE FUNCTION cms.relate_stories(stories bigint[], of_tags int DEFAULT 300, of_section int DEFAULT 300, of_text int DEFAULT 400) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  part bigint[];
BEGIN
  CREATE TEMP TABLE IF NOT EXISTS related_best (one bigint, other bigint, score numeric(5, 4), site int) ON COMMIT DROP;
  DELETE FROM related_best;
  CREATE TEMP TABLE IF NOT EXISTS related_pairs (one bigint, other bigint, site int) ON COMMIT DROP;
  FOR start IN 1 .. cardinality(stories) BY 200 LOOP  -- so many at once that their words fit into memory
    part := stories[start : start + 199];
    DELETE FROM related_pairs;
    INSERT INTO related_pairs
    SELECT DISTINCT t.entry, c.entry, t.site FROM cms.related_terms t
    CROSS JOIN LATERAL (
      SELECT r.entry FROM cms.related_terms r
      WHERE r.site = t.site AND r.locale = t.locale AND r.term = t.term AND (r.at, r.key) < (t.at, t.key) ORDER BY r.at DESC, r.key DESC LIMIT 40) c
    WHERE t.entry = ANY(part);
    -- In whole numbers, so that the order of a sum decides nothing.
    INSERT INTO related_best
    SELECT r.one, r.other, least(r.score, 1), r.site FROM (
      SELECT s.*, row_number() OVER (PARTITION BY s.one ORDER BY s.score DESC, s.at DESC, s.key DESC) AS place FROM (
        SELECT p.one, p.other, p.site, b.at, b.key, round((
          coalesce(of_tags * 2 * g.shared / nullif(cardinality(a.tags) + cardinality(b.tags), 0)::numeric, 0)
          + CASE WHEN a.section = b.section AND a.section <> '' THEN of_section ELSE 0 END
          + coalesce(of_text * 2 * w.shared / nullif(x.total + y.total, 0)::numeric, 0)) / 1000, 4) AS score
        FROM related_pairs p
        JOIN cms.related_stories a ON a.entry = p.one JOIN cms.related_stories b ON b.entry = p.other
        LEFT JOIN (
          SELECT q.one, q.other, count(*) AS shared FROM related_pairs q JOIN cms.related_stories s ON s.entry = q.other CROSS JOIN LATERAL unnest(s.tags) u(tag)
          JOIN (SELECT n.entry, m.tag FROM cms.related_stories n CROSS JOIN LATERAL unnest(n.tags) m(tag) WHERE n.entry = ANY(part)) own
            ON own.entry = q.one AND own.tag = u.tag GROUP BY 1, 2) g ON g.one = p.one AND g.other = p.other
        LEFT JOIN (
          SELECT q.one, q.other, sum(least(own.weight, u.weight)) AS shared
          FROM related_pairs q JOIN cms.related_stories s ON s.entry = q.other CROSS JOIN LATERAL unnest(s.words, s.weights) u(word, weight)
          JOIN (SELECT n.entry, m.word, m.weight FROM cms.related_stories n CROSS JOIN LATERAL unnest(n.words, n.weights) m(word, weight) WHERE n.entry = ANY(part)) own
            ON own.entry = q.one AND own.word = u.word GROUP BY 1, 2) w ON w.one = p.one AND w.other = p.other
        JOIN (SELECT n.entry, (SELECT sum(i) FROM unnest(n.weights) i) AS total FROM cms.related_stories n WHERE n.entry = ANY(part)) x ON x.entry = p.one
        JOIN (SELECT n.entry, (SELECT sum(i) FROM unnest(n.weights) i) AS total FROM cms.related_stories n WHERE n.entry IN (SELECT other FROM related_pairs)) y ON y.entry = p.other) s
      WHERE s.score > 0) r
    WHERE r.place <= 20;
  END LOOP;
  DELETE FROM cms.content_relationships c
  WHERE c.content_id = ANY(stories) AND NOT c.is_manual AND NOT EXISTS (SELECT FROM related_best b WHERE b.one = c.content_id AND b.other = c.related_content_id);
  UPDATE cms.content_relationships c SET relevance_score = b.score FROM related_best b
  WHERE c.content_id = b.one AND c.related_content_id = b.other AND NOT c.is_manual AND c.relevance_score IS DISTINCT FROM b.score;
  INSERT INTO cms.content_relationships (site, content_id, content_type, related_content_id, related_content_type, relevance_score)
  SELECT b.site, b.one, e.type, b.other, f.type, b.score FROM related_best b JOIN cms.entries e ON e.id = b.one JOIN cms.entries f ON f.id = b.other
  ON CONFLICT (content_id, related_content_id, is_manual) DO NOTHING;
END $$;

-- Stories whose best older ones may be others since these terms changed: the next 40 newer ones with each of the terms.
CREATE FUNCTION cms.list_related_readers(for_site int, locales text[], terms text[], ats text[], keys text[]) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
  SELECT DISTINCT n.entry FROM unnest(locales, terms, ats, keys) x(locale, term, at, key)
  CROSS JOIN LATERAL (
    SELECT r.entry FROM cms.related_terms r
    WHERE r.site = for_site AND r.locale = x.locale COLLATE "C" AND r.term = x.term COLLATE "C" AND (r.at, r.key) > (x.at COLLATE "C", x.key COLLATE "C")
    ORDER BY r.at, r.key LIMIT 40) n
$$;

-- What is related to a post, found anew: cms.generate_related_content(post). Builds do so by themselves for what changed.
CREATE FUNCTION cms.generate_related_content(post bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM cms.index_related(e.site, ARRAY[e.id], ARRAY[e.type]) FROM cms.entries e WHERE e.id = post;
  PERFORM cms.relate_stories(ARRAY[post]);
END $$;

-- How rare the words of a site's stories are by now.
CREATE FUNCTION cms.weigh_related_words(for_site int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  counted int;
BEGIN
  DELETE FROM cms.related_weights WHERE site = for_site;
  INSERT INTO cms.related_weights (site, locale, word, weight)
  SELECT for_site, c.locale, c.word, greatest(1, round(1000 * ln(c.stories::numeric / c.times) / ln(greatest(c.stories, 2)::numeric)))::int FROM (
    SELECT s.locale, l.word, count(*) AS times, max(n.stories) AS stories
    FROM (SELECT array_agg(entry) AS ids FROM cms.related_stories WHERE site = for_site) a
    CROSS JOIN LATERAL cms.list_related_words(a.ids) l JOIN cms.related_stories s ON s.entry = l.entry
    JOIN (SELECT locale, count(*) AS stories FROM cms.related_stories WHERE site = for_site GROUP BY locale) n ON n.locale = s.locale
    GROUP BY s.locale, l.word) c
  WHERE c.times > 1;
  GET DIAGNOSTICS counted = ROW_COUNT;
  RETURN counted;
END $$;

-- What was killed: it stays unpublished whatever its file says, also if the file is deleted and comes back, or moves with its text as it was.
-- status: what the entry would have, for when it is lifted.
CREATE TABLE cms.killed (
  site int NOT NULL REFERENCES cms.sites,
  source_key text COLLATE "C" NOT NULL,
  body_key bytea,
  path text NOT NULL,
  title text NOT NULL,
  reason text NOT NULL DEFAULT '',
  status text COLLATE "C" NOT NULL,
  killed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, source_key)
);

CREATE FUNCTION cms.keep_killed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE cms.killed k SET status = NEW.status WHERE k.site = NEW.site AND (k.source_key = NEW.source_key OR k.body_key = NEW.body_key);
  IF FOUND THEN
    NEW.status := 'trashed';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_killed BEFORE INSERT OR UPDATE ON cms.entries FOR EACH ROW WHEN (NEW.status = 'published') EXECUTE FUNCTION cms.keep_killed();

-- Lists in which editors put stories first. place: by which those that are pinned are ordered; until: after which the pin is none.
CREATE TABLE cms.list_pins (
  site int NOT NULL REFERENCES cms.sites,
  locale text COLLATE "C" NOT NULL,
  list text COLLATE "C" NOT NULL,
  post_id bigint NOT NULL REFERENCES cms.entries ON DELETE CASCADE,
  place int NOT NULL,
  until timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, locale, list, post_id)
);
CREATE FUNCTION cms.note_pins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    PERFORM cms.touch(o.site, 'fact/pins/' || o.locale || '/' || o.list) FROM (SELECT DISTINCT site, locale, list FROM old_rows) o;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM cms.touch(n.site, 'fact/pins/' || n.locale || '/' || n.list) FROM (SELECT DISTINCT site, locale, list FROM new_rows) n;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.list_pins REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_pins();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.list_pins REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_pins();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.list_pins REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_pins();

-- What is read most follows from the access logs that were counted.
CREATE FUNCTION cms.note_hits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM cms.touch(n.site, 'fact/most-read/all') FROM (SELECT DISTINCT site FROM new_rows) n;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.hits REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_hits();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.hits REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_hits();
