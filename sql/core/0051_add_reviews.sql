-- Reviews of entries of any type, and what they come to. A rating without text is a review with an empty content.
CREATE TABLE cms.reviews (
  review_id uuid NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
  number bigint NOT NULL UNIQUE DEFAULT nextval('cms.entries_id_seq'),
  site int NOT NULL REFERENCES cms.sites,
  entry bigint NOT NULL REFERENCES cms.entries ON DELETE CASCADE,
  user_id uuid,
  author_name text NOT NULL,
  author_email text,
  rating int NOT NULL CHECK (rating >= 1 AND rating <= 5),
  title text,
  content text NOT NULL DEFAULT '',
  pros text,
  cons text,
  images text[],
  is_verified_purchase boolean NOT NULL DEFAULT false,
  visit_date date,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected', 'spam')),
  moderation_notes text,
  spam_score real NOT NULL DEFAULT 0,
  reports int NOT NULL DEFAULT 0,
  visitor bytea,                  -- a keyed digest of the address it came from, for limits
  helpful_count int NOT NULL DEFAULT 0,
  not_helpful_count int NOT NULL DEFAULT 0,
  owner_response text,
  owner_response_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reviews_entry ON cms.reviews (entry, status, created_at DESC);
CREATE INDEX reviews_waiting ON cms.reviews (site, created_at) WHERE status = 'pending' OR reports > 0;
CREATE INDEX reviews_visitor ON cms.reviews (site, visitor, created_at) WHERE visitor IS NOT NULL;
CREATE INDEX reviews_email ON cms.reviews (site, lower(author_email)) WHERE author_email IS NOT NULL;

-- Who found what helpful: once a visitor.
CREATE TABLE cms.review_votes (
  review bigint NOT NULL REFERENCES cms.reviews (number) ON DELETE CASCADE,
  visitor bytea NOT NULL,
  is_helpful boolean,             -- NULL: reported
  PRIMARY KEY (review, visitor)
);

-- Of approved reviews. stars: how many with 1 to 5; review_count: of those with text.
CREATE TABLE cms.ratings (
  entry bigint PRIMARY KEY,
  site int NOT NULL,
  rating_sum bigint NOT NULL,
  rating_count int NOT NULL,
  review_count int NOT NULL,
  stars int[] NOT NULL
);

-- Adds differences to what is stored, so that statements of many transactions at once add up, whichever comes first.
CREATE FUNCTION cms.rate(entry bigint, site int, delta_sum bigint, delta_count bigint, delta_reviews bigint, d int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF delta_sum = 0 AND delta_count = 0 AND delta_reviews = 0 AND d = '{0,0,0,0,0}'::int[] THEN
    RETURN;
  END IF;
  INSERT INTO cms.ratings AS r (entry, site, rating_sum, rating_count, review_count, stars)
    VALUES (rate.entry, rate.site, delta_sum, delta_count, delta_reviews, d)
    ON CONFLICT ON CONSTRAINT ratings_pkey DO UPDATE SET rating_sum = r.rating_sum + excluded.rating_sum, rating_count = r.rating_count + excluded.rating_count,
      review_count = r.review_count + excluded.review_count,
      stars = ARRAY[r.stars[1] + d[1], r.stars[2] + d[2], r.stars[3] + d[3], r.stars[4] + d[4], r.stars[5] + d[5]];
  PERFORM cms.touch(rate.site, 'fact/rating/' || rate.entry);
END $$;

CREATE FUNCTION cms.note_reviews_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT site, 'r', number FROM new_rows WHERE status = 'approved';
  PERFORM cms.rate(entry, site, total, n, written, d) FROM (
    SELECT entry, site, sum(rating) AS total, count(*) AS n, count(*) FILTER (WHERE content <> '') AS written,
      ARRAY[count(*) FILTER (WHERE rating = 1), count(*) FILTER (WHERE rating = 2), count(*) FILTER (WHERE rating = 3), count(*) FILTER (WHERE rating = 4),
            count(*) FILTER (WHERE rating = 5)]::int[] AS d
    FROM new_rows WHERE status = 'approved' GROUP BY entry, site ORDER BY entry) x;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_reviews_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT site, 'r', number FROM old_rows WHERE status = 'approved';
  PERFORM cms.rate(entry, site, -total, -n, -written, d) FROM (
    SELECT entry, site, sum(rating) AS total, count(*) AS n, count(*) FILTER (WHERE content <> '') AS written,
      ARRAY[-count(*) FILTER (WHERE rating = 1), -count(*) FILTER (WHERE rating = 2), -count(*) FILTER (WHERE rating = 3), -count(*) FILTER (WHERE rating = 4),
            -count(*) FILTER (WHERE rating = 5)]::int[] AS d
    FROM old_rows WHERE status = 'approved' GROUP BY entry, site ORDER BY entry) x;
  RETURN NULL;
END $$;

CREATE FUNCTION cms.note_reviews_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject) SELECT n.site, 'r', n.number FROM new_rows n JOIN old_rows o USING (number)
    WHERE 'approved' IN (n.status, o.status) AND (n.status, n.entry, n.author_name, n.rating, n.title, n.content, n.pros, n.cons, n.images, n.is_verified_purchase,
      n.visit_date, n.owner_response, n.owner_response_at, n.created_at) IS DISTINCT FROM (o.status, o.entry, o.author_name, o.rating, o.title, o.content, o.pros,
      o.cons, o.images, o.is_verified_purchase, o.visit_date, o.owner_response, o.owner_response_at, o.created_at);
  PERFORM cms.rate(entry, site, total, n, written, d) FROM (
    SELECT entry, site, sum(sign * rating) AS total, sum(sign) AS n, coalesce(sum(sign) FILTER (WHERE content <> ''), 0) AS written,
      ARRAY[coalesce(sum(sign) FILTER (WHERE rating = 1), 0), coalesce(sum(sign) FILTER (WHERE rating = 2), 0), coalesce(sum(sign) FILTER (WHERE rating = 3), 0),
            coalesce(sum(sign) FILTER (WHERE rating = 4), 0), coalesce(sum(sign) FILTER (WHERE rating = 5), 0)]::int[] AS d
    FROM (SELECT entry, site, rating, content, 1 AS sign FROM new_rows WHERE status = 'approved'
          UNION ALL SELECT entry, site, rating, content, -1 FROM old_rows WHERE status = 'approved') both_ GROUP BY entry, site ORDER BY entry) x;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.reviews REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_reviews_inserted();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.reviews REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_reviews_updated();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.reviews REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_reviews_deleted();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.reviews FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

-- Secrets that a site makes for itself: keys of digests and signatures. A new one makes old links and sessions void, nothing else.
CREATE TABLE cms.site_secrets (
  site int NOT NULL REFERENCES cms.sites,
  name text COLLATE "C" NOT NULL,
  value bytea NOT NULL,
  PRIMARY KEY (site, name)
);
