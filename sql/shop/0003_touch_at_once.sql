-- An import changes thousands of SKUs in one statement: what pages show of them is told by one as well.
CREATE OR REPLACE FUNCTION cms.touch_skus(rows jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM cms.touch_all(g.site, g.names) FROM (
    SELECT c.site, array_agg(c.name) AS names FROM (
      SELECT r.site, fact || r.product AS name FROM jsonb_to_recordset(rows) r (site int, product bigint, sku text, priced boolean, stocked boolean),
        unnest(ARRAY['fact/price/', 'fact/offers/', 'fact/stock/']) fact WHERE CASE fact WHEN 'fact/price/' THEN r.priced WHEN 'fact/stock/' THEN r.stocked ELSE true END
      UNION
      SELECT r.site, 'fact/stock/' || p.product FROM jsonb_to_recordset(rows) r (site int, sku text, stocked boolean)
        JOIN cms.sku_parts p ON p.site = r.site AND p.part = r.sku WHERE r.stocked) c
    GROUP BY c.site) g;
END $$;

CREATE OR REPLACE FUNCTION cms.note_stock() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moved jsonb;
BEGIN
  SELECT jsonb_agg(n) INTO moved FROM (
    SELECT m.site, m.sku, sum(l.on_hand - l.reserved)::bigint AS after, (sum(l.on_hand - l.reserved) - m.by)::bigint AS before
    FROM (SELECT site, sku, sum(free) AS by FROM (
        SELECT site, sku, on_hand - reserved AS free FROM new_rows UNION ALL SELECT site, sku, reserved - on_hand FROM old_rows) x
      GROUP BY site, sku HAVING sum(free) <> 0) m
    JOIN cms.stock_levels l USING (site, sku) GROUP BY m.site, m.sku, m.by) n;
  IF moved IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM cms.touch_all(g.site, g.names) FROM (
    SELECT c.site, array_agg(fact || c.product) AS names FROM unnest(ARRAY['fact/stock/', 'fact/offers/']) fact, (
      SELECT n.site, s.product FROM jsonb_to_recordset(moved) n (site int, sku text, after bigint, before bigint) JOIN cms.skus s ON s.site = n.site AND s.sku = n.sku
      WHERE cms.stock_state(n.after, s.manage_stock, s.backorders, s.low_stock_threshold) <> cms.stock_state(n.before, s.manage_stock, s.backorders, s.low_stock_threshold)
      UNION
      SELECT n.site, p.product FROM jsonb_to_recordset(moved) n (site int, sku text, after bigint, before bigint) JOIN cms.skus s ON s.site = n.site AND s.sku = n.sku
        JOIN cms.sku_parts p ON p.site = n.site AND p.part = n.sku
        JOIN cms.skus b ON b.site = n.site AND b.product = p.product
      WHERE cms.stock_state(n.after / p.quantity, s.manage_stock, s.backorders, b.low_stock_threshold)
         <> cms.stock_state(n.before / p.quantity, s.manage_stock, s.backorders, b.low_stock_threshold)) c
    GROUP BY c.site) g;
  INSERT INTO cms.stock_alerts AS a (site, sku, state, free)
    SELECT n.site, n.sku, cms.stock_state(n.after, true, s.backorders, s.low_stock_threshold), n.after
    FROM jsonb_to_recordset(moved) n (site int, sku text, after bigint, before bigint)
    CROSS JOIN LATERAL ( -- as cms.sellables has it, which would sort every SKU of the site for each move
      SELECT k.* FROM cms.skus k WHERE k.site = n.site AND k.sku = n.sku ORDER BY k.locale_rank, k.product LIMIT 1) s
    WHERE n.after < n.before AND s.manage_stock AND cms.stock_state(n.after, true, s.backorders, s.low_stock_threshold)
      NOT IN ('in_stock', cms.stock_state(n.before, true, s.backorders, s.low_stock_threshold))
    ORDER BY n.sku
    ON CONFLICT (site, sku) DO UPDATE SET (state, free, noted_at) = (excluded.state, excluded.free, excluded.noted_at);
  RETURN NULL;
END $$;

-- A row of stock that is empty changes nothing that is shown: it counts as none.
CREATE OR REPLACE FUNCTION cms.note_new_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM cms.touch_all(g.site, g.names) FROM (
    SELECT c.site, array_agg(fact || c.product) AS names FROM unnest(ARRAY['fact/stock/', 'fact/offers/']) fact, (
      SELECT n.site, s.product FROM new_rows n JOIN cms.skus s USING (site, sku) WHERE n.on_hand <> n.reserved UNION
      SELECT n.site, p.product FROM new_rows n JOIN cms.sku_parts p ON p.site = n.site AND p.part = n.sku WHERE n.on_hand <> n.reserved) c
    GROUP BY c.site) g;
  RETURN NULL;
END $$;
