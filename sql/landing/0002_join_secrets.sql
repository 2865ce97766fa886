-- The key of tickets is one of the site's secrets.
INSERT INTO cms.secrets (site, name, value) SELECT site, 'experiments', key FROM cms.experiment_keys ON CONFLICT DO NOTHING;
DROP TABLE cms.experiment_keys;
