-- What `cms preview` published below a prefix of the target: written before the objects, so that whatever a kill leaves is removed when it expires.
-- target, place: where it was published to, as cms.sites has them; subject: what is shown; first_path: of the page to look at first.
CREATE TABLE cms.previews (
  site int NOT NULL REFERENCES cms.sites,
  token text COLLATE "C" NOT NULL,
  target text NOT NULL,
  place text NOT NULL,
  subject text NOT NULL,
  first_path text NOT NULL,
  pages int NOT NULL,
  keys text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (site, token)
);
CREATE INDEX previews_expires ON cms.previews (site, expires_at);
