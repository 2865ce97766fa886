-- One table of the secrets that a site makes for itself: keys of digests, sessions, links and tickets. A value is made at its first use.
INSERT INTO cms.site_secrets (site, name, value) SELECT site, 'payments', secret FROM cms.secrets;
DROP TABLE cms.secrets;
ALTER TABLE cms.site_secrets RENAME TO secrets;
ALTER TABLE cms.secrets RENAME CONSTRAINT site_secrets_pkey TO secrets_pkey;
ALTER TABLE cms.secrets RENAME CONSTRAINT site_secrets_site_fkey TO secrets_site_fkey;
ALTER TABLE cms.secrets ALTER value
  SET DEFAULT sha256(decode(replace(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
