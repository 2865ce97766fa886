-- Listings near a listing, on its page and in the API in the same order; pages that show them follow when one comes, goes or moves.

-- Where listings that have a page were when their pages were last derived; without a foreign key, since it outlives what was deleted.
CREATE TABLE cms.listing_places (
  entry bigint PRIMARY KEY,
  site int NOT NULL,
  place point NOT NULL
);

-- The most listings of the same language within so many kilometres of a listing, the nearest first, equal ones by slug. An index gives as many
-- that are near on the map of degrees; none of the nearest is farther than the farthest of these.
CREATE FUNCTION cms.list_nearby(listing bigint, most int, km float8) RETURNS TABLE (number bigint, distance float8) LANGUAGE sql STABLE AS $$
  SELECT o.number, d.km FROM cms.listings l
  CROSS JOIN LATERAL (
    SELECT CASE WHEN count(*) = most THEN least(max(cms.distance_km(l.location[1], l.location[0], n.location[1], n.location[0])), km) ELSE km END AS reach
    FROM (SELECT n.location FROM cms.listings n
      WHERE n.site = l.site AND n.locale = l.locale AND n.number <> l.number AND n.status = 'approved' AND n.location IS NOT NULL
        AND EXISTS (SELECT FROM cms.cards c WHERE c.entry = n.number AND c.listed AND c.path IS NOT NULL)
      ORDER BY n.location <-> l.location LIMIT most) n) r
  CROSS JOIN LATERAL unnest(cms.boxes_around(l.location[1], l.location[0], r.reach + 0.001)) b
  JOIN cms.listings o ON o.location <@ b AND o.status = 'approved' AND o.location IS NOT NULL
  CROSS JOIN LATERAL (SELECT cms.distance_km(l.location[1], l.location[0], o.location[1], o.location[0]) AS km) d
  WHERE l.number = listing AND l.location IS NOT NULL AND o.site = l.site AND o.locale = l.locale AND o.number <> l.number AND d.km <= list_nearby.km
    AND EXISTS (SELECT FROM cms.cards c WHERE c.entry = o.number AND c.listed AND c.path IS NOT NULL)
  GROUP BY o.number, d.km, o.slug ORDER BY d.km, o.slug, o.number LIMIT most
$$;

-- Touch what the pages of listings say of those near them, where one of these entries came, went or moved. A place is among the nearest of another
-- only if less than `most` lie between them in the same sixth of a circle, so a few dozen are looked at for each. For many places at once, whatever
-- is within reach of any is touched if it has a page.
CREATE FUNCTION cms.touch_nearby(for_site int, entries bigint[], shown bigint[], most int, radius float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  points point[];
  found bigint[];
BEGIN
  WITH now AS (SELECT l.number, l.location FROM cms.listings l WHERE l.number = ANY(entries) AND l.number = ANY(shown) AND l.location IS NOT NULL AND l.site = for_site),
  changed AS (SELECT coalesce(n.number, p.entry) AS entry, n.location AS new, p.place AS old
    FROM now n FULL JOIN (SELECT * FROM cms.listing_places WHERE entry = ANY(entries) AND site = for_site) p ON p.entry = n.number
    WHERE n.location IS NULL OR p.place IS NULL OR n.location[0] <> p.place[0] OR n.location[1] <> p.place[1]),
  gone AS (DELETE FROM cms.listing_places p USING changed c WHERE p.entry = c.entry AND c.new IS NULL),
  kept AS (INSERT INTO cms.listing_places (entry, site, place) SELECT c.entry, for_site, c.new FROM changed c WHERE c.new IS NOT NULL
    ON CONFLICT (entry) DO UPDATE SET place = excluded.place, site = excluded.site)
  SELECT array_agg(x.place) INTO points FROM (SELECT new AS place FROM changed WHERE new IS NOT NULL UNION ALL SELECT old FROM changed WHERE old IS NOT NULL) x;
  IF points IS NULL OR NOT EXISTS (SELECT FROM cms.outputs WHERE site = for_site AND digest IS NOT NULL) THEN -- before the first build there is no page to touch
    RETURN;
  END IF;
  IF cardinality(points) > 100 THEN
    SELECT array_agg(DISTINCT l.number) INTO found
    FROM (SELECT DISTINCT floor(p[0] * 10) / 10 + 0.05 AS lng, floor(p[1] * 10) / 10 + 0.05 AS lat FROM unnest(points) p) cell
    CROSS JOIN LATERAL unnest(cms.boxes_around(cell.lat, cell.lng, radius + 8)) b -- a cell's corner is less than 8 km from its middle
    JOIN cms.listings l ON l.location <@ b AND l.status = 'approved' AND l.site = for_site
    JOIN cms.cards c ON c.entry = l.number JOIN cms.outputs o ON o.site = for_site AND o.path = c.path AND o.digest IS NOT NULL;
  ELSE
    SELECT array_agg(DISTINCT near.number) INTO found FROM unnest(points) p
    CROSS JOIN LATERAL (
      SELECT s.number, s.km FROM (
        SELECT l.number, d.km, row_number() OVER (PARTITION BY l.locale, floor(atan2d(l.location[1] - p[1],
            ((l.location[0] - p[0] + 540)::numeric % 360 - 180)::float8 * cosd(p[1])) / 60) ORDER BY d.km) AS place
        FROM unnest(cms.boxes_around(p[1], p[0], radius)) b JOIN cms.listings l ON l.location <@ b AND l.status = 'approved' AND l.site = for_site
        CROSS JOIN LATERAL (SELECT cms.distance_km(p[1], p[0], l.location[1], l.location[0]) AS km) d
        WHERE d.km <= radius AND EXISTS (SELECT FROM cms.cards c WHERE c.entry = l.number AND c.listed AND c.path IS NOT NULL)) s
      WHERE s.place <= 2 * most OR s.km < 0.1) near -- with room for equal distances and for the curve of the earth
    WHERE NOT EXISTS (SELECT FROM (SELECT count(*) AS n, max(o.distance) AS reach FROM cms.list_nearby(near.number, most, radius) o) r
      WHERE r.n = most AND near.km > r.reach + 0.001);
  END IF;
  INSERT INTO cms.changes (site, kind, subject, name) SELECT for_site, 'n', 0, 'fact/nearby/' || n FROM unnest(found) n;
END $$;

-- What the API asks. more: further conditions on l with $9 as their values (jsonb). Same rows in the same order as search_listings.
CREATE OR REPLACE FUNCTION cms.find_listings(
  p_site_id integer, p_query text, p_categories text[], p_location_lat numeric, p_location_lng numeric, p_radius_km numeric, p_min_rating numeric,
  p_listing_tier text, p_sort_by text, p_limit int, p_offset int, p_open_now boolean DEFAULT false, more text DEFAULT '', more_values jsonb DEFAULT '{}'
) RETURNS TABLE (number bigint, listing_id uuid, title text, distance_km numeric, relevance_score numeric) LANGUAGE plpgsql STABLE AS $$
DECLARE
  lat float8 := p_location_lat::float8;
  lng float8 := p_location_lng::float8;
  km float8 := coalesce(p_radius_km, 10)::float8;
  query tsquery := cms.make_listing_query(p_query);
  has_place boolean := p_location_lat IS NOT NULL AND p_location_lng IS NOT NULL;
  conditions text := cms.where_listings(p_query, p_categories, lat, lng, km, p_min_rating, p_listing_tier, p_open_now) || coalesce(more, '');
  text_score text := CASE WHEN query IS NOT NULL THEN 'ts_rank(l.vector, $2) * 0.4::float8' ELSE '0.2::float8' END;
  distance text := CASE WHEN has_place THEN 'cms.distance_km($4, $5, l.location[1], l.location[0])' ELSE 'NULL::float8' END;
  sorting text;
  part text;
  many bigint := greatest(coalesce(p_limit, 20), 0)::bigint + greatest(coalesce(p_offset, 0), 0);
BEGIN
  sorting := CASE p_sort_by
    WHEN 'rating' THEN 'rating DESC, number' -- none of these is null, and so an index gives the order
    WHEN 'newest' THEN 'created DESC, number'
    WHEN 'distance' THEN CASE WHEN has_place THEN 'distance NULLS LAST, slug, number' END END; -- two at one address stand as on the pages, whichever was saved first
  sorting := coalesce(sorting, CASE WHEN query IS NULL THEN 'base DESC, number' ELSE 'score DESC, number' END);
  part := 'SELECT l.number, l.listing_id, l.title, l.slug, ' || distance || ' AS distance, ' || text_score || ' + %1$s AS score, %1$s AS base, l.rating_avg AS rating, l.created_at AS created'
    || ' FROM cms.listings l WHERE ' || replace(conditions, '%', '%%') || ' AND %2$s ORDER BY ' || sorting || ' LIMIT $10';
  -- two parts, so that an index gives the first ones of those whose tier is what the row says
  RETURN QUERY EXECUTE
    'SELECT number, listing_id, title, round(distance::numeric, 3), round(score::numeric, 6) FROM (('
    || format(part, 'l.base_score', '(l.featured_until IS NULL OR l.featured_until > statement_timestamp())') || ') UNION ALL ('
    || format(part, '(l.rating_avg::float8 / 5 * 0.3 + 0.1)', 'l.featured_until <= statement_timestamp()') || ')) found ORDER BY ' || sorting || ' LIMIT $11 OFFSET $12'
    USING p_site_id, query, cms.make_slugs(p_categories), lat, lng, km, p_min_rating, p_listing_tier, more_values, many, greatest(coalesce(p_limit, 20), 0), greatest(coalesce(p_offset, 0), 0);
END $$;
