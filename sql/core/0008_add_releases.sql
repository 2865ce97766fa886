-- What each build changed at the target, so that it can be taken back. A release is a build that changed at least one object; back_to: it is a
-- rollback to the state after that release. An object's old_digest is null where it was not there, its new_digest where it was removed; kind: of
-- what was there before, else of what came. Written in the transaction that records the outputs.
CREATE TABLE cms.releases (
  site int NOT NULL REFERENCES cms.sites,
  build bigint NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  back_to bigint,
  PRIMARY KEY (site, build)
);
CREATE TABLE cms.release_objects (
  site int NOT NULL REFERENCES cms.sites,
  build bigint NOT NULL,
  path text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  old_digest bytea,
  old_size int,
  new_digest bytea,
  new_size int,
  PRIMARY KEY (site, build, path)
);
CREATE INDEX release_objects_old ON cms.release_objects (site, old_digest) WHERE old_digest IS NOT NULL;
-- held_release: nothing is published but what is named, as the site was rolled back to the state after that release; held_by: the build that did it.
-- keeps_releases: there may be rows above; where they are no longer kept, those that there are would tell half of what happened.
ALTER TABLE cms.sites ADD COLUMN held_release bigint, ADD COLUMN held_by bigint, ADD COLUMN held_at timestamptz,
  ADD COLUMN keeps_releases boolean NOT NULL DEFAULT false;
