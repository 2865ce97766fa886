-- What can be sold, derived from the entries of the type product: a row for each product and for each of its variations.
CREATE TABLE cms.skus (
  site int NOT NULL REFERENCES cms.sites,
  sku text COLLATE "C" NOT NULL,
  product bigint NOT NULL,         -- the entry
  is_variation boolean NOT NULL DEFAULT false,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  locale_rank int NOT NULL DEFAULT 0, -- the place of its locale among the site's: a product has an entry in each of its languages
  is_sold boolean NOT NULL,        -- it may be put into a cart
  title text NOT NULL,
  slug text NOT NULL,
  path text NOT NULL,
  description text NOT NULL DEFAULT '',
  short_description text NOT NULL DEFAULT '',
  place int NOT NULL DEFAULT 0,    -- among the variations
  attributes jsonb NOT NULL DEFAULT '{}',
  price bigint CHECK (price >= 0), -- in minor units of the currency
  sale_price bigint CHECK (sale_price >= 0),
  sale_from timestamptz,
  sale_until timestamptz,
  cost_price bigint CHECK (cost_price >= 0),
  currency text COLLATE "C" NOT NULL,
  tax_class text NOT NULL DEFAULT 'standard',
  tax_status text NOT NULL DEFAULT 'taxable' CHECK (tax_status IN ('taxable', 'shipping', 'none')),
  manage_stock boolean NOT NULL DEFAULT true,
  backorders text NOT NULL DEFAULT 'no' CHECK (backorders IN ('no', 'notify', 'yes')),
  low_stock_threshold int NOT NULL DEFAULT 2,
  weight numeric(10, 4),           -- kilograms
  length numeric(10, 4),
  width numeric(10, 4),
  height numeric(10, 4),
  shipping_class text NOT NULL DEFAULT '',
  image text NOT NULL DEFAULT '',
  gallery_images text[] NOT NULL DEFAULT '{}',
  meta_title text,
  meta_description text,
  product_type text NOT NULL CHECK (product_type IN ('simple', 'variable', 'grouped', 'external', 'digital', 'bundle')),
  external_url text,
  button_text text,
  downloadable boolean NOT NULL DEFAULT false,
  download_limit int,
  download_expiry int,
  files jsonb NOT NULL DEFAULT '[]',
  parts jsonb NOT NULL DEFAULT '{}', -- of a bundle: SKU -> how many
  visibility text NOT NULL DEFAULT 'visible' CHECK (visibility IN ('visible', 'catalog', 'search', 'hidden')),
  featured boolean NOT NULL DEFAULT false,
  status text NOT NULL CHECK (status IN ('draft', 'published', 'archived')),
  published_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  digest bytea NOT NULL,           -- of all that was derived
  PRIMARY KEY (site, sku, product)
);
CREATE INDEX skus_product ON cms.skus (product);
CREATE INDEX skus_attributes ON cms.skus USING gin (attributes);

CREATE TABLE cms.sku_parts (
  site int NOT NULL REFERENCES cms.sites,
  part text COLLATE "C" NOT NULL,
  product bigint NOT NULL,
  quantity int NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (site, part, product)
);
CREATE INDEX sku_parts_product ON cms.sku_parts (product);

-- The row that a SKU means: that of the first locale that has the product.
CREATE VIEW cms.sellables AS
  SELECT DISTINCT ON (site, sku) * FROM cms.skus ORDER BY site, sku, locale_rank, product;

CREATE FUNCTION cms.is_on_sale(price bigint, sale_price bigint, sale_from timestamptz, sale_until timestamptz, at timestamptz)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sale_price IS NOT NULL AND sale_price < price AND (sale_from IS NULL OR sale_from <= at) AND (sale_until IS NULL OR at < sale_until)
$$;

-- Stock: what lies where, and what is spoken for. on_hand is the sum of the moves.
CREATE TABLE cms.stock_levels (
  site int NOT NULL REFERENCES cms.sites,
  sku text COLLATE "C" NOT NULL,
  location text COLLATE "C" NOT NULL DEFAULT 'main',
  priority int NOT NULL DEFAULT 0, -- the highest is sold from first
  on_hand int NOT NULL DEFAULT 0,
  reserved int NOT NULL DEFAULT 0,
  PRIMARY KEY (site, sku, location),
  CHECK (on_hand >= 0),
  CHECK (reserved BETWEEN 0 AND on_hand)
);
CREATE TABLE cms.stock_moves (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  sku text COLLATE "C" NOT NULL,
  location text COLLATE "C" NOT NULL DEFAULT 'main',
  delta int NOT NULL CHECK (delta <> 0),
  reason text COLLATE "C" NOT NULL CHECK (reason IN ('initial', 'received', 'adjusted', 'sale', 'return', 'transfer')),
  ref text COLLATE "C" NOT NULL,
  author text NOT NULL DEFAULT '',
  moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (site, reason, ref, sku, location)
);
CREATE INDEX stock_moves_sku ON cms.stock_moves (site, sku, number);
CREATE TABLE cms.stock_reservations (
  site int NOT NULL REFERENCES cms.sites,
  ref text COLLATE "C" NOT NULL,
  sku text COLLATE "C" NOT NULL,
  location text COLLATE "C" NOT NULL,
  quantity int NOT NULL CHECK (quantity >= 0),
  backordered int NOT NULL DEFAULT 0 CHECK (backordered >= 0),
  state text COLLATE "C" NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'consumed', 'released')),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (site, ref, sku, location)
);
CREATE INDEX stock_reservations_sku ON cms.stock_reservations (site, sku, expires_at) WHERE state = 'held';
CREATE INDEX stock_reservations_due ON cms.stock_reservations (site, expires_at) WHERE state = 'held';

CREATE FUNCTION cms.stock_state(free bigint, manage boolean, backorders text, threshold int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN NOT manage OR free > threshold THEN 'in_stock' WHEN free > 0 THEN 'low' WHEN backorders <> 'no' THEN 'on_backorder' ELSE 'out_of_stock' END
$$;

-- A move changes what lies there, whoever writes it. All places of the SKU are locked first, in one order.
CREATE FUNCTION cms.take_stock_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('cms.restoring', true) = 'on' THEN
    RETURN NULL; -- what lies there is read in as well
  END IF;
  PERFORM FROM cms.stock_levels l WHERE (l.site, l.sku) IN (SELECT DISTINCT site, sku FROM new_rows) ORDER BY l.site, l.sku, l.location FOR UPDATE;
  INSERT INTO cms.stock_levels (site, sku, location) SELECT DISTINCT site, sku, location FROM new_rows ORDER BY site, sku, location ON CONFLICT DO NOTHING;
  UPDATE cms.stock_levels l SET on_hand = l.on_hand + m.delta
    FROM (SELECT site, sku, location, sum(delta) AS delta FROM new_rows GROUP BY site, sku, location) m
    WHERE l.site = m.site AND l.sku = m.sku AND l.location = m.location AND m.delta <> 0;
  RETURN NULL;
END $$;
CREATE FUNCTION cms.refuse_stock_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a stock move is not changed: write another one that corrects it' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER refuse_edit BEFORE UPDATE ON cms.stock_moves FOR EACH ROW EXECUTE FUNCTION cms.refuse_stock_edit();

-- Pages show a state, so only a change of the state is told: of the SKU, and of bundles that it is a part of. Its rows are locked, so before and after are exact.
CREATE FUNCTION cms.note_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM cms.touch(c.site, fact || c.product) FROM unnest(ARRAY['fact/stock/', 'fact/offers/']) fact, (
    WITH moved AS (
      SELECT site, sku, sum(free) AS by FROM (
        SELECT site, sku, on_hand - reserved AS free FROM new_rows UNION ALL SELECT site, sku, reserved - on_hand FROM old_rows) x
      GROUP BY site, sku HAVING sum(free) <> 0
    ), now AS (
      SELECT m.site, m.sku, sum(l.on_hand - l.reserved) AS after, sum(l.on_hand - l.reserved) - m.by AS before
      FROM moved m JOIN cms.stock_levels l USING (site, sku) GROUP BY m.site, m.sku, m.by
    )
    SELECT n.site, s.product FROM now n JOIN cms.skus s USING (site, sku)
    WHERE cms.stock_state(n.after, s.manage_stock, s.backorders, s.low_stock_threshold) <> cms.stock_state(n.before::bigint, s.manage_stock, s.backorders, s.low_stock_threshold)
    UNION
    SELECT n.site, p.product FROM now n JOIN cms.skus s USING (site, sku) JOIN cms.sku_parts p ON p.site = n.site AND p.part = n.sku
      JOIN cms.skus b ON b.site = n.site AND b.product = p.product
    WHERE cms.stock_state(n.after / p.quantity, s.manage_stock, s.backorders, b.low_stock_threshold)
       <> cms.stock_state(n.before::bigint / p.quantity, s.manage_stock, s.backorders, b.low_stock_threshold)) c;
  RETURN NULL;
END $$;
CREATE TRIGGER note_updated AFTER UPDATE ON cms.stock_levels REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_stock();
CREATE FUNCTION cms.note_new_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM cms.touch(c.site, fact || c.product) FROM unnest(ARRAY['fact/stock/', 'fact/offers/']) fact, (
    SELECT n.site, s.product FROM new_rows n JOIN cms.skus s USING (site, sku) UNION
    SELECT n.site, p.product FROM new_rows n JOIN cms.sku_parts p ON p.site = n.site AND p.part = n.sku) c;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.stock_levels REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_new_stock();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.stock_levels REFERENCING OLD TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_new_stock();
CREATE TRIGGER take_moves AFTER INSERT ON cms.stock_moves REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.take_stock_moves();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.stock_levels FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.stock_moves FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();

-- Prices and rules of stock that pages show: told where one of them changes, and for the stock also to bundles that have the SKU as a part.
CREATE FUNCTION cms.touch_skus(rows jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM cms.touch(c.site, c.name) FROM (
    SELECT r.site, fact || r.product AS name FROM jsonb_to_recordset(rows) r (site int, product bigint, sku text, priced boolean, stocked boolean),
      unnest(ARRAY['fact/price/', 'fact/offers/', 'fact/stock/']) fact WHERE CASE fact WHEN 'fact/price/' THEN r.priced WHEN 'fact/stock/' THEN r.stocked ELSE true END
    UNION
    SELECT r.site, 'fact/stock/' || p.product FROM jsonb_to_recordset(rows) r (site int, sku text, stocked boolean)
      JOIN cms.sku_parts p ON p.site = r.site AND p.part = r.sku WHERE r.stocked) c;
END $$;
CREATE FUNCTION cms.note_skus() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    PERFORM cms.touch_skus(coalesce(jsonb_agg(c), '[]')) FROM (
      SELECT n.site, n.product, n.sku,
        (n.price, n.sale_price, n.sale_from, n.sale_until, n.currency, n.is_sold, n.product_type, n.attributes, n.place, n.image)
          IS DISTINCT FROM (o.price, o.sale_price, o.sale_from, o.sale_until, o.currency, o.is_sold, o.product_type, o.attributes, o.place, o.image) AS priced,
        (n.manage_stock, n.backorders, n.low_stock_threshold, n.is_sold, n.product_type, n.parts)
          IS DISTINCT FROM (o.manage_stock, o.backorders, o.low_stock_threshold, o.is_sold, o.product_type, o.parts) AS stocked
      FROM new_rows n JOIN old_rows o USING (site, sku, product)) c WHERE c.priced OR c.stocked;
  ELSE
    PERFORM cms.touch_skus(coalesce(jsonb_agg(jsonb_build_object('site', site, 'product', product, 'sku', sku, 'priced', true, 'stocked', true)), '[]')) FROM new_rows;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_inserted AFTER INSERT ON cms.skus REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_skus();
CREATE TRIGGER note_updated AFTER UPDATE ON cms.skus REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_skus();
CREATE TRIGGER note_deleted AFTER DELETE ON cms.skus REFERENCING OLD TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION cms.note_skus();

CREATE FUNCTION cms.lock_stock(for_site int, skus text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM cms.stock_levels WHERE site = for_site AND sku = ANY (skus) ORDER BY sku, location FOR UPDATE;
END $$;

-- Gives back what these reservations hold. The rows of stock_levels are locked by the caller.
CREATE FUNCTION cms.release_rows(for_site int, for_ref text, skus text[], only_expired boolean) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  released int;
BEGIN
  WITH gone AS (
    UPDATE cms.stock_reservations r SET state = 'released'
    WHERE r.site = for_site AND r.state = 'held' AND r.sku = ANY (skus) AND (for_ref IS NULL OR r.ref = for_ref) AND (NOT only_expired OR r.expires_at <= clock_timestamp())
    RETURNING r.sku, r.location, r.quantity
  ), freed AS (
    UPDATE cms.stock_levels l SET reserved = l.reserved - g.quantity
    FROM (SELECT sku, location, sum(quantity) AS quantity FROM gone GROUP BY sku, location) g
    WHERE l.site = for_site AND l.sku = g.sku AND l.location = g.location AND g.quantity > 0
  )
  SELECT count(*) INTO released FROM gone;
  RETURN released;
END $$;

-- Reserves stock for an order, all of it or nothing. wanted: SKU -> how many, bundles as their parts. Gives the SKUs of which there is too little, and how many there are.
CREATE FUNCTION cms.reserve_stock(for_site int, for_ref text, wanted jsonb, minutes int) RETURNS TABLE (short_sku text, available bigint) LANGUAGE plpgsql AS $$
DECLARE
  skus text[] := ARRAY(SELECT k COLLATE "C" FROM jsonb_object_keys(wanted) k ORDER BY 1);
  one record;
  place record;
  need int;
  part int;
BEGIN
  PERFORM cms.lock_stock(for_site, skus);
  PERFORM cms.release_rows(for_site, NULL, skus, true);
  IF EXISTS (SELECT FROM cms.stock_reservations r WHERE r.site = for_site AND r.ref = for_ref AND r.state <> 'released') THEN
    RETURN;
  END IF;
  DELETE FROM cms.stock_reservations r WHERE r.site = for_site AND r.ref = for_ref AND r.state = 'released';
  RETURN QUERY
    SELECT s.sku::text, coalesce(f.free, 0) FROM cms.sellables s
    LEFT JOIN (SELECT l.sku, sum(l.on_hand - l.reserved) AS free FROM cms.stock_levels l WHERE l.site = for_site AND l.sku = ANY (skus) GROUP BY l.sku) f ON f.sku = s.sku
    WHERE s.site = for_site AND s.sku = ANY (skus) AND s.manage_stock AND s.backorders = 'no' AND coalesce(f.free, 0) < (wanted ->> s.sku)::int;
  IF FOUND THEN
    RETURN;
  END IF;
  FOR one IN SELECT s.sku FROM cms.sellables s WHERE s.site = for_site AND s.sku = ANY (skus) AND s.manage_stock ORDER BY s.sku LOOP
    need := (wanted ->> one.sku)::int;
    FOR place IN SELECT l.location, l.on_hand - l.reserved AS free FROM cms.stock_levels l
      WHERE l.site = for_site AND l.sku = one.sku AND l.on_hand > l.reserved ORDER BY (l.on_hand - l.reserved >= need) DESC, l.priority DESC, l.location LOOP
      EXIT WHEN need = 0;
      part := least(need, place.free);
      UPDATE cms.stock_levels l SET reserved = l.reserved + part WHERE l.site = for_site AND l.sku = one.sku AND l.location = place.location;
      INSERT INTO cms.stock_reservations (site, ref, sku, location, quantity, expires_at)
        VALUES (for_site, for_ref, one.sku, place.location, part, clock_timestamp() + make_interval(mins => minutes));
      need := need - part;
    END LOOP;
    IF need > 0 THEN -- on backorder
      INSERT INTO cms.stock_reservations AS r (site, ref, sku, location, quantity, backordered, expires_at)
        VALUES (for_site, for_ref, one.sku, 'main', 0, need, clock_timestamp() + make_interval(mins => minutes))
        ON CONFLICT (site, ref, sku, location) DO UPDATE SET backordered = excluded.backordered;
    END IF;
  END LOOP;
END $$;

-- What was reserved for an order leaves the stock. False where some of it was given back meanwhile: then nothing leaves.
CREATE FUNCTION cms.consume_stock(for_site int, for_ref text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM cms.lock_stock(for_site, ARRAY(SELECT r.sku FROM cms.stock_reservations r WHERE r.site = for_site AND r.ref = for_ref));
  IF EXISTS (SELECT FROM cms.stock_reservations r WHERE r.site = for_site AND r.ref = for_ref AND r.state = 'released') THEN
    RETURN false;
  END IF;
  WITH taken AS (
    UPDATE cms.stock_reservations r SET state = 'consumed' WHERE r.site = for_site AND r.ref = for_ref AND r.state = 'held' RETURNING r.sku, r.location, r.quantity
  )
  UPDATE cms.stock_levels l SET reserved = l.reserved - t.quantity FROM taken t
  WHERE l.site = for_site AND l.sku = t.sku AND l.location = t.location AND t.quantity > 0;
  INSERT INTO cms.stock_moves (site, sku, location, delta, reason, ref)
    SELECT r.site, r.sku, r.location, -r.quantity, 'sale', r.ref FROM cms.stock_reservations r
    WHERE r.site = for_site AND r.ref = for_ref AND r.state = 'consumed' AND r.quantity > 0 ORDER BY r.sku, r.location
    ON CONFLICT DO NOTHING;
  RETURN true;
END $$;

CREATE FUNCTION cms.release_stock(for_site int, for_ref text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  skus text[] := ARRAY(SELECT r.sku FROM cms.stock_reservations r WHERE r.site = for_site AND r.ref = for_ref AND r.state = 'held');
BEGIN
  PERFORM cms.lock_stock(for_site, skus);
  RETURN cms.release_rows(for_site, for_ref, skus, false);
END $$;

-- Puts sold units back, at most those that were sold and are not back yet. back: SKU -> how many, NULL for all; key: of what brought them back. Returns how many.
CREATE FUNCTION cms.restock(for_site int, for_ref text, back jsonb, key text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  returned int;
BEGIN
  PERFORM cms.lock_stock(for_site, ARRAY(SELECT m.sku FROM cms.stock_moves m WHERE m.site = for_site AND m.reason = 'sale' AND m.ref = for_ref));
  WITH sold AS (
    SELECT m.sku, m.location, -m.delta - coalesce((SELECT sum(b.delta) FROM cms.stock_moves b WHERE b.site = for_site AND b.reason = 'return'
        AND b.sku = m.sku AND b.location = m.location AND starts_with(b.ref, for_ref || '/')), 0) AS rest
    FROM cms.stock_moves m WHERE m.site = for_site AND m.reason = 'sale' AND m.ref = for_ref
  ), placed AS (
    SELECT sku, location, rest, sum(rest) OVER (PARTITION BY sku ORDER BY location) - rest AS before FROM sold WHERE rest > 0
  ), moved AS (
    INSERT INTO cms.stock_moves (site, sku, location, delta, reason, ref)
      SELECT for_site, sku, location, amount, 'return', for_ref || '/' || key
      FROM (SELECT sku, location, CASE WHEN back IS NULL THEN rest ELSE greatest(least(rest, coalesce((back ->> sku)::bigint, 0) - before), 0) END AS amount FROM placed) p
      WHERE amount > 0 ORDER BY sku, location
      ON CONFLICT DO NOTHING RETURNING delta
  )
  SELECT coalesce(sum(delta), 0) INTO returned FROM moved;
  RETURN returned;
END $$;

-- Carts.
CREATE TABLE cms.carts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  site int NOT NULL REFERENCES cms.sites,
  country text COLLATE "C" NOT NULL DEFAULT '',
  shipping text COLLATE "C" NOT NULL DEFAULT '',
  coupon text COLLATE "C" NOT NULL DEFAULT '',
  locale text COLLATE "C" NOT NULL DEFAULT '',
  ordered bigint,                  -- the order it became
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX carts_old ON cms.carts (site, updated_at);
CREATE TABLE cms.cart_lines (
  cart uuid NOT NULL REFERENCES cms.carts ON DELETE CASCADE,
  sku text COLLATE "C" NOT NULL,
  quantity int NOT NULL CHECK (quantity BETWEEN 1 AND 9999),
  added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (cart, sku)
);

CREATE TABLE cms.coupons (
  site int NOT NULL REFERENCES cms.sites,
  code text COLLATE "C" NOT NULL CHECK (code = upper(code)),
  kind text NOT NULL CHECK (kind IN ('percent', 'amount', 'free_shipping')),
  value bigint NOT NULL DEFAULT 0 CHECK (value >= 0), -- hundredths of a percent, or minor units
  minimum bigint NOT NULL DEFAULT 0,
  most_uses int,
  used int NOT NULL DEFAULT 0 CHECK (used >= 0),
  starts_at timestamptz,
  ends_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (site, code),
  CHECK (most_uses IS NULL OR used <= most_uses),
  CHECK (kind <> 'percent' OR value <= 10000)
);

-- Orders.
CREATE TABLE cms.orders (
  number bigint GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME cms.order_numbers START WITH 1001) PRIMARY KEY,
  order_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  site int NOT NULL REFERENCES cms.sites,
  order_number text COLLATE "C" NOT NULL,
  checkout_key text COLLATE "C" NOT NULL,
  customer_id uuid,
  customer_email text NOT NULL,
  customer_name text NOT NULL,
  billing_address jsonb NOT NULL,
  shipping_address jsonb,
  shipping_method text NOT NULL DEFAULT '',
  shipping_cost bigint NOT NULL DEFAULT 0 CHECK (shipping_cost >= 0),
  subtotal bigint NOT NULL CHECK (subtotal >= 0),
  discount_total bigint NOT NULL DEFAULT 0 CHECK (discount_total >= 0),
  tax_total bigint NOT NULL DEFAULT 0 CHECK (tax_total >= 0),
  shipping_total bigint NOT NULL DEFAULT 0 CHECK (shipping_total >= 0),
  total bigint NOT NULL CHECK (total >= 0),
  refunded_total bigint NOT NULL DEFAULT 0 CHECK (refunded_total BETWEEN 0 AND total),
  currency text COLLATE "C" NOT NULL,
  taxes_included boolean NOT NULL,
  coupon text COLLATE "C" NOT NULL DEFAULT '',
  payment_method text COLLATE "C" NOT NULL,
  payment_method_title text NOT NULL DEFAULT '',
  transaction_id text,
  paid_at timestamptz,
  status text COLLATE "C" NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'processing', 'on_hold', 'completed', 'cancelled', 'refunded', 'failed')),
  customer_note text NOT NULL DEFAULT '',
  admin_notes text[] NOT NULL DEFAULT '{}',
  tracking jsonb NOT NULL DEFAULT '[]',
  metadata jsonb NOT NULL DEFAULT '{}',
  locale text COLLATE "C" NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (site, order_number),
  UNIQUE (site, checkout_key)
);
CREATE INDEX orders_newest ON cms.orders (site, number DESC);
CREATE INDEX orders_email ON cms.orders (site, lower(customer_email));
CREATE INDEX orders_pending ON cms.orders (site, created_at) WHERE status IN ('pending', 'failed');
CREATE TABLE cms.order_items (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  "order" bigint NOT NULL REFERENCES cms.orders ON DELETE CASCADE,
  order_id uuid NOT NULL,
  product bigint NOT NULL,
  product_id uuid NOT NULL,
  variation_id uuid,
  product_name text NOT NULL,
  sku text COLLATE "C" NOT NULL,
  quantity int NOT NULL CHECK (quantity > 0),
  unit_price bigint NOT NULL CHECK (unit_price >= 0),
  subtotal bigint NOT NULL,
  discount_total bigint NOT NULL DEFAULT 0,
  tax_total bigint NOT NULL DEFAULT 0,
  total bigint NOT NULL,
  refunded_quantity int NOT NULL DEFAULT 0,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (refunded_quantity BETWEEN 0 AND quantity)
);
CREATE INDEX idx_order_items_order ON cms.order_items ("order");
CREATE INDEX idx_order_items_product ON cms.order_items (product_id);
CREATE TABLE cms.order_events (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "order" bigint NOT NULL REFERENCES cms.orders ON DELETE CASCADE,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  from_status text,
  to_status text,
  note text NOT NULL DEFAULT ''
);
CREATE INDEX order_events_order ON cms.order_events ("order", number);
-- Which status may follow which.
CREATE VIEW cms.order_moves (from_status, to_status) AS VALUES
  ('pending', 'processing'), ('pending', 'on_hold'), ('pending', 'failed'), ('pending', 'cancelled'),
  ('on_hold', 'processing'), ('on_hold', 'cancelled'), ('on_hold', 'refunded'), ('on_hold', 'failed'),
  ('processing', 'completed'), ('processing', 'on_hold'), ('processing', 'cancelled'), ('processing', 'refunded'),
  ('completed', 'refunded'), ('completed', 'processing'),
  ('failed', 'processing'), ('failed', 'on_hold'), ('failed', 'cancelled'), ('failed', 'pending'),
  ('cancelled', 'refunded'), ('cancelled', 'on_hold');

CREATE FUNCTION cms.check_order_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status <> OLD.status AND NOT EXISTS (SELECT FROM cms.order_moves WHERE from_status = OLD.status AND to_status = NEW.status) THEN
    RAISE EXCEPTION 'an order that is % cannot become %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
  END IF;
  NEW.updated_at := clock_timestamp();
  IF NEW.status <> OLD.status THEN
    INSERT INTO cms.order_events ("order", from_status, to_status) VALUES (NEW.number, OLD.status, NEW.status);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER check_move BEFORE UPDATE ON cms.orders FOR EACH ROW EXECUTE FUNCTION cms.check_order_move();

CREATE TABLE cms.product_sales (
  site int NOT NULL REFERENCES cms.sites,
  product bigint NOT NULL,
  sales_count bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (site, product)
);

-- Digital products: what a paid order may fetch, counted.
CREATE TABLE cms.downloads (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  "order" bigint NOT NULL REFERENCES cms.orders ON DELETE CASCADE,
  sku text COLLATE "C" NOT NULL,
  name text NOT NULL,
  file text NOT NULL,
  most int,                        -- NULL: as often as one likes
  used int NOT NULL DEFAULT 0,
  expires_at timestamptz,
  UNIQUE ("order", sku, file),
  CHECK (most IS NULL OR used <= most)
);

-- Products and variations as one row each, with what is counted elsewhere: the columns of the catalogue that people know.
CREATE VIEW cms.products AS
  SELECT s.id AS product_id, s.site, s.product AS number, s.sku, s.title, s.slug, s.description, s.short_description, s.price, s.sale_price, s.sale_from, s.sale_until,
    s.cost_price, s.currency, s.tax_class, s.tax_status, s.manage_stock, coalesce(l.free, 0)::int AS stock_quantity,
    replace(cms.stock_state(coalesce(l.free, 0), s.manage_stock, s.backorders, s.low_stock_threshold), 'low', 'in_stock') AS stock_status,
    s.backorders, s.low_stock_threshold, s.weight, s.length, s.width, s.height, s.shipping_class, s.image AS featured_image, s.gallery_images,
    s.meta_title, s.meta_description, s.product_type, s.external_url, s.button_text, s.downloadable, s.download_limit, s.download_expiry,
    s.visibility, s.featured, s.status, s.published_at, 0 AS view_count, coalesce(c.sales_count, 0)::int AS sales_count, 0::numeric(3, 2) AS rating_avg,
    0 AS review_count, s.created_at, s.updated_at
  FROM cms.skus s
  LEFT JOIN LATERAL (SELECT sum(l.on_hand - l.reserved) AS free FROM cms.stock_levels l WHERE l.site = s.site AND l.sku = s.sku) l ON true
  LEFT JOIN cms.product_sales c ON c.site = s.site AND c.product = s.product
  WHERE NOT s.is_variation;
CREATE VIEW cms.product_variations AS
  SELECT s.id AS variation_id, p.id AS product_id, s.site, s.product AS number, s.sku, s.attributes, s.price, s.sale_price, coalesce(l.free, 0)::int AS stock_quantity,
    replace(cms.stock_state(coalesce(l.free, 0), s.manage_stock, s.backorders, s.low_stock_threshold), 'low', 'in_stock') AS stock_status,
    s.image, s.is_sold AS is_active, s.created_at
  FROM cms.skus s JOIN cms.skus p ON p.site = s.site AND p.product = s.product AND NOT p.is_variation
  LEFT JOIN LATERAL (SELECT sum(l.on_hand - l.reserved) AS free FROM cms.stock_levels l WHERE l.site = s.site AND l.sku = s.sku) l ON true
  WHERE s.is_variation;
