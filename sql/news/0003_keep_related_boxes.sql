-- What each story shows as related is kept, so that a page is made again where that changes and not wherever a score does.

-- shown: what the fact `related/ENTRY/10` says: [{entry, kind, manual}], those that people named first, then at most ten. few: what `related/ENTRY/6`
-- says, with at most six, for pages that show no more.
CREATE TABLE cms.related_boxes (
  entry bigint PRIMARY KEY REFERENCES cms.entries ON DELETE CASCADE,
  site int NOT NULL REFERENCES cms.sites,
  shown jsonb NOT NULL,
  few jsonb NOT NULL
);

-- Write the boxes of these stories, and touch those that are others now.
CREATE FUNCTION cms.fill_related_boxes(stories bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH wanted AS MATERIALIZED (SELECT DISTINCT s AS entry FROM unnest(stories) s),
  found AS MATERIALIZED (
    SELECT w.entry, c.related_content_id AS other, c.relationship_type AS kind, c.is_manual AS manual, c.relevance_score AS score
    FROM wanted w JOIN cms.content_relationships c ON c.content_id = w.entry
    UNION ALL
    SELECT w.entry, c.content_id, c.relationship_type, false, c.relevance_score
    FROM wanted w JOIN cms.content_relationships c ON c.related_content_id = w.entry AND NOT c.is_manual),
  once AS (SELECT DISTINCT ON (f.entry, f.other) f.* FROM found f ORDER BY f.entry, f.other, f.manual DESC),
  placed AS (
    SELECT o.*, row_number() OVER (PARTITION BY o.entry, o.manual
      ORDER BY o.score DESC NULLS FIRST, coalesce(e.fields ->> 'date', '') COLLATE "C" DESC, e.source_key DESC) AS place
    FROM once o JOIN cms.entries e ON e.id = o.other),
  boxes AS MATERIALIZED (
    SELECT p.entry, jsonb_agg(jsonb_build_object('entry', p.other, 'kind', p.kind, 'manual', p.manual) ORDER BY p.manual DESC, p.place) AS shown,
      coalesce(jsonb_agg(jsonb_build_object('entry', p.other, 'kind', p.kind, 'manual', p.manual) ORDER BY p.manual DESC, p.place)
        FILTER (WHERE p.manual OR p.place <= 6), '[]') AS few
    FROM placed p WHERE p.place <= CASE WHEN p.manual THEN 40 ELSE 10 END GROUP BY p.entry),
  before AS MATERIALIZED (SELECT b.entry, b.few FROM cms.related_boxes b JOIN wanted w USING (entry)),
  gone AS (
    DELETE FROM cms.related_boxes b USING wanted w WHERE b.entry = w.entry AND NOT EXISTS (SELECT FROM boxes x WHERE x.entry = b.entry)
    RETURNING b.site, b.entry, NULL::jsonb AS few),
  put AS (
    INSERT INTO cms.related_boxes AS b (entry, site, shown, few) SELECT x.entry, e.site, x.shown, x.few FROM boxes x JOIN cms.entries e ON e.id = x.entry
    ON CONFLICT (entry) DO UPDATE SET shown = excluded.shown, few = excluded.few WHERE b.shown IS DISTINCT FROM excluded.shown
    RETURNING b.site, b.entry, b.few)
  INSERT INTO cms.changes (site, kind, subject, name)
  SELECT x.site, 'n', 0, 'fact/related/' || x.entry || n.part FROM (TABLE gone UNION ALL TABLE put) x LEFT JOIN before b USING (entry)
  CROSS JOIN (VALUES ('/10'), ('/6')) n(part) WHERE n.part = '/10' OR b.few IS DISTINCT FROM x.few;
END $$;

-- Only what people say is noted row by row: what is found fills boxes when all of it is found.
DROP TRIGGER note_inserted ON cms.content_relationships;
DROP TRIGGER note_updated ON cms.content_relationships;
DROP TRIGGER note_deleted ON cms.content_relationships;
CREATE OR REPLACE FUNCTION cms.note_relationships() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  named bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    named := (SELECT array_agg(content_id) FROM (
      SELECT content_id FROM new_rows WHERE is_manual
      UNION ALL  -- rows of a dump, of a site that found nothing itself yet
      SELECT e FROM new_rows n CROSS JOIN LATERAL (VALUES (n.content_id), (n.related_content_id)) v(e)
      WHERE NOT EXISTS (SELECT FROM cms.related_shares s WHERE s.site = n.site)) x);
  ELSIF TG_OP = 'DELETE' THEN
    named := (SELECT array_agg(content_id) FROM old_rows WHERE is_manual);
  ELSE
    named := (SELECT array_agg(content_id) FROM (
      SELECT content_id FROM new_rows WHERE is_manual UNION ALL SELECT content_id FROM old_rows WHERE is_manual) x);
  END IF;
  IF named IS NOT NULL THEN
    PERFORM cms.fill_related_boxes(named);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.content_relationships REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_relationships();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.content_relationships REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_relationships();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.content_relationships REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_relationships();

-- Stories that are to be related again, after all changes of a build were taken. An entry of 0 stands for all of a site.
CREATE TABLE cms.related_waiting (
  site int NOT NULL REFERENCES cms.sites,
  entry bigint NOT NULL,
  PRIMARY KEY (site, entry)
);

-- With what share of tags, section and text stories were scored, in thousandths: with others all are related again.
CREATE TABLE cms.related_shares (
  site int PRIMARY KEY REFERENCES cms.sites,
  shares int[] NOT NULL
);

-- Note these stories as they are now: those that are published and whose time has come. Returns those that changed, with the terms that they had or have.
CREATE OR REPLACE FUNCTION cms.index_related(for_site int, stories bigint[], types text[])
RETURNS TABLE (entry bigint, locale text, term text, at text, key text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  CREATE TEMP TABLE IF NOT EXISTS related_now (LIKE cms.related_stories) ON COMMIT DROP;
  CREATE TEMP TABLE IF NOT EXISTS related_changed (entry bigint, locale text, term text, at text, key text) ON COMMIT DROP;
  TRUNCATE related_now, related_changed;
  INSERT INTO related_now
  WITH shown AS MATERIALIZED (
    SELECT e.id, e.locale, e.fields ->> 'date' AS at, e.source_key, e.fields FROM cms.entries e JOIN cms.cards c ON c.entry = e.id AND c.listed
    WHERE e.id = ANY(stories) AND e.site = for_site AND e.type = ANY(types) AND e.fields ->> 'date' IS NOT NULL),
  found AS MATERIALIZED (SELECT l.entry, l.word, l.times FROM cms.list_related_words((SELECT array_agg(s.id) FROM shown s)) l),
  weighed AS MATERIALIZED (SELECT r.locale, r.word, r.weight FROM cms.related_weights r WHERE r.site = for_site AND r.word IN (SELECT f.word FROM found f)),
  chosen AS (
    SELECT o.entry, array_agg(o.word ORDER BY o.word) AS words, array_agg(o.weight ORDER BY o.word) AS weights FROM (
      SELECT f.entry, f.word, coalesce(w.weight, 1000) AS weight,
        row_number() OVER (PARTITION BY f.entry ORDER BY least(f.times, 8) * coalesce(w.weight, 1000) DESC, f.word) AS place
      FROM found f JOIN shown s ON s.id = f.entry LEFT JOIN weighed w ON w.locale = s.locale AND w.word = f.word) o
    WHERE o.place <= 12 GROUP BY o.entry)
  SELECT s.id, for_site, s.locale, s.at, s.source_key, lower(coalesce(s.fields ->> 'section', '')),
    coalesce((SELECT array_agg(DISTINCT lower(t) COLLATE "C" ORDER BY lower(t) COLLATE "C") FROM (
      SELECT t FROM jsonb_array_elements_text(CASE jsonb_typeof(s.fields -> 'tags') WHEN 'array' THEN s.fields -> 'tags' ELSE '[]' END) t LIMIT 50) t), '{}'),
    coalesce(c.words, '{}'), coalesce(c.weights, '{}')
  FROM shown s LEFT JOIN chosen c ON c.entry = s.id;

  -- One without any term has its date alone: the empty term.
  INSERT INTO related_changed
  SELECT s.entry, s.locale, t.term, s.at, s.key FROM (
    (SELECT o.* FROM cms.related_stories o WHERE o.entry = ANY(stories) EXCEPT SELECT n.* FROM related_now n)
    UNION ALL
    (SELECT n.* FROM related_now n EXCEPT SELECT o.* FROM cms.related_stories o WHERE o.entry = ANY(stories))) s
  CROSS JOIN LATERAL (
    SELECT '' AS term UNION ALL SELECT 's:' || s.section WHERE s.section <> ''
    UNION ALL SELECT 't:' || x FROM unnest(s.tags) x UNION ALL SELECT 'w:' || x FROM unnest(s.words) x) t;

  DELETE FROM cms.related_stories o WHERE o.entry IN (SELECT c.entry FROM related_changed c);
  INSERT INTO cms.related_stories SELECT n.* FROM related_now n WHERE n.entry IN (SELECT c.entry FROM related_changed c);
  INSERT INTO cms.related_terms (site, locale, term, at, key, entry)
  SELECT n.site, n.locale, t.term, n.at, n.key, n.entry FROM related_now n
  CROSS JOIN LATERAL (
    SELECT 's:' || n.section AS term WHERE n.section <> '' UNION ALL SELECT 't:' || x FROM unnest(n.tags) x UNION ALL SELECT 'w:' || x FROM unnest(n.words) x) t
  WHERE n.entry IN (SELECT c.entry FROM related_changed c);
  RETURN QUERY SELECT c.* FROM related_changed c;
END $$;

-- Find for each of these stories the 20 older ones that have most in common with it, among the newest 40 with each of its terms. A story shows the
-- best of those, and of the newer ones that found it. Scores are whole ten-thousandths, so that the order of a sum decides nothing.
CREATE OR REPLACE FUNCTION cms.relate_stories(stories bigint[], of_tags int DEFAULT 300, of_section int DEFAULT 300, of_text int DEFAULT 400) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  part bigint[];
BEGIN
  CREATE TEMP TABLE IF NOT EXISTS related_best (one bigint, other bigint, score numeric(5, 4), site int) ON COMMIT DROP;
  CREATE TEMP TABLE IF NOT EXISTS related_pairs (one bigint, other bigint, site int) ON COMMIT DROP;
  CREATE TEMP TABLE IF NOT EXISTS related_own (one bigint, term text COLLATE "C", weight int) ON COMMIT DROP;
  CREATE TEMP TABLE IF NOT EXISTS related_theirs (other bigint, term text COLLATE "C", weight int) ON COMMIT DROP;
  TRUNCATE related_best;
  FOR start IN 1 .. coalesce(cardinality(stories), 0) BY 200 LOOP  -- so many at once that their words fit into memory
    part := stories[start : start + 199];
    TRUNCATE related_pairs, related_own, related_theirs;
    INSERT INTO related_pairs
    SELECT DISTINCT t.entry, c.entry, t.site FROM cms.related_terms t
    CROSS JOIN LATERAL (
      SELECT r.entry FROM cms.related_terms r
      WHERE r.site = t.site AND r.locale = t.locale AND r.term = t.term AND (r.at, r.key) < (t.at, t.key) ORDER BY r.at DESC, r.key DESC LIMIT 40) c
    WHERE t.entry = ANY(part);
    INSERT INTO related_own  -- a tag weighs nothing here: it is counted
    SELECT s.entry, u.word, u.weight FROM cms.related_stories s CROSS JOIN LATERAL unnest(s.words, s.weights) u(word, weight) WHERE s.entry = ANY(part)
    UNION ALL SELECT s.entry, 't:' || u.tag, NULL FROM cms.related_stories s CROSS JOIN LATERAL unnest(s.tags) u(tag) WHERE s.entry = ANY(part);
    INSERT INTO related_theirs
    SELECT s.entry, u.term, u.weight FROM cms.related_stories s
    CROSS JOIN LATERAL (SELECT w.word AS term, w.weight FROM unnest(s.words, s.weights) w(word, weight) UNION ALL SELECT 't:' || tag, NULL FROM unnest(s.tags) tag) u
    WHERE s.entry IN (SELECT p.other FROM related_pairs p) AND u.term IN (SELECT o.term FROM related_own o);
    ANALYZE related_pairs;  -- else they are taken for as small as the part before
    ANALYZE related_own;
    ANALYZE related_theirs;
    INSERT INTO related_best
    WITH sizes AS MATERIALIZED (
      SELECT s.entry, s.section, cardinality(s.tags) AS tags, (SELECT sum(i) FROM unnest(s.weights) i) AS total, s.at, s.key FROM cms.related_stories s
      WHERE s.entry = ANY(part) OR s.entry IN (SELECT p.other FROM related_pairs p)),
    shared AS MATERIALIZED (
      SELECT p.one, p.other, count(*) FILTER (WHERE t.weight IS NULL) AS tags, sum(least(o.weight, t.weight)) AS text
      FROM related_pairs p JOIN related_theirs t ON t.other = p.other JOIN related_own o ON o.one = p.one AND o.term = t.term GROUP BY 1, 2)
    SELECT r.one, r.other, least(r.score, 10000) / 10000.0, r.site FROM (
      SELECT s.*, row_number() OVER (PARTITION BY s.one ORDER BY s.score DESC, s.at DESC, s.key DESC) AS place FROM (
        SELECT p.one, p.other, p.site, b.at, b.key,
          coalesce(of_tags * 20 * h.tags / nullif(a.tags + b.tags, 0), 0)
          + CASE WHEN a.section = b.section AND a.section <> '' THEN of_section * 10 ELSE 0 END
          + coalesce(of_text * 20 * h.text / nullif(a.total + b.total, 0), 0) AS score
        FROM related_pairs p JOIN sizes a ON a.entry = p.one JOIN sizes b ON b.entry = p.other LEFT JOIN shared h ON h.one = p.one AND h.other = p.other) s
      WHERE s.score > 0) r
    WHERE r.place <= 20;
  END LOOP;
  ANALYZE related_best;
  CREATE TEMP TABLE IF NOT EXISTS related_moved (entry bigint) ON COMMIT DROP;
  TRUNCATE related_moved;
  WITH gone AS (
    DELETE FROM cms.content_relationships c
    WHERE c.content_id = ANY(stories) AND NOT c.is_manual AND NOT EXISTS (SELECT FROM related_best b WHERE b.one = c.content_id AND b.other = c.related_content_id)
    RETURNING c.content_id, c.related_content_id),
  other AS (
    UPDATE cms.content_relationships c SET relevance_score = b.score FROM related_best b
    WHERE c.content_id = b.one AND c.related_content_id = b.other AND NOT c.is_manual AND c.relevance_score IS DISTINCT FROM b.score
    RETURNING c.content_id, c.related_content_id),
  put AS (
    INSERT INTO cms.content_relationships AS c (site, content_id, content_type, related_content_id, related_content_type, relevance_score)
    SELECT b.site, b.one, e.type, b.other, f.type, b.score FROM related_best b JOIN cms.entries e ON e.id = b.one JOIN cms.entries f ON f.id = b.other
    WHERE NOT EXISTS (SELECT FROM cms.content_relationships c WHERE c.content_id = b.one AND c.related_content_id = b.other AND NOT c.is_manual)
    RETURNING c.content_id, c.related_content_id)
  INSERT INTO related_moved SELECT unnest(ARRAY[x.content_id, x.related_content_id]) FROM (TABLE gone UNION ALL TABLE other UNION ALL TABLE put) x;
  PERFORM cms.fill_related_boxes((SELECT array_agg(DISTINCT m.entry) FROM related_moved m));
END $$;

-- Stories whose date or name changed stand elsewhere among those of the same score: the boxes that have one.
CREATE FUNCTION cms.fill_boxes_with(stories bigint[]) RETURNS void LANGUAGE sql AS $$
  SELECT cms.fill_related_boxes(array_agg(x.entry)) FROM (
    SELECT unnest(stories) AS entry
    UNION SELECT c.related_content_id FROM cms.content_relationships c WHERE c.content_id = ANY(stories) AND NOT c.is_manual
    UNION SELECT c.content_id FROM cms.content_relationships c WHERE c.related_content_id = ANY(stories)) x
$$;

SELECT cms.fill_related_boxes(array_agg(x.entry)) FROM (
  SELECT content_id AS entry FROM cms.content_relationships UNION SELECT related_content_id FROM cms.content_relationships WHERE NOT is_manual) x;
