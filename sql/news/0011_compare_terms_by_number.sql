-- Stories are compared by numbers of their terms instead of the terms themselves, and ordered by their place in time instead of by dates and names: the
-- same stories as before with a fifth less work.

CREATE OR REPLACE FUNCTION cms.relate_stories(stories bigint[], of_tags int DEFAULT 300, of_section int DEFAULT 300, of_text int DEFAULT 400) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  part bigint[];
BEGIN
  CREATE TEMP TABLE IF NOT EXISTS related_best (one bigint, other bigint, score numeric(5, 4), site int) ON COMMIT DROP;
  CREATE TEMP TABLE IF NOT EXISTS related_pairs (one bigint, other bigint) ON COMMIT DROP;
  CREATE TEMP TABLE IF NOT EXISTS related_words (term text COLLATE "C", number int) ON COMMIT DROP;
  CREATE TEMP TABLE IF NOT EXISTS related_own (term bigint, weight int) ON COMMIT DROP;
  CREATE TEMP TABLE IF NOT EXISTS related_theirs (other bigint, term int, weight int) ON COMMIT DROP;
  CREATE TEMP TABLE IF NOT EXISTS related_sizes (entry bigint, site int, tags int, total bigint, place int) ON COMMIT DROP;
  ALTER TABLE related_pairs ALTER one SET STATISTICS 10, ALTER other SET STATISTICS 10;
  TRUNCATE related_best;
  FOR start IN 1 .. coalesce(cardinality(stories), 0) BY 200 LOOP  -- so many at once that their words fit into memory
    part := stories[start : start + 199];
    TRUNCATE related_pairs, related_words, related_own, related_theirs, related_sizes;
    INSERT INTO related_pairs
    SELECT DISTINCT t.entry, c.entry FROM cms.related_terms t
    CROSS JOIN LATERAL (
      SELECT r.entry FROM cms.related_terms r
      WHERE r.site = t.site AND r.locale = t.locale AND r.term = t.term AND (r.at, r.key) < (t.at, t.key) ORDER BY r.at DESC, r.key DESC LIMIT 40) c
    WHERE t.entry = ANY(part);
    INSERT INTO related_words
    SELECT u.term, row_number() OVER () FROM (SELECT DISTINCT t.term FROM cms.related_terms t WHERE t.entry = ANY(part)) u;
    ANALYZE related_pairs;  -- else they are taken for as small as the part before
    ANALYZE related_words;
    INSERT INTO related_own  -- one number for a story and its term; the weight of a tag is -1, of the section -2
    SELECT s.entry * 65536 + r.number, u.weight FROM cms.related_stories s CROSS JOIN LATERAL (
      SELECT 'w:' || w.word AS term, w.weight FROM unnest(s.words, s.weights) w(word, weight)
      UNION ALL SELECT 't:' || t.tag, -1 FROM unnest(s.tags) t(tag) UNION ALL SELECT 's:' || s.section, -2) u
    JOIN related_words r USING (term) WHERE s.entry = ANY(part);
    INSERT INTO related_theirs
    SELECT s.entry, r.number, u.weight FROM cms.related_stories s CROSS JOIN LATERAL (
      SELECT 'w:' || w.word AS term, w.weight FROM unnest(s.words, s.weights) w(word, weight)
      UNION ALL SELECT 't:' || t.tag, -1 FROM unnest(s.tags) t(tag) UNION ALL SELECT 's:' || s.section, -2) u
    JOIN related_words r USING (term) WHERE s.entry IN (SELECT p.other FROM related_pairs p);
    INSERT INTO related_sizes
    SELECT s.entry, s.site, cardinality(s.tags), (SELECT sum(i) FROM unnest(s.weights) i), row_number() OVER (ORDER BY s.at, s.key)
    FROM cms.related_stories s WHERE s.entry IN (SELECT t.entry FROM cms.related_stories t WHERE t.entry = ANY(part) UNION SELECT p.other FROM related_pairs p);
    ANALYZE related_own;
    ANALYZE related_theirs;
    ANALYZE related_sizes;
    INSERT INTO related_best
    SELECT r.one, r.other, least(r.score, 10000) / 10000.0, r.site FROM (
      SELECT s.*, row_number() OVER (PARTITION BY s.one ORDER BY s.score DESC, s.place DESC) AS rank FROM (
        SELECT h.one, h.other, a.site, b.place,
          coalesce(of_tags * 20 * h.tags / nullif(a.tags + b.tags, 0), 0) + of_section * 10 * h.section
          + coalesce(of_text * 20 * h.text / nullif(a.total + b.total, 0), 0) AS score
        FROM (
          SELECT p.one, p.other, count(*) FILTER (WHERE o.weight = -1) AS tags, count(*) FILTER (WHERE o.weight = -2) AS section,
            sum(least(o.weight, t.weight)) FILTER (WHERE o.weight >= 0) AS text
          FROM related_pairs p JOIN related_theirs t ON t.other = p.other JOIN related_own o ON o.term = p.one * 65536 + t.term GROUP BY 1, 2) h
        JOIN related_sizes a ON a.entry = h.one JOIN related_sizes b ON b.entry = h.other) s
      WHERE s.score > 0) r
    WHERE r.rank <= 20;
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
