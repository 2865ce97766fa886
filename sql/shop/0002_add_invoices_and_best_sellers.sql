ALTER TABLE cms.carts ADD COLUMN vat_number text COLLATE "C" NOT NULL DEFAULT '';

-- Invoices have numbers of their own, one after the other without a gap: given in the transaction that takes the payment in.
CREATE TABLE cms.invoice_numbers (
  site int PRIMARY KEY REFERENCES cms.sites,
  last bigint NOT NULL
);
ALTER TABLE cms.orders ADD COLUMN invoice_number bigint;
CREATE UNIQUE INDEX orders_invoice ON cms.orders (site, invoice_number);
CREATE INDEX orders_paid ON cms.orders (site, paid_at) WHERE paid_at IS NOT NULL;

-- What sells best, as pages show it: changed by a task, so that a sale alone renders nothing.
CREATE TABLE cms.best_sellers (
  site int NOT NULL REFERENCES cms.sites,
  place int NOT NULL,
  product bigint NOT NULL,
  PRIMARY KEY (site, place)
);

-- SKUs of which little is left, until somebody was told.
CREATE TABLE cms.stock_alerts (
  site int NOT NULL REFERENCES cms.sites,
  sku text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  free bigint NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, sku)
);

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
  PERFORM cms.touch(c.site, fact || c.product) FROM unnest(ARRAY['fact/stock/', 'fact/offers/']) fact, (
    SELECT n.site, s.product FROM jsonb_to_recordset(moved) n (site int, sku text, after bigint, before bigint) JOIN cms.skus s ON s.site = n.site AND s.sku = n.sku
    WHERE cms.stock_state(n.after, s.manage_stock, s.backorders, s.low_stock_threshold) <> cms.stock_state(n.before, s.manage_stock, s.backorders, s.low_stock_threshold)
    UNION
    SELECT n.site, p.product FROM jsonb_to_recordset(moved) n (site int, sku text, after bigint, before bigint) JOIN cms.skus s ON s.site = n.site AND s.sku = n.sku
      JOIN cms.sku_parts p ON p.site = n.site AND p.part = n.sku
      JOIN cms.skus b ON b.site = n.site AND b.product = p.product
    WHERE cms.stock_state(n.after / p.quantity, s.manage_stock, s.backorders, b.low_stock_threshold)
       <> cms.stock_state(n.before / p.quantity, s.manage_stock, s.backorders, b.low_stock_threshold)) c;
  INSERT INTO cms.stock_alerts AS a (site, sku, state, free)
    SELECT n.site, n.sku, cms.stock_state(n.after, true, s.backorders, s.low_stock_threshold), n.after
    FROM jsonb_to_recordset(moved) n (site int, sku text, after bigint, before bigint) JOIN cms.sellables s ON s.site = n.site AND s.sku = n.sku
    WHERE s.manage_stock AND n.after < n.before AND cms.stock_state(n.after, true, s.backorders, s.low_stock_threshold)
      NOT IN ('in_stock', cms.stock_state(n.before, true, s.backorders, s.low_stock_threshold))
    ORDER BY n.sku
    ON CONFLICT (site, sku) DO UPDATE SET (state, free, noted_at) = (excluded.state, excluded.free, excluded.noted_at);
  RETURN NULL;
END $$;

-- A new row of stock has the priority of its location.
CREATE OR REPLACE FUNCTION cms.take_stock_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('cms.restoring', true) = 'on' THEN
    RETURN NULL; -- what lies there is read in as well
  END IF;
  PERFORM FROM cms.stock_levels l WHERE (l.site, l.sku) IN (SELECT DISTINCT site, sku FROM new_rows) ORDER BY l.site, l.sku, l.location FOR UPDATE;
  INSERT INTO cms.stock_levels (site, sku, location, priority)
    SELECT n.site, n.sku, n.location, coalesce(p.priority, 0) FROM (SELECT DISTINCT site, sku, location FROM new_rows) n
    LEFT JOIN cms.stock_locations p USING (site, location) ORDER BY n.site, n.sku, n.location ON CONFLICT DO NOTHING;
  UPDATE cms.stock_levels l SET on_hand = l.on_hand + m.delta
    FROM (SELECT site, sku, location, sum(delta) AS delta FROM new_rows GROUP BY site, sku, location) m
    WHERE l.site = m.site AND l.sku = m.sku AND l.location = m.location AND m.delta <> 0;
  RETURN NULL;
END $$;
CREATE TABLE cms.stock_locations (
  site int NOT NULL REFERENCES cms.sites,
  location text COLLATE "C" NOT NULL,
  priority int NOT NULL DEFAULT 0,
  PRIMARY KEY (site, location)
);

-- A review is of a buyer where its address is that of a paid order of the product.
CREATE FUNCTION cms.verify_purchase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.author_email IS NOT NULL AND EXISTS (
    SELECT FROM cms.orders o JOIN cms.order_items i ON i."order" = o.number JOIN cms.skus s ON s.site = o.site AND s.sku = i.sku
    WHERE o.site = NEW.site AND lower(o.customer_email) = lower(NEW.author_email) AND o.paid_at IS NOT NULL AND o.status IN ('processing', 'completed')
      AND s.product = NEW.entry) THEN
    NEW.is_verified_purchase := true;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER verify_purchase BEFORE INSERT ON cms.reviews FOR EACH ROW EXECUTE FUNCTION cms.verify_purchase();

CREATE OR REPLACE VIEW cms.products AS
  SELECT s.id AS product_id, s.site, s.product AS number, s.sku, s.title, s.slug, s.description, s.short_description, s.price, s.sale_price, s.sale_from, s.sale_until,
    s.cost_price, s.currency, s.tax_class, s.tax_status, s.manage_stock, coalesce(l.free, 0)::int AS stock_quantity,
    replace(cms.stock_state(coalesce(l.free, 0), s.manage_stock, s.backorders, s.low_stock_threshold), 'low', 'in_stock') AS stock_status,
    s.backorders, s.low_stock_threshold, s.weight, s.length, s.width, s.height, s.shipping_class, s.image AS featured_image, s.gallery_images,
    s.meta_title, s.meta_description, s.product_type, s.external_url, s.button_text, s.downloadable, s.download_limit, s.download_expiry,
    s.visibility, s.featured, s.status, s.published_at, 0 AS view_count, coalesce(c.sales_count, 0)::int AS sales_count,
    coalesce(r.rating_sum::numeric / nullif(r.rating_count, 0), 0)::numeric(3, 2) AS rating_avg,
    coalesce(r.review_count, 0) AS review_count, s.created_at, s.updated_at
  FROM cms.skus s
  LEFT JOIN LATERAL (SELECT sum(l.on_hand - l.reserved) AS free FROM cms.stock_levels l WHERE l.site = s.site AND l.sku = s.sku) l ON true
  LEFT JOIN cms.product_sales c ON c.site = s.site AND c.product = s.product
  LEFT JOIN cms.ratings r ON r.entry = s.product
  WHERE NOT s.is_variation;
