-- Payments of whatever a site sells. subject: what is paid, ''shop/17''; digest: of what was agreed on, which a payment must carry; intent: the provider's
-- name of it, NULL until the provider has answered.
CREATE TABLE cms.payments (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  site int NOT NULL REFERENCES cms.sites,
  provider text COLLATE "C" NOT NULL,
  intent text COLLATE "C",
  subject text COLLATE "C" NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0),
  currency text COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  digest text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL DEFAULT 'created'
    CHECK (status IN ('created', 'pending', 'action', 'succeeded', 'failed', 'cancelled', 'held')),
  refunded bigint NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount),
  page text NOT NULL DEFAULT '',
  problem text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (site, subject)
);
CREATE UNIQUE INDEX payments_intent ON cms.payments (site, provider, intent) WHERE intent IS NOT NULL;
CREATE INDEX payments_open ON cms.payments (site, updated_at) WHERE status IN ('pending', 'action');

-- Events of providers, each once: written in the transaction of their effect.
CREATE TABLE cms.payment_events (
  site int NOT NULL REFERENCES cms.sites,
  provider text COLLATE "C" NOT NULL,
  event text COLLATE "C" NOT NULL,
  intent text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, provider, event)
);

-- Refunds, written before the provider is asked; key: the caller's, so that one asked for twice is made once.
CREATE TABLE cms.payment_refunds (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  site int NOT NULL REFERENCES cms.sites,
  payment bigint NOT NULL REFERENCES cms.payments,
  key text COLLATE "C" NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  reason text NOT NULL DEFAULT '',
  details jsonb NOT NULL DEFAULT '{}',
  status text COLLATE "C" NOT NULL DEFAULT 'requested' CHECK (status IN ('requested', 'done', 'failed')),
  problem text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (site, payment, key)
);
CREATE INDEX payment_refunds_open ON cms.payment_refunds (site) WHERE status = 'requested';

-- What the provider for development remembers: the other side of a payment.
CREATE TABLE cms.fake_payments (
  intent text COLLATE "C" PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  key text COLLATE "C" NOT NULL UNIQUE,
  amount bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  metadata jsonb NOT NULL,
  status text COLLATE "C" NOT NULL DEFAULT 'pending',
  charges int NOT NULL DEFAULT 0,
  refunds jsonb NOT NULL DEFAULT '{}',
  return_url text NOT NULL DEFAULT ''
);

-- Answers of routes that must take effect once, by the key that the caller gave. answer: NULL while the first one is at work.
CREATE TABLE cms.idempotent_answers (
  site int NOT NULL REFERENCES cms.sites,
  route text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  fingerprint bytea NOT NULL,
  status int,
  answer jsonb,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, route, key)
);

-- Pages whose frame the build renders and the API fills, as it does the search page: in each locale.
CREATE TABLE cms.frames (
  site int NOT NULL REFERENCES cms.sites,
  kind text COLLATE "C" NOT NULL,
  locale text COLLATE "C" NOT NULL,
  path text COLLATE "C" NOT NULL,
  html text NOT NULL,
  PRIMARY KEY (site, kind, locale)
);

-- A secret of each site, for links that are signed.
CREATE TABLE cms.secrets (
  site int PRIMARY KEY REFERENCES cms.sites,
  secret bytea NOT NULL DEFAULT sha256(decode(replace(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'))
);
