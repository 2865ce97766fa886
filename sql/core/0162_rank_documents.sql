-- A document holds what it can be sorted and filtered by besides its entry: price and stock, rating, and how much it is read.
ALTER TABLE cms.documents ADD stock text COLLATE "C";

-- Popularity is the natural logarithm of 1 + the counted reads, to one decimal: a document is written again when its reads grew by a tenth.
-- Documents that a build is writing are left for the next time.
CREATE FUNCTION cms.rank_documents(for_site int) RETURNS void LANGUAGE sql AS $$
  WITH moved AS (
    SELECT d.entry, n.popularity FROM cms.documents d
    CROSS JOIN LATERAL (SELECT round(ln(1 + coalesce((SELECT sum(h.hits) FROM cms.hits h WHERE h.site = d.site AND h.path = d.path), 0)), 1)::real AS popularity) n
    WHERE d.site = for_site AND d.popularity <> n.popularity ORDER BY d.entry FOR UPDATE OF d SKIP LOCKED)
  UPDATE cms.documents d SET popularity = m.popularity FROM moved m WHERE d.entry = m.entry
$$;
