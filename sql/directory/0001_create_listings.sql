-- Listings: what entries of the type listing say, as columns, beside what is no field of theirs (ratings, claims, views, owner).

-- Minutes of a week, Monday 00:00 is 0, in which a place is open. hours: {"monday": "9:00-17:00, 18:00-22:00"} or text such as
-- "Mo-Fr 09:00-17:00; Sa 10:00-14:00; Su off". What cannot be read counts as closed; `cms check` tells of it.
CREATE FUNCTION cms.parse_hours(hours jsonb) RETURNS int4multirange LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  names text[] := '{mo,tu,we,th,fr,sa,su}';
  spans int4multirange[] := array_fill('{}'::int4multirange, ARRAY[7]);
  rule text; days text; times text; part text; piece text; first int; last int; day int; chosen int[]; a int; b int; found text[]; result int4multirange := '{}';
BEGIN
  FOR rule IN
    SELECT left(lower(key), 2) || ' ' || coalesce(value #>> '{}', 'off') FROM jsonb_each(CASE jsonb_typeof(hours) WHEN 'object' THEN hours ELSE '{}' END)
    UNION ALL SELECT trim(lower(piece_)) FROM regexp_split_to_table(CASE jsonb_typeof(hours) WHEN 'string' THEN left(hours #>> '{}', 2000) ELSE '' END, ';') piece_
  LOOP
    CONTINUE WHEN rule = '';
    IF rule = '24/7' THEN
      RETURN '{[0,10080)}';
    END IF;
    days := coalesce(substring(rule FROM '^((?:mo|tu|we|th|fr|sa|su)[a-z]*(?:\s*[-,]\s*(?:mo|tu|we|th|fr|sa|su)[a-z]*)*)'), '');
    times := trim(substr(rule, length(days) + 1));
    chosen := '{}';
    IF days = '' THEN
      CONTINUE WHEN rule !~ '^\d'; -- holidays, months and the like
      chosen := '{0,1,2,3,4,5,6}';
    END IF;
    FOREACH part IN ARRAY regexp_split_to_array(days, '\s*,\s*') LOOP
      CONTINUE WHEN part = '';
      first := array_position(names, left(split_part(part, '-', 1), 2)) - 1;
      last := coalesce(array_position(names, left(trim(split_part(part, '-', 2)), 2)) - 1, first);
      FOR day IN first .. CASE WHEN last < first THEN last + 7 ELSE last END LOOP
        chosen := chosen || (day % 7);
      END LOOP;
    END LOOP;
    FOREACH day IN ARRAY chosen LOOP
      spans[day + 1] := '{}';
    END LOOP;
    FOREACH piece IN ARRAY regexp_split_to_array(times, '\s*,\s*') LOOP
      found := regexp_match(trim(piece), '^(\d{1,2})[:.](\d{2})\s*[-–]\s*(\d{1,2})[:.](\d{2})$');
      CONTINUE WHEN found IS NULL OR found[1]::int > 24 OR found[3]::int > 48 OR found[2]::int > 59 OR found[4]::int > 59;
      a := found[1]::int * 60 + found[2]::int;
      b := found[3]::int * 60 + found[4]::int;
      IF b <= a THEN
        b := b + 1440; -- past midnight
      END IF;
      FOREACH day IN ARRAY chosen LOOP
        spans[day + 1] := spans[day + 1] + int4multirange(int4range(day * 1440 + a, day * 1440 + b));
      END LOOP;
    END LOOP;
  END LOOP;
  FOR day IN 1 .. 7 LOOP
    result := result + spans[day];
  END LOOP;
  IF upper(result) > 10080 THEN -- Sunday night is Monday's morning
    result := result + int4multirange(int4range(0, least(upper(result), 20160) - 10080));
  END IF;
  RETURN result * '{[0,10080)}'::int4multirange;
END $$;

CREATE FUNCTION cms.minute_of_week(at timestamptz, zone text) RETURNS int LANGUAGE sql STABLE AS $$
  SELECT ((extract(isodow FROM at AT TIME ZONE zone) - 1) * 1440 + extract(hour FROM at AT TIME ZONE zone) * 60 + extract(minute FROM at AT TIME ZONE zone))::int
$$;

-- Words of a query and of a listing: by their English stem and as they are written.
CREATE FUNCTION cms.make_listing_vector(title text, place text, description text) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
  SELECT setweight(to_tsvector('english', coalesce(title, '')) || to_tsvector('simple', coalesce(title, '')), 'A')
      || setweight(to_tsvector('simple', coalesce(place, '')), 'B')
      || setweight(to_tsvector('english', left(coalesce(description, ''), 100000)), 'D')
$$;

-- The slug of a category, as addresses have it.
CREATE FUNCTION cms.make_slug(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT btrim(left(btrim(regexp_replace(translate(replace(lower(normalize(name, NFC)), 'ß', 'ss'), '''’', ''), '[^[:alnum:]]+', '-', 'g'), '-'), 80), '-')
$$;

CREATE FUNCTION cms.make_slugs(names text[]) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN names IS NOT NULL THEN ARRAY(SELECT cms.make_slug(n) FROM unnest(names) n) END
$$;

CREATE FUNCTION cms.score_tier(tier text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE tier WHEN 'premium' THEN 0.3 WHEN 'featured' THEN 0.2 ELSE 0.1 END
$$;

CREATE TABLE cms.listings (
  listing_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  number bigint NOT NULL UNIQUE REFERENCES cms.entries ON DELETE CASCADE,
  site int NOT NULL REFERENCES cms.sites,
  locale text COLLATE "C" NOT NULL,
  title text NOT NULL,
  slug text COLLATE "C" NOT NULL,
  description text,
  featured_image text,
  gallery jsonb,
  email text,
  phone text,
  website text,
  social_links jsonb,
  address text,
  city text,
  state text,
  country text,
  postal_code text,
  latitude numeric(10, 8),
  longitude numeric(11, 8),
  hours jsonb,
  timezone text,
  custom_fields jsonb,
  categories text[] COLLATE "C" NOT NULL DEFAULT '{}',
  rating_avg numeric(3, 2) NOT NULL DEFAULT 0,
  rating_count int NOT NULL DEFAULT 0,
  review_count int NOT NULL DEFAULT 0,
  stars int[] NOT NULL DEFAULT '{0,0,0,0,0}',
  listing_tier text NOT NULL DEFAULT 'basic' CHECK (listing_tier IN ('basic', 'featured', 'premium')),
  featured_until timestamptz,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected', 'expired')),
  publish_at timestamptz,
  expire_at timestamptz,
  verified boolean NOT NULL DEFAULT false,
  meta_title text,
  meta_description text,
  view_count int NOT NULL DEFAULT 0,
  claim_status text NOT NULL DEFAULT 'unclaimed' CHECK (claim_status IN ('unclaimed', 'claimed', 'verified')),
  owner_id uuid,
  owner_email text,
  submitter_email text,
  moderation_notes text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  location point,                 -- (longitude, latitude)
  open_minutes int4multirange NOT NULL DEFAULT '{}',
  vector tsvector NOT NULL,
  base_score float8 GENERATED ALWAYS AS (rating_avg::float8 / 5 * 0.3 + cms.score_tier(listing_tier)) STORED
);
CREATE INDEX listings_slug ON cms.listings (site, slug); -- not unique: of two entries that want one address the store holds both, and one has a page
CREATE INDEX listings_location ON cms.listings USING spgist (location) WHERE status = 'approved' AND location IS NOT NULL;
CREATE INDEX listings_categories ON cms.listings USING gin (categories) WHERE status = 'approved';
CREATE INDEX listings_vector ON cms.listings USING gin (vector) WHERE status = 'approved';
CREATE INDEX listings_score ON cms.listings (site, base_score DESC, number) WHERE status = 'approved';
CREATE INDEX listings_rating ON cms.listings (site, rating_avg DESC, number) WHERE status = 'approved';
CREATE INDEX listings_newest ON cms.listings (site, created_at DESC, number) WHERE status = 'approved';
CREATE INDEX idx_listings_tier ON cms.listings (site, listing_tier, rating_avg DESC) WHERE status = 'approved';
CREATE INDEX listings_place ON cms.listings (site, country, state, city) WHERE status = 'approved';
CREATE INDEX listings_featured_until ON cms.listings (site, featured_until) WHERE featured_until IS NOT NULL;
CREATE INDEX listings_waiting ON cms.listings (site, created_at) WHERE status = 'pending';
CREATE INDEX listings_phone ON cms.listings (site, regexp_replace(phone, '\D', '', 'g')) WHERE phone IS NOT NULL;
CREATE INDEX listings_title ON cms.listings (site, lower(title));

CREATE FUNCTION cms.read_number(value jsonb, low numeric, high numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN jsonb_typeof(value) = 'number' AND value::numeric BETWEEN low AND high THEN value::numeric END
$$;

CREATE FUNCTION cms.read_time(value text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN value::timestamptz;
EXCEPTION WHEN others THEN
  RETURN NULL; -- a field that was written by SQL and never checked
END $$;

CREATE FUNCTION cms.read_zone(zone text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  PERFORM now() AT TIME ZONE zone;
  RETURN zone;
EXCEPTION WHEN others THEN
  RETURN NULL; -- `cms check` tells of it
END $$;

-- Columns that are fields follow the entry; others stay as they are.
CREATE FUNCTION cms.project_listings(entries bigint[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO cms.listings AS l (number, site, locale, title, slug, description, featured_image, gallery, email, phone, website, social_links, address,
    city, state, country, postal_code, latitude, longitude, hours, timezone, custom_fields, categories, listing_tier, featured_until, status, publish_at,
    expire_at, verified, meta_title, meta_description, created_at, updated_at, location, open_minutes, vector)
  SELECT e.id, e.site, e.locale, coalesce(f ->> 'title', ''), coalesce(f ->> 'slug', ''), coalesce(f ->> 'description', f ->> 'excerpt'), f ->> 'image', f -> 'gallery',
    f ->> 'email', f ->> 'phone', f ->> 'website', f -> 'social_links', f ->> 'address', f ->> 'city', f ->> 'state', f ->> 'country', f ->> 'postal_code',
    lat, lng, f -> 'hours', CASE WHEN f ? 'timezone' THEN cms.read_zone(f ->> 'timezone') END,
    (f - '{title,slug,id,path,excerpt,date,updated,section,tags,authors,series,image,image_alt,focus,weight,is_featured,gallery,description,email,phone,website,social_links,address,city,state,country,postal_code,latitude,longitude,hours,timezone,custom_fields,categories,tier,featured_until,verified,meta_title,meta_description,canonical,noindex,aliases,layout,locale,translation_key,draft,status,publish_at,expire_at,metadata}'::text[])
      || coalesce(f -> 'metadata', '{}') || coalesce(f -> 'custom_fields', '{}'),
    ARRAY(SELECT cms.make_slug(c) FROM jsonb_array_elements_text(CASE jsonb_typeof(f -> 'categories') WHEN 'array' THEN f -> 'categories' ELSE '[]' END) c),
    CASE WHEN f ->> 'tier' IN ('featured', 'premium') THEN f ->> 'tier' ELSE 'basic' END, CASE WHEN f ? 'featured_until' THEN cms.read_time(f ->> 'featured_until') END,
    CASE WHEN e.removed_at IS NOT NULL OR e.status = 'trashed' THEN 'rejected' WHEN e.status = 'draft' THEN 'pending' ELSE 'approved' END,
    e.publish_at, e.expire_at, coalesce(f ->> 'verified', '') = 'true', f ->> 'meta_title', f ->> 'meta_description', e.created_at, clock_timestamp(),
    CASE WHEN lat IS NOT NULL AND lng IS NOT NULL THEN point(lng::float8, lat::float8) END, cms.parse_hours(f -> 'hours'),
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
    vector = excluded.vector;
  DELETE FROM cms.listings l USING cms.entries e WHERE l.number = ANY(entries) AND e.id = l.number AND e.type <> 'listing';
  DELETE FROM cms.entry_times WHERE entry = ANY(entries);
  INSERT INTO cms.entry_times (entry, site, at) SELECT number, site, featured_until FROM cms.listings WHERE number = ANY(entries) AND featured_until IS NOT NULL;
  SELECT cms.raise_tags(s.site, ARRAY['listings']) FROM (SELECT DISTINCT site FROM cms.listings WHERE number = ANY(entries) ORDER BY site) s;
$$;

CREATE FUNCTION cms.note_listing_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  found bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    found := ARRAY(SELECT id FROM new_rows WHERE type = 'listing');
  ELSE
    found := ARRAY(SELECT n.id FROM new_rows n JOIN old_rows o USING (id) WHERE 'listing' IN (n.type, o.type)
      AND (n.type, n.locale, n.status, n.publish_at, n.expire_at, n.removed_at, n.fields) IS DISTINCT FROM (o.type, o.locale, o.status, o.publish_at, o.expire_at, o.removed_at, o.fields));
  END IF;
  IF cardinality(found) > 0 THEN
    PERFORM cms.project_listings(found);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER project_listings_inserted AFTER INSERT ON cms.entries REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_listing_entries();
CREATE TRIGGER project_listings_updated AFTER UPDATE ON cms.entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.note_listing_entries();

-- What reviews come to, as columns.
CREATE FUNCTION cms.rate_listing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE cms.listings SET rating_avg = CASE WHEN NEW.rating_count > 0 THEN round(NEW.rating_sum::numeric / NEW.rating_count, 2) ELSE 0 END,
    rating_count = NEW.rating_count, review_count = NEW.review_count, stars = NEW.stars WHERE number = NEW.entry;
  IF FOUND THEN
    PERFORM cms.raise_tags(NEW.site, ARRAY['listings']);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER rate_listing AFTER INSERT OR UPDATE ON cms.ratings FOR EACH ROW EXECUTE FUNCTION cms.rate_listing();

-- Kilometres between two places on a sphere of the earth's mean radius (haversine).
CREATE FUNCTION cms.distance_km(lat1 float8, lng1 float8, lat2 float8, lng2 float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 2 * 6371.0088 * asin(least(1, sqrt(sind((lat2 - lat1) / 2) ^ 2 + cosd(lat1) * cosd(lat2) * sind((lng2 - lng1) / 2) ^ 2)))
$$;

-- Boxes that hold every place within so many kilometres: two where the circle crosses the antimeridian, one around the world where it holds a pole.
CREATE FUNCTION cms.boxes_around(lat float8, lng float8, km float8) RETURNS box[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  up float8 := degrees(greatest(km, 0) / 6371.0088) + 1e-9;
  side float8;
  here float8 := lng - 360 * floor((lng + 180) / 360);
BEGIN
  IF lat + up >= 90 OR lat - up <= -90 THEN
    RETURN ARRAY[box(point(-180, greatest(lat - up, -90)), point(180, least(lat + up, 90)))];
  END IF;
  side := degrees(asin(least(1, sind(least(up, 90)) / cosd(lat)))) + 1e-9;
  IF side >= 180 THEN
    RETURN ARRAY[box(point(-180, lat - up), point(180, lat + up))];
  ELSIF here - side < -180 THEN
    RETURN ARRAY[box(point(-180, lat - up), point(here + side, lat + up)), box(point(here - side + 360, lat - up), point(180, lat + up))];
  ELSIF here + side > 180 THEN
    RETURN ARRAY[box(point(here - side, lat - up), point(180, lat + up)), box(point(-180, lat - up), point(here + side - 360, lat + up))];
  END IF;
  RETURN ARRAY[box(point(here - side, lat - up), point(here + side, lat + up))];
END $$;

-- Conditions of a search as SQL, with the parameters as $1 to $8 of search_listings and those of the API behind them. A tier counts until featured_until.
CREATE FUNCTION cms.where_listings(p_query text, p_categories text[], lat float8, lng float8, km float8, p_min_rating numeric, p_listing_tier text, p_open_now boolean)
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
    found := found || $w$ AND l.open_minutes @> cms.minute_of_week(statement_timestamp(), coalesce(l.timezone, 'UTC'))$w$;
  END IF;
  RETURN found;
END $$;

CREATE FUNCTION cms.make_listing_query(p_query text) RETURNS tsquery LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN btrim(coalesce(p_query, '')) <> '' THEN websearch_to_tsquery('english', left(p_query, 1000)) || websearch_to_tsquery('simple', left(p_query, 1000)) END
$$;

-- What the API asks. more: further conditions on l with $9 as their values (jsonb). Same rows in the same order as search_listings.
CREATE FUNCTION cms.find_listings(
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
    WHEN 'distance' THEN CASE WHEN has_place THEN 'distance NULLS LAST, number' END END;
  sorting := coalesce(sorting, CASE WHEN query IS NULL THEN 'base DESC, number' ELSE 'score DESC, number' END);
  part := 'SELECT l.number, l.listing_id, l.title, ' || distance || ' AS distance, ' || text_score || ' + %1$s AS score, %1$s AS base, l.rating_avg AS rating, l.created_at AS created'
    || ' FROM cms.listings l WHERE ' || replace(conditions, '%', '%%') || ' AND %2$s ORDER BY ' || sorting || ' LIMIT $10';
  -- two parts, so that an index gives the first ones of those whose tier is what the row says
  RETURN QUERY EXECUTE
    'SELECT number, listing_id, title, round(distance::numeric, 3), round(score::numeric, 6) FROM (('
    || format(part, 'l.base_score', '(l.featured_until IS NULL OR l.featured_until > statement_timestamp())') || ') UNION ALL ('
    || format(part, '(l.rating_avg::float8 / 5 * 0.3 + 0.1)', 'l.featured_until <= statement_timestamp()') || ')) found ORDER BY ' || sorting || ' LIMIT $11 OFFSET $12'
    USING p_site_id, query, cms.make_slugs(p_categories), lat, lng, km, p_min_rating, p_listing_tier, more_values, many, greatest(coalesce(p_limit, 20), 0), greatest(coalesce(p_offset, 0), 0);
END $$;

-- p_categories: slugs or names of categories; score: 0.4 text (0.5 of it without a query) + 0.3 rating / 5 + tier 0.3, 0.2, 0.1.
CREATE FUNCTION cms.search_listings(
  p_site_id integer,
  p_query text DEFAULT NULL,
  p_categories text[] DEFAULT NULL,
  p_location_lat decimal DEFAULT NULL,
  p_location_lng decimal DEFAULT NULL,
  p_radius_km int DEFAULT 10,
  p_min_rating decimal DEFAULT NULL,
  p_listing_tier text DEFAULT NULL,
  p_sort_by text DEFAULT 'relevance',
  p_limit int DEFAULT 20,
  p_offset int DEFAULT 0,
  p_open_now boolean DEFAULT false
) RETURNS TABLE (listing_id uuid, title text, distance_km decimal, relevance_score decimal) LANGUAGE sql STABLE AS $$
  SELECT f.listing_id, f.title, f.distance_km, f.relevance_score
  FROM cms.find_listings(p_site_id, p_query, p_categories, p_location_lat, p_location_lng, p_radius_km, p_min_rating, p_listing_tier, p_sort_by, p_limit, p_offset, p_open_now) f
$$;

-- All that a search matches, in no order: for counts, and for the order of the pages.
CREATE FUNCTION cms.match_listings(
  p_site_id integer, p_query text, p_categories text[], p_location_lat numeric, p_location_lng numeric, p_radius_km numeric, p_min_rating numeric,
  p_listing_tier text, p_open_now boolean DEFAULT false, more text DEFAULT '', more_values jsonb DEFAULT '{}'
) RETURNS TABLE (number bigint, listing_id uuid, title text, distance_km numeric, relevance_score numeric) LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY EXECUTE 'SELECT l.number, l.listing_id, l.title, '
    || CASE WHEN p_location_lat IS NOT NULL AND p_location_lng IS NOT NULL THEN 'round(cms.distance_km($4, $5, l.location[1], l.location[0])::numeric, 3)' ELSE 'NULL::numeric' END
    || ', NULL::numeric FROM cms.listings l WHERE '
    || cms.where_listings(p_query, p_categories, p_location_lat::float8, p_location_lng::float8, coalesce(p_radius_km, 10)::float8, p_min_rating, p_listing_tier, p_open_now)
    || coalesce(more, '')
    USING p_site_id, cms.make_listing_query(p_query), cms.make_slugs(p_categories), p_location_lat::float8, p_location_lng::float8, coalesce(p_radius_km, 10)::float8,
      p_min_rating, p_listing_tier, more_values;
END $$;

-- Requests of people to look after a listing. token: digest of the word in the link that proves an address at the listing's own domain.
CREATE TABLE cms.listing_claims (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  entry bigint NOT NULL REFERENCES cms.entries ON DELETE CASCADE,
  name text NOT NULL,
  email text NOT NULL,
  message text NOT NULL DEFAULT '',
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected', 'undone')),
  proof text NOT NULL DEFAULT 'none' CHECK (proof IN ('none', 'sent', 'confirmed')),
  token bytea,
  visitor bytea,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  decided_at timestamptz,
  decided_by text
);
CREATE UNIQUE INDEX listing_claims_one_owner ON cms.listing_claims (entry) WHERE status = 'approved';
CREATE INDEX listing_claims_waiting ON cms.listing_claims (site, created_at) WHERE status = 'pending';
CREATE INDEX listing_claims_email ON cms.listing_claims (site, lower(email));

-- A claim that is decided decides about the listing's columns.
CREATE FUNCTION cms.settle_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status = 'approved' AND OLD.status <> 'approved' THEN
    UPDATE cms.listings SET claim_status = CASE NEW.proof WHEN 'confirmed' THEN 'verified' ELSE 'claimed' END, owner_email = NEW.email, owner_id = gen_random_uuid()
      WHERE number = NEW.entry;
  ELSIF OLD.status = 'approved' AND NEW.status <> 'approved' THEN
    UPDATE cms.listings SET claim_status = 'unclaimed', owner_email = NULL, owner_id = NULL WHERE number = NEW.entry;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER settle_claim AFTER UPDATE OF status ON cms.listing_claims FOR EACH ROW EXECUTE FUNCTION cms.settle_claim();
CREATE FUNCTION cms.forget_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE cms.listings SET claim_status = 'unclaimed', owner_email = NULL, owner_id = NULL WHERE number = OLD.entry;
  RETURN NULL;
END $$;
CREATE TRIGGER forget_claim AFTER DELETE ON cms.listing_claims FOR EACH ROW WHEN (OLD.status = 'approved') EXECUTE FUNCTION cms.forget_claim();

-- Whether a listing is claimed is shown on its page.
CREATE FUNCTION cms.note_claim_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM cms.touch(NEW.site, 'fact/claim/' || NEW.number);
  RETURN NULL;
END $$;
CREATE TRIGGER note_claim_status AFTER UPDATE OF claim_status ON cms.listings FOR EACH ROW
  WHEN (OLD.claim_status IS DISTINCT FROM NEW.claim_status) EXECUTE FUNCTION cms.note_claim_status();

-- Others that may be the same place: the same name in the same city or within 300 m, or the same telephone number.
CREATE FUNCTION cms.find_duplicates(listing bigint) RETURNS TABLE (number bigint, title text, why text) LANGUAGE sql STABLE AS $$
  SELECT o.number, o.title, CASE WHEN lower(o.title) = lower(l.title) THEN 'name and place' ELSE 'telephone' END
  FROM cms.listings l JOIN cms.listings o ON o.site = l.site AND o.number <> l.number AND o.locale = l.locale AND o.status <> 'rejected'
   AND (lower(o.title) = lower(l.title) AND (lower(o.city) IS NOT DISTINCT FROM lower(l.city)
          OR cms.distance_km(l.location[1], l.location[0], o.location[1], o.location[0]) < 0.3)
     OR l.phone IS NOT NULL AND length(regexp_replace(l.phone, '\D', '', 'g')) > 6
        AND regexp_replace(o.phone, '\D', '', 'g') = regexp_replace(l.phone, '\D', '', 'g'))
  WHERE l.number = listing ORDER BY o.number LIMIT 20
$$;
