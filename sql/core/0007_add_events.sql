-- What hooks are still to be told. Written only for a site that has hooks; a row goes once they were told. kind: saved or published
-- (one entry each, gathered before they are told), else the name of the hook.
CREATE TABLE cms.events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL,
  kind text COLLATE "C" NOT NULL,
  entry bigint,
  detail jsonb NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX events_site ON cms.events (site, kind, id);
CREATE UNIQUE INDEX events_entry ON cms.events (site, kind, entry) WHERE entry IS NOT NULL;

-- Messages to the receivers of [[webhooks]], as they are signed and sent. next_at: of the next try, NULL: none.
CREATE TABLE cms.deliveries (
  id text COLLATE "C" PRIMARY KEY,
  site int NOT NULL,
  event text COLLATE "C" NOT NULL,
  url text COLLATE "C" NOT NULL,
  body text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  tries int NOT NULL DEFAULT 0,
  next_at timestamptz DEFAULT clock_timestamp(),
  delivered_at timestamptz,
  answer text NOT NULL DEFAULT ''
);
CREATE INDEX deliveries_due ON cms.deliveries (site, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_dead ON cms.deliveries (site) WHERE next_at IS NULL AND delivered_at IS NULL;
CREATE INDEX deliveries_site ON cms.deliveries (site, made_at DESC);

-- Messages that `cms hooks serve` took in: each once. built_at NULL: no build has answered it yet.
CREATE TABLE cms.received (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL,
  source text COLLATE "C" NOT NULL,
  delivery text COLLATE "C" NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  built_at timestamptz,
  outcome text NOT NULL DEFAULT '',
  UNIQUE (site, source, delivery)
);
CREATE INDEX received_waiting ON cms.received (site) WHERE built_at IS NULL;
CREATE INDEX received_old ON cms.received (site, received_at);

-- Change rows of kind 'd' ask to derive an entry again that nobody wrote: settings, the clock, a page that renders at last.
COMMENT ON COLUMN cms.changes.kind IS 'e entry written, d entry to derive again, f file';
