-- Who was shown which variant of an experiment, and what they did then. The experiments themselves are entries of the type experiment.
-- A visit is a number that the visitor's browser made up for this experiment; nothing here says who it is.
CREATE TABLE cms.experiment_exposures (
  site int NOT NULL REFERENCES cms.sites,
  experiment text COLLATE "C" NOT NULL,
  run bigint NOT NULL,
  visit uuid NOT NULL,
  variant text COLLATE "C" NOT NULL,
  exposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, experiment, run, visit)
);
COMMENT ON COLUMN cms.experiment_exposures.run IS 'when the experiment was started, in seconds since 1970: one that is started again begins at 0';

CREATE TABLE cms.experiment_conversions (
  site int NOT NULL,
  experiment text COLLATE "C" NOT NULL,
  run bigint NOT NULL,
  visit uuid NOT NULL,
  goal text COLLATE "C" NOT NULL,
  converted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, experiment, run, visit, goal),
  FOREIGN KEY (site, experiment, run, visit) REFERENCES cms.experiment_exposures ON DELETE CASCADE
);

-- What tickets are signed with; a site makes its key at the first use.
CREATE TABLE cms.experiment_keys (
  site int PRIMARY KEY REFERENCES cms.sites,
  key bytea NOT NULL CHECK (octet_length(key) = 32)
);
