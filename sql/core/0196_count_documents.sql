-- How many shown documents a site has in a language, by name: a term (tag/tides), '/2025-03-01' for a month of publication in UTC, '/' for all.
-- A search for everything is counted from these rows and reads only the documents that it shows.
CREATE TABLE cms.document_counts (
  site int NOT NULL,
  locale text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  facet text COLLATE "C" NOT NULL GENERATED ALWAYS AS (split_part(name, '/', 1)) STORED, -- '' for months and for all
  documents bigint NOT NULL,
  PRIMARY KEY (site, locale, name)
);
CREATE INDEX document_counts_most ON cms.document_counts (site, locale, facet, documents DESC, name);
CREATE INDEX document_counts_none ON cms.document_counts (site) WHERE documents = 0;

-- What a document is counted by.
CREATE FUNCTION cms.list_counted(terms text[], published_at timestamptz) RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE ROWS 10 AS $$
  SELECT '/' UNION ALL SELECT unnest(terms)
  UNION ALL SELECT '/' || date_trunc('month', published_at AT TIME ZONE 'UTC')::date::text WHERE published_at IS NOT NULL
$$;

-- The rows of counts are changed in the order of their names, so that transactions wait for each other and not in a circle.
CREATE FUNCTION cms.count_documents() RETURNS trigger LANGUAGE plpgsql SET datestyle = 'ISO' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO cms.document_counts AS c (site, locale, name, documents)
    SELECT n.site, n.locale, name, count(*) FROM new_rows n, cms.list_counted(n.terms, n.published_at) name WHERE n.shown
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (site, locale, name) DO UPDATE SET documents = c.documents + excluded.documents;
    RETURN NULL;
  END IF;
  IF TG_OP = 'DELETE' THEN
    INSERT INTO cms.document_counts AS c (site, locale, name, documents)
    SELECT o.site, o.locale, name, -count(*) FROM old_rows o, cms.list_counted(o.terms, o.published_at) name WHERE o.shown
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (site, locale, name) DO UPDATE SET documents = c.documents + excluded.documents;
  ELSE
    INSERT INTO cms.document_counts AS c (site, locale, name, documents)
    SELECT site, locale, name, sum(step) FROM (
      SELECT p.* FROM old_rows o JOIN new_rows n USING (entry)
      CROSS JOIN LATERAL (
        SELECT o.site, o.locale, name, -1 AS step FROM cms.list_counted(o.terms, o.published_at) name WHERE o.shown
        UNION ALL SELECT n.site, n.locale, name, 1 FROM cms.list_counted(n.terms, n.published_at) name WHERE n.shown) p
      WHERE (o.shown, o.site, o.locale, o.published_at, o.terms) IS DISTINCT FROM (n.shown, n.site, n.locale, n.published_at, n.terms)) steps
    GROUP BY 1, 2, 3 HAVING sum(step) <> 0 ORDER BY 1, 2, 3
    ON CONFLICT (site, locale, name) DO UPDATE SET documents = c.documents + excluded.documents;
  END IF;
  DELETE FROM cms.document_counts WHERE documents = 0 AND site IN (SELECT site FROM old_rows);
  RETURN NULL;
END $$;
CREATE TRIGGER count_inserted AFTER INSERT ON cms.documents REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.count_documents();
CREATE TRIGGER count_updated AFTER UPDATE ON cms.documents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.count_documents();
CREATE TRIGGER count_deleted AFTER DELETE ON cms.documents REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.count_documents();

INSERT INTO cms.document_counts (site, locale, name, documents)
SELECT d.site, d.locale, name, count(*) FROM cms.documents d, cms.list_counted(d.terms, d.published_at) name WHERE d.shown GROUP BY 1, 2, 3;
