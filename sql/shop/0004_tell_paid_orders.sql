-- When the hook order_paid was told of an order. Those that were paid before there was one are not told.
ALTER TABLE cms.orders ADD COLUMN told_at timestamptz;
UPDATE cms.orders SET told_at = paid_at WHERE paid_at IS NOT NULL;
CREATE INDEX orders_untold ON cms.orders (site, number) WHERE paid_at IS NOT NULL AND told_at IS NULL;
