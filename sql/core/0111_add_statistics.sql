-- Counts of reads by post, by day of publication and by term, and which entries are read most. Reads are in cms.hits; nothing here says who read.

-- Reads of each entry, whatever the language of the page that showed it.
CREATE VIEW cms.entry_views AS
  SELECT c.owner AS entry, c.site, sum(h.hits)::bigint AS views
  FROM cms.hits h JOIN cms.claims c ON c.site = h.site AND c.name = h.path AND c.wins AND c.owner_kind = 'e' AND c.kind IN (0, 4)
  GROUP BY c.owner, c.site;

-- In which a day of publication is one; as site.toml said when statistics were last refreshed.
ALTER TABLE cms.sites ADD COLUMN timezone text NOT NULL DEFAULT 'UTC';

CREATE MATERIALIZED VIEW cms.daily_post_stats AS
  SELECT p.site AS site_id, (p.published_at AT TIME ZONE s.timezone)::date AS publish_date, count(*) AS posts_count,
    count(*) FILTER (WHERE p.is_featured) AS featured_count, coalesce(sum(v.views), 0)::bigint AS total_views,
    round(avg(coalesce(v.views, 0)), 2) AS avg_views
  FROM cms.posts p JOIN cms.sites s ON s.id = p.site LEFT JOIN cms.entry_views v ON v.entry = p.entry
  WHERE p.status = 'published' AND p.published_at <= now()
  GROUP BY 1, 2;
CREATE UNIQUE INDEX daily_post_stats_day ON cms.daily_post_stats (site_id, publish_date);

-- Of entries of every type that name a term.
CREATE MATERIALIZED VIEW cms.category_stats AS
  SELECT t.site AS site_id, t.taxonomy AS taxonomy_id, t.term AS term_id, t.locale, coalesce(t.title, t.slug) AS category_name,
    count(DISTINCT i.member) AS content_count, coalesce(sum(v.views), 0)::bigint AS total_views
  FROM cms.terms t JOIN cms.list_items i ON i.list = t.term LEFT JOIN cms.entry_views v ON v.entry = i.member
  GROUP BY 1, 2, 3, 4, 5;
CREATE UNIQUE INDEX category_stats_term ON cms.category_stats (term_id);
CREATE INDEX category_stats_views ON cms.category_stats (site_id, taxonomy_id, total_views DESC);

-- When both were refreshed, by whichever process was first.
CREATE TABLE cms.statistics_refreshed (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  at timestamptz NOT NULL
);

-- Readers go on meanwhile.
CREATE FUNCTION cms.refresh_daily_stats() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.statistics_refreshed (at) VALUES (clock_timestamp()) ON CONFLICT (only_row) DO UPDATE SET at = excluded.at;
  REFRESH MATERIALIZED VIEW CONCURRENTLY cms.daily_post_stats;
  REFRESH MATERIALIZED VIEW CONCURRENTLY cms.category_stats;
END $$;

-- The entries of each type and locale that were read most; the lists most-read/TYPE are made of them. An entry whose place moved is derived again.
CREATE TABLE cms.most_read (
  entry bigint PRIMARY KEY REFERENCES cms.entries ON DELETE CASCADE,
  site int NOT NULL,
  place int NOT NULL
);
CREATE INDEX most_read_site ON cms.most_read (site);
CREATE FUNCTION cms.note_most_read() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO cms.changes (site, kind, subject) SELECT site, 'd', entry FROM old_rows;
  ELSE
    INSERT INTO cms.changes (site, kind, subject) SELECT site, 'd', entry FROM new_rows;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.most_read REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_most_read();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.most_read REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_most_read();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.most_read REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_most_read();

-- days: how many are looked back on from the last one that was counted, so that a site whose logs come late has such lists too.
CREATE FUNCTION cms.rank_most_read(for_site int, days int, most int) RETURNS void LANGUAGE sql AS $$
  WITH ranked AS (
    SELECT k.entry, row_number() OVER (PARTITION BY k.type, k.locale ORDER BY sum(r.hits) DESC, k.path) AS place
    FROM (SELECT h.path, sum(h.hits) AS hits FROM cms.hits h
          WHERE h.site = for_site AND h.day > (SELECT max(day) FROM cms.hits WHERE site = for_site) - days GROUP BY h.path) r
    JOIN cms.claims c ON c.site = for_site AND c.name = r.path AND c.wins AND c.owner_kind = 'e' AND c.kind IN (0, 4)
    JOIN cms.cards k ON k.entry = c.owner AND k.listed
    GROUP BY k.entry, k.type, k.locale, k.path),
  best AS (SELECT entry, place FROM ranked WHERE place <= most),
  gone AS (DELETE FROM cms.most_read m WHERE m.site = for_site AND NOT EXISTS (SELECT FROM best b WHERE b.entry = m.entry)),
  moved AS (UPDATE cms.most_read m SET place = b.place FROM best b WHERE b.entry = m.entry AND m.place <> b.place)
  INSERT INTO cms.most_read (entry, site, place) SELECT b.entry, for_site, b.place FROM best b
  WHERE NOT EXISTS (SELECT FROM cms.most_read m WHERE m.entry = b.entry) AND EXISTS (SELECT FROM cms.entries e WHERE e.id = b.entry)
  ON CONFLICT DO NOTHING
$$;

-- Days so long ago are summed up to the first of their month, so that totals stay.
CREATE FUNCTION cms.sum_old_hits(for_site int, kept_days int) RETURNS void LANGUAGE sql AS $$
  WITH old AS (
    DELETE FROM cms.hits WHERE site = for_site AND day < CURRENT_DATE - kept_days AND extract(day FROM day) <> 1 RETURNING path, day, hits)
  INSERT INTO cms.hits (site, path, day, hits)
  SELECT for_site, path, date_trunc('month', day)::date, sum(hits)::bigint FROM old GROUP BY 2, 3
  ON CONFLICT (site, path, day) DO UPDATE SET hits = hits.hits + excluded.hits
$$;

-- Partitions of cms.posts. ATTACH, unlike CREATE … PARTITION OF, lets readers of the parent go on; bounds have their offset, else the session's time zone
-- would shift them. Returns how many were missing. The caller commits before it inserts rows.
CREATE FUNCTION cms.make_post_months(months date[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  month date;
  name text;
  made int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(7164509435960849012);  -- one session makes partitions at a time
  FOREACH month IN ARRAY months LOOP
    name := 'posts_' || to_char(month, 'YYYY_MM');
    CONTINUE WHEN EXISTS (
      SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'cms.posts'::regclass AND c.relname = name);
    EXECUTE format('CREATE TABLE cms.%I (LIKE cms.posts INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', name);
    EXECUTE format('ALTER TABLE cms.posts ATTACH PARTITION cms.%I FOR VALUES FROM (%L) TO (%L)', name,
      to_char(month, 'YYYY-MM-01 "00:00:00+00"'), to_char(month + interval '1 month', 'YYYY-MM-01 "00:00:00+00"'));
    PERFORM cms.guard_partition(format('cms.%I', name)::regclass);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

-- This month and those ahead. Builds make those that their posts need; nothing depends on this being called.
CREATE FUNCTION cms.create_monthly_partitions(ahead int DEFAULT 4) RETURNS int LANGUAGE sql AS $$
  SELECT cms.make_post_months(array_agg((date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month')::date ORDER BY n))
  FROM generate_series(0, ahead) n
$$;
