-- Links by which visitors prove their e-mail addresses: each works once, until it expires; its word is in the e-mail alone.
CREATE TABLE cms.visitor_links (
  site int NOT NULL REFERENCES cms.sites,
  digest bytea NOT NULL,
  email text NOT NULL,
  back text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (site, digest)
);
CREATE INDEX visitor_links_email ON cms.visitor_links (site, lower(email));
