-- Images that were sent to the API and lie at the target, in no manifest. expires_at: of one that no feature has taken up, null where it stays.
CREATE TABLE cms.uploads (
  site int NOT NULL REFERENCES cms.sites,
  token text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  target text NOT NULL,
  place text NOT NULL,
  email text NOT NULL,
  width int NOT NULL,
  height int NOT NULL,
  size_bytes int NOT NULL,
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, token)
);
CREATE INDEX uploads_expire ON cms.uploads (site, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX uploads_email ON cms.uploads (site, email) WHERE email <> '';
