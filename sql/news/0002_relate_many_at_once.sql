-- What is related to stories is found for many of them at once: words are chosen by one sort and pairs are scored by one join.

-- Note these stories as they are now. Returns those that changed, with the terms that they had or have.
CREATE OR REPLACE FUNCTION cms.index_related(for_site int, stories bigint[], types text[])
RETURNS TABLE (entry bigint, locale text, term text, at text, key text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  CREATE TEMP TABLE IF NOT EXISTS related_now (LIKE cms.related_stories) ON COMMIT DROP;
  CREATE TEMP TABLE IF NOT EXISTS related_changed (entry bigint, locale text, term text, at text, key text) ON COMMIT DROP;
  TRUNCATE related_now, related_changed;
  INSERT INTO related_now
  WITH shown AS MATERIALIZED (
    SELECT e.id, e.locale, e.fields ->> 'date' AS at, e.source_key, e.fields FROM cms.entries e
    WHERE e.id = ANY(stories) AND e.site = for_site AND e.type = ANY(types) AND e.status = 'published' AND e.removed_at IS NULL AND e.fields ->> 'date' IS NOT NULL),
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
  DELETE FROM cms.content_relationships c
  WHERE c.content_id = ANY(stories) AND NOT c.is_manual AND NOT EXISTS (SELECT FROM related_best b WHERE b.one = c.content_id AND b.other = c.related_content_id);
  UPDATE cms.content_relationships c SET relevance_score = b.score FROM related_best b
  WHERE c.content_id = b.one AND c.related_content_id = b.other AND NOT c.is_manual AND c.relevance_score IS DISTINCT FROM b.score;
  INSERT INTO cms.content_relationships (site, content_id, content_type, related_content_id, related_content_type, relevance_score)
  SELECT b.site, b.one, e.type, b.other, f.type, b.score FROM related_best b JOIN cms.entries e ON e.id = b.one JOIN cms.entries f ON f.id = b.other
  ON CONFLICT (content_id, related_content_id, is_manual) DO NOTHING;
END $$;
