-- Duplicates at the desk: pairs that somebody found to be two places, and all pairs of a site at once.

-- Pairs of listings that are not the same place, whatever they have in common.
CREATE TABLE cms.listings_apart (
  one bigint NOT NULL REFERENCES cms.entries ON DELETE CASCADE,
  other bigint NOT NULL REFERENCES cms.entries ON DELETE CASCADE,
  site int NOT NULL REFERENCES cms.sites,
  decided_by text NOT NULL,
  decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (one, other),
  CHECK (one < other)
);
CREATE INDEX listings_apart_other ON cms.listings_apart (other);

-- Others that may be the same place: the same name in the same city or within 300 m, or the same telephone number.
CREATE OR REPLACE FUNCTION cms.find_duplicates(listing bigint) RETURNS TABLE (number bigint, title text, why text) LANGUAGE sql STABLE AS $$
  SELECT o.number, o.title, CASE WHEN lower(o.title) = lower(l.title) THEN 'name and place' ELSE 'telephone' END
  FROM cms.listings l JOIN cms.listings o ON o.site = l.site AND o.number <> l.number AND o.locale = l.locale AND o.status <> 'rejected'
   AND (lower(o.title) = lower(l.title) AND (lower(o.city) IS NOT DISTINCT FROM lower(l.city)
          OR cms.distance_km(l.location[1], l.location[0], o.location[1], o.location[0]) < 0.3)
     OR l.phone IS NOT NULL AND length(regexp_replace(l.phone, '\D', '', 'g')) > 6
        AND regexp_replace(o.phone, '\D', '', 'g') = regexp_replace(l.phone, '\D', '', 'g'))
   AND NOT EXISTS (SELECT FROM cms.listings_apart a WHERE a.one = least(l.number, o.number) AND a.other = greatest(l.number, o.number))
  WHERE l.number = listing ORDER BY o.number LIMIT 20
$$;

-- The pairs of a site, of which at least one listing is published, those of the same name first. Only listings that share a name or a telephone number are looked at.
CREATE FUNCTION cms.list_duplicates(for_site int, most int) RETURNS TABLE (one bigint, other bigint, why text) LANGUAGE sql STABLE AS $$
  WITH shared AS (
    SELECT unnest(array_agg(l.number)) AS number FROM cms.listings l WHERE l.site = for_site AND l.status <> 'rejected'
      GROUP BY l.locale, lower(l.title) HAVING count(*) > 1
    UNION SELECT unnest(array_agg(l.number)) FROM cms.listings l WHERE l.site = for_site AND l.status <> 'rejected' AND l.phone IS NOT NULL
      GROUP BY l.locale, regexp_replace(l.phone, '\D', '', 'g') HAVING count(*) > 1)
  SELECT s.number, d.number, d.why FROM shared s CROSS JOIN LATERAL cms.find_duplicates(s.number) d
  WHERE s.number < d.number AND EXISTS (SELECT FROM cms.listings p WHERE p.number IN (s.number, d.number) AND p.status = 'approved')
  ORDER BY d.why, s.number, d.number LIMIT most
$$;

-- What two listings say, once where it is the same.
CREATE FUNCTION cms.show_pair(one text, other text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN one IS NOT DISTINCT FROM other THEN one ELSE coalesce(nullif(one, ''), '–') || ' ↔ ' || coalesce(nullif(other, ''), '–') END
$$;
