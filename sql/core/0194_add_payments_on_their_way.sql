-- processing: the buyer has paid by a method whose money takes days, such as a bank debit.
ALTER TABLE cms.payments DROP CONSTRAINT payments_status_check;
ALTER TABLE cms.payments ADD CONSTRAINT payments_status_check
  CHECK (status IN ('created', 'pending', 'action', 'processing', 'succeeded', 'failed', 'cancelled', 'held'));
DROP INDEX cms.payments_open;
CREATE INDEX payments_open ON cms.payments (site, updated_at) WHERE status IN ('pending', 'action', 'processing', 'failed');
