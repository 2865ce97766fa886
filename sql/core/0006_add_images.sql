-- Pictures: what is known of a source image, by the digest of its bytes, so that no machine has to look at it twice.
-- facts: width, height, format … or why it cannot be shown (code, message). has_images: some page shows an image, so that sites
-- without any never ask; has_bad_images: one of them cannot be shown.
CREATE TABLE cms.images (
  site int NOT NULL,
  digest bytea NOT NULL,
  facts jsonb NOT NULL,
  PRIMARY KEY (site, digest)
);
CREATE INDEX images_bad ON cms.images (site) WHERE facts ? 'code';
CREATE INDEX files_digest ON cms.files (site, digest);
ALTER TABLE cms.sites ADD COLUMN has_images boolean NOT NULL DEFAULT false, ADD COLUMN has_bad_images boolean NOT NULL DEFAULT false;
