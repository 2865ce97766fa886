-- Comments: what readers write below a story is a review without a rating. It goes the same way: sent, queued, decided about, shown, reported.
ALTER TABLE cms.reviews ALTER rating DROP NOT NULL;
COMMENT ON COLUMN cms.reviews.rating IS '1 to 5; null for a comment';

-- Where people or features decided whether readers may comment. An entry without a row follows its field allow_comments.
CREATE TABLE cms.discussions (
  entry bigint PRIMARY KEY REFERENCES cms.entries ON DELETE CASCADE,
  site int NOT NULL REFERENCES cms.sites,
  is_open boolean NOT NULL
);
CREATE FUNCTION cms.note_discussions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'UPDATE' OR OLD IS DISTINCT FROM NEW THEN
    PERFORM cms.touch(coalesce(NEW.site, OLD.site), 'fact/discussion/' || coalesce(NEW.entry, OLD.entry));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_changed AFTER INSERT OR UPDATE OR DELETE ON cms.discussions FOR EACH ROW EXECUTE FUNCTION cms.note_discussions();

-- Whether readers may comment on an entry: a field that says no counts most, then what was decided, then a field that says yes.
CREATE FUNCTION cms.takes_comments(for_entry bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN e.fields -> 'allow_comments' = 'false' THEN false
    ELSE coalesce(d.is_open, e.fields -> 'allow_comments' = 'true', false) END
  FROM cms.entries e LEFT JOIN cms.discussions d ON d.entry = e.id WHERE e.id = for_entry
$$;

-- What is shown as comments, and how many.
CREATE FUNCTION cms.note_comments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.rating IS NULL AND OLD.status = 'approved' AND (TG_OP = 'DELETE' OR (NEW.status, NEW.entry, NEW.author_name, NEW.content, NEW.owner_response)
    IS DISTINCT FROM (OLD.status, OLD.entry, OLD.author_name, OLD.content, OLD.owner_response)) THEN
    PERFORM cms.touch(OLD.site, 'fact/discussion/' || OLD.entry);
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.rating IS NULL AND NEW.status = 'approved' AND (TG_OP = 'INSERT' OR (NEW.status, NEW.entry, NEW.author_name, NEW.content, NEW.owner_response)
    IS DISTINCT FROM (OLD.status, OLD.entry, OLD.author_name, OLD.content, OLD.owner_response)) THEN
    PERFORM cms.touch(NEW.site, 'fact/discussion/' || NEW.entry);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_comments AFTER INSERT OR UPDATE OR DELETE ON cms.reviews FOR EACH ROW EXECUTE FUNCTION cms.note_comments();

-- Ratings are of reviews alone.
CREATE OR REPLACE FUNCTION cms.note_reviews_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT site, 'r', number FROM new_rows WHERE status = 'approved';
  PERFORM cms.rate(entry, site, total, n, written, d) FROM (
    SELECT entry, site, sum(rating) AS total, count(*) AS n, count(*) FILTER (WHERE content <> '') AS written,
      ARRAY[count(*) FILTER (WHERE rating = 1), count(*) FILTER (WHERE rating = 2), count(*) FILTER (WHERE rating = 3), count(*) FILTER (WHERE rating = 4),
            count(*) FILTER (WHERE rating = 5)]::int[] AS d
    FROM new_rows WHERE status = 'approved' AND rating IS NOT NULL GROUP BY entry, site ORDER BY entry) x;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION cms.note_reviews_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT site, 'r', number FROM old_rows WHERE status = 'approved';
  PERFORM cms.rate(entry, site, -total, -n, -written, d) FROM (
    SELECT entry, site, sum(rating) AS total, count(*) AS n, count(*) FILTER (WHERE content <> '') AS written,
      ARRAY[-count(*) FILTER (WHERE rating = 1), -count(*) FILTER (WHERE rating = 2), -count(*) FILTER (WHERE rating = 3), -count(*) FILTER (WHERE rating = 4),
            -count(*) FILTER (WHERE rating = 5)]::int[] AS d
    FROM old_rows WHERE status = 'approved' AND rating IS NOT NULL GROUP BY entry, site ORDER BY entry) x;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION cms.note_reviews_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT n.site, 'r', n.number FROM new_rows n JOIN old_rows o USING (number)
    WHERE 'approved' IN (n.status, o.status) AND (n.status, n.entry, n.author_name, n.rating, n.title, n.content, n.pros, n.cons, n.images, n.is_verified_purchase,
      n.visit_date, n.owner_response, n.owner_response_at, n.created_at) IS DISTINCT FROM (o.status, o.entry, o.author_name, o.rating, o.title, o.content, o.pros,
      o.cons, o.images, o.is_verified_purchase, o.visit_date, o.owner_response, o.owner_response_at, o.created_at);
  PERFORM cms.rate(entry, site, total, n, written, d) FROM (
    SELECT entry, site, sum(sign * rating) AS total, sum(sign) AS n, coalesce(sum(sign) FILTER (WHERE content <> ''), 0) AS written,
      ARRAY[coalesce(sum(sign) FILTER (WHERE rating = 1), 0), coalesce(sum(sign) FILTER (WHERE rating = 2), 0), coalesce(sum(sign) FILTER (WHERE rating = 3), 0),
            coalesce(sum(sign) FILTER (WHERE rating = 4), 0), coalesce(sum(sign) FILTER (WHERE rating = 5), 0)]::int[] AS d
    FROM (SELECT entry, site, rating, content, 1 AS sign FROM new_rows WHERE status = 'approved' AND rating IS NOT NULL
          UNION ALL SELECT entry, site, rating, content, -1 FROM old_rows WHERE status = 'approved' AND rating IS NOT NULL) both_ GROUP BY entry, site ORDER BY entry) x;
  RETURN NULL;
END $$;
