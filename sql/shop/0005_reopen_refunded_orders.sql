-- A refund may fail after it was made: its order is on hold again, until somebody has decided what is done.
CREATE OR REPLACE VIEW cms.order_moves (from_status, to_status) AS VALUES
  ('pending', 'processing'), ('pending', 'on_hold'), ('pending', 'failed'), ('pending', 'cancelled'),
  ('on_hold', 'processing'), ('on_hold', 'cancelled'), ('on_hold', 'refunded'), ('on_hold', 'failed'),
  ('processing', 'completed'), ('processing', 'on_hold'), ('processing', 'cancelled'), ('processing', 'refunded'),
  ('completed', 'refunded'), ('completed', 'processing'),
  ('failed', 'processing'), ('failed', 'on_hold'), ('failed', 'cancelled'), ('failed', 'pending'),
  ('cancelled', 'refunded'), ('cancelled', 'on_hold'),
  ('refunded', 'on_hold');
