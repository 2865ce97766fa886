-- attempts: how often the payment could not begin at the provider. Each attempt has a key of its own there.
ALTER TABLE cms.payments ADD COLUMN attempts int NOT NULL DEFAULT 0;

-- name: the provider's name of the refund, by which it reports days later that the money did not arrive. problem_told: to the hook payment_problem.
ALTER TABLE cms.payment_refunds ADD COLUMN name text COLLATE "C", ADD COLUMN problem_told boolean NOT NULL DEFAULT false;
UPDATE cms.payment_refunds SET problem_told = true WHERE status = 'failed';

-- Buyers who ask their bank for the money back. status: inquiry: nothing was taken yet; open: the bank holds the money; name: the provider's;
-- told_status: the last one that the hook payment_problem was told.
CREATE TABLE cms.payment_disputes (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  payment bigint NOT NULL REFERENCES cms.payments,
  name text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL CHECK (status IN ('inquiry', 'open', 'won', 'lost')),
  amount bigint NOT NULL CHECK (amount >= 0),
  reason text NOT NULL DEFAULT '',
  due_at timestamptz,
  told_status text COLLATE "C" NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (site, payment, name)
);
CREATE INDEX payment_disputes_payment ON cms.payment_disputes (payment);

-- What of a payment the buyer's bank holds or has given back, so that it cannot be refunded as well.
CREATE FUNCTION cms.disputed(of_payment bigint) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(sum(d.amount), 0)::bigint FROM cms.payment_disputes d WHERE d.payment = of_payment AND d.status IN ('open', 'lost')
$$;
