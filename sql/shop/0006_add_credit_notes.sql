-- Credit notes for refunds, numbered one after the other without a gap as invoices are. lines: (SKU, name, quantity, amount) of what came back, none for
-- an amount; taxes: (rate, net, tax), which add up to the amount of the refund.
ALTER TABLE cms.invoice_numbers ADD COLUMN last_credit_note bigint NOT NULL DEFAULT 0;
CREATE TABLE cms.credit_notes (
  site int NOT NULL REFERENCES cms.sites,
  number bigint NOT NULL,
  "order" bigint NOT NULL REFERENCES cms.orders ON DELETE CASCADE,
  refund bigint NOT NULL UNIQUE REFERENCES cms.payment_refunds,
  lines jsonb NOT NULL DEFAULT '[]',
  taxes jsonb NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, number)
);
CREATE INDEX credit_notes_order ON cms.credit_notes ("order");
