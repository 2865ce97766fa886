-- Tokens of the API. Only the SHA-256 of one is stored: a token has 256 bits of chance, so it needs no slow hash.
CREATE TABLE cms.tokens (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  name text COLLATE "C" NOT NULL,
  digest bytea NOT NULL UNIQUE,
  scopes text[] COLLATE "C" NOT NULL CHECK (scopes <@ ARRAY['read', 'write', 'moderate', 'live', 'shop', 'admin'] AND cardinality(scopes) > 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX tokens_site ON cms.tokens (site, id);
