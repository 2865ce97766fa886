-- A minus before no word says nothing: blanks and !&|() are passed over behind it, and Postgres gives up where many minuses follow each other.
CREATE OR REPLACE FUNCTION cms.make_listing_query(p_query text) RETURNS tsquery LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN stems = words THEN stems ELSE stems || words END
  FROM (SELECT regexp_replace(left(p_query, 1000), '(?<![^\s!&|()"-])-(?=[-\s!&|()]|$)', '', 'g') AS asked) q
  CROSS JOIN LATERAL (SELECT websearch_to_tsquery('english', asked) AS stems, websearch_to_tsquery('simple', asked) AS words) x
  WHERE btrim(coalesce(p_query, '')) <> ''
$$;
