-- Hours on public holidays, and links by which owners propose changes of their listings.

-- holiday_minutes: of a day, in which a place is open on public holidays; NULL where its hours say nothing of them.
ALTER TABLE cms.listings ADD holiday_minutes int4multirange;

-- Public holidays, by country as listings name it; '' is any country. Written from the settings, see [directory] holidays.
CREATE TABLE cms.holidays (
  site int NOT NULL REFERENCES cms.sites,
  country text NOT NULL,
  day date NOT NULL,
  PRIMARY KEY (site, country, day)
);

-- What hours say of public holidays: "PH off", "PH 10:00-12:00", or the day "holidays".
CREATE FUNCTION cms.parse_holiday_hours(hours jsonb) RETURNS int4multirange LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN times IS NOT NULL THEN cms.parse_hours(to_jsonb('mo ' || times)) * '{[0,1440)}'::int4multirange END
  FROM (SELECT CASE jsonb_typeof(hours)
    WHEN 'object' THEN (SELECT coalesce(lower(value #>> '{}'), 'off') FROM jsonb_each(hours) WHERE lower(key) IN ('ph', 'holiday', 'holidays') LIMIT 1)
    WHEN 'string' THEN (regexp_match(lower(left(hours #>> '{}', 2000)), '(?:^|;)\s*ph\s+([^;]*)'))[1] END AS times) x
$$;

-- Whether a place is open at a moment. zone: for listings that name no time zone.
CREATE FUNCTION cms.is_open(l cms.listings, at timestamptz, zone text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN l.holiday_minutes IS NOT NULL AND EXISTS (SELECT FROM cms.holidays h WHERE h.site = l.site AND h.country IN ('', l.country)
      AND h.day = (at AT TIME ZONE coalesce(l.timezone, zone))::date)
    THEN l.holiday_minutes @> cms.minute_of_week(at, coalesce(l.timezone, zone)) % 1440
    ELSE l.open_minutes @> cms.minute_of_week(at, coalesce(l.timezone, zone)) END
$$;

CREATE OR REPLACE FUNCTION cms.where_listings(p_query text, p_categories text[], lat float8, lng float8, km float8, p_min_rating numeric, p_listing_tier text, p_open_now boolean)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  found text := $w$l.site = $1 AND l.status = 'approved' AND (l.publish_at IS NULL OR l.publish_at <= statement_timestamp()) AND (l.expire_at IS NULL OR l.expire_at > statement_timestamp())$w$;
BEGIN
  IF p_query IS NOT NULL AND btrim(p_query) <> '' THEN
    found := found || ' AND l.vector @@ $2';
  END IF;
  IF p_categories IS NOT NULL THEN
    found := found || ' AND l.categories && $3';
  END IF;
  IF lat IS NOT NULL AND lng IS NOT NULL THEN
    found := found || format(' AND (%s) AND cms.distance_km($4, $5, l.location[1], l.location[0]) <= $6',
      (SELECT string_agg(format('l.location <@ %L::box', b), ' OR ') FROM unnest(cms.boxes_around(lat, lng, coalesce(km, 10))) b));
  END IF;
  IF p_min_rating IS NOT NULL THEN
    found := found || ' AND l.rating_avg >= $7';
  END IF;
  IF p_listing_tier IS NOT NULL THEN
    found := found || $w$ AND CASE WHEN l.featured_until <= statement_timestamp() THEN 'basic' ELSE l.listing_tier END = $8$w$;
  END IF;
  IF p_open_now THEN
    found := found || $w$ AND cms.is_open(l, statement_timestamp(), 'UTC')$w$;
  END IF;
  RETURN found;
END $$;

CREATE OR REPLACE FUNCTION cms.project_listings(entries bigint[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO cms.listings AS l (number, site, locale, title, slug, description, featured_image, gallery, email, phone, website, social_links, address,
    city, state, country, postal_code, latitude, longitude, hours, timezone, custom_fields, categories, listing_tier, featured_until, status, publish_at,
    expire_at, verified, meta_title, meta_description, created_at, updated_at, location, open_minutes, holiday_minutes, vector)
  SELECT e.id, e.site, e.locale, coalesce(f ->> 'title', ''), coalesce(f ->> 'slug', ''), coalesce(f ->> 'description', f ->> 'excerpt'), f ->> 'image', f -> 'gallery',
    f ->> 'email', f ->> 'phone', f ->> 'website', f -> 'social_links', f ->> 'address', f ->> 'city', f ->> 'state', f ->> 'country', f ->> 'postal_code',
    lat, lng, f -> 'hours', CASE WHEN f ? 'timezone' THEN cms.read_zone(f ->> 'timezone') END,
    (f - '{title,slug,id,path,excerpt,date,updated,section,tags,authors,series,image,image_alt,focus,weight,is_featured,gallery,description,email,phone,website,social_links,address,city,state,country,postal_code,latitude,longitude,hours,timezone,custom_fields,categories,tier,featured_until,verified,meta_title,meta_description,canonical,noindex,aliases,layout,locale,translation_key,draft,status,publish_at,expire_at,metadata}'::text[])
      || coalesce(f -> 'metadata', '{}') || coalesce(f -> 'custom_fields', '{}'),
    ARRAY(SELECT cms.make_slug(c) FROM jsonb_array_elements_text(CASE jsonb_typeof(f -> 'categories') WHEN 'array' THEN f -> 'categories' ELSE '[]' END) c),
    CASE WHEN f ->> 'tier' IN ('featured', 'premium') THEN f ->> 'tier' ELSE 'basic' END, CASE WHEN f ? 'featured_until' THEN cms.read_time(f ->> 'featured_until') END,
    CASE WHEN e.removed_at IS NOT NULL OR e.status = 'trashed' THEN 'rejected' WHEN e.status = 'draft' THEN 'pending' ELSE 'approved' END,
    e.publish_at, e.expire_at, coalesce(f ->> 'verified', '') = 'true', f ->> 'meta_title', f ->> 'meta_description', e.created_at, clock_timestamp(),
    CASE WHEN lat IS NOT NULL AND lng IS NOT NULL THEN point(lng::float8, lat::float8) END, CASE WHEN f ? 'hours' THEN cms.parse_hours(f -> 'hours') ELSE '{}' END,
    CASE WHEN f ? 'hours' THEN cms.parse_holiday_hours(f -> 'hours') END,
    cms.make_listing_vector(f ->> 'title', concat_ws(' ', f ->> 'city', f ->> 'state', f ->> 'country', f ->> 'categories'), coalesce(f ->> 'description', f ->> 'excerpt'))
  FROM cms.entries e, LATERAL (SELECT e.fields AS f, cms.read_number(e.fields -> 'latitude', -90, 90) AS lat, cms.read_number(e.fields -> 'longitude', -180, 180) AS lng) x
  WHERE e.id = ANY(entries) AND e.type = 'listing'
  ON CONFLICT (number) DO UPDATE SET locale = excluded.locale, title = excluded.title, slug = excluded.slug, description = excluded.description,
    featured_image = excluded.featured_image, gallery = excluded.gallery, email = excluded.email, phone = excluded.phone, website = excluded.website,
    social_links = excluded.social_links, address = excluded.address, city = excluded.city, state = excluded.state, country = excluded.country,
    postal_code = excluded.postal_code, latitude = excluded.latitude, longitude = excluded.longitude, hours = excluded.hours, timezone = excluded.timezone,
    custom_fields = excluded.custom_fields, categories = excluded.categories, listing_tier = excluded.listing_tier, featured_until = excluded.featured_until,
    status = CASE WHEN excluded.status = 'pending' AND l.status = 'rejected' THEN 'rejected' ELSE excluded.status END,
    publish_at = excluded.publish_at, expire_at = excluded.expire_at, verified = excluded.verified, meta_title = excluded.meta_title,
    meta_description = excluded.meta_description, updated_at = excluded.updated_at, location = excluded.location, open_minutes = excluded.open_minutes,
    holiday_minutes = excluded.holiday_minutes, vector = excluded.vector;
  DELETE FROM cms.listings l USING cms.entries e WHERE l.number = ANY(entries) AND e.id = l.number AND e.type <> 'listing';
  DELETE FROM cms.entry_times WHERE entry = ANY(entries);
  INSERT INTO cms.entry_times (entry, site, at) SELECT number, site, featured_until FROM cms.listings WHERE number = ANY(entries) AND featured_until IS NOT NULL;
  SELECT cms.raise_tags(s.site, ARRAY['listings']) FROM (SELECT DISTINCT site FROM cms.listings WHERE number = ANY(entries) ORDER BY site) s;
$$;

UPDATE cms.listings SET holiday_minutes = cms.parse_holiday_hours(hours) WHERE hours IS NOT NULL;

-- Links that were mailed to owners. word: digest of the word in a link.
CREATE TABLE cms.listing_links (
  word bytea PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  entry bigint NOT NULL REFERENCES cms.entries ON DELETE CASCADE,
  email text NOT NULL,
  expires_at timestamptz NOT NULL DEFAULT clock_timestamp() + interval '1 day'
);
CREATE INDEX listing_links_entry ON cms.listing_links (entry, expires_at);

-- Words by their English stem and as they are written; once where both are the same, since each costs time to rank.
CREATE OR REPLACE FUNCTION cms.make_listing_query(p_query text) RETURNS tsquery LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN stems = words THEN stems ELSE stems || words END
  FROM (SELECT websearch_to_tsquery('english', left(p_query, 1000)) AS stems, websearch_to_tsquery('simple', left(p_query, 1000)) AS words) x
  WHERE btrim(coalesce(p_query, '')) <> ''
$$;
