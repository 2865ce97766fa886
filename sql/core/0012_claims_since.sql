-- Two entries that want one path: the one with the earlier date has it. since: that date as text, '' for what has none, which is before all.
-- wins: the lowest (kind, since, locale, key) of its name. Kinds 6, an alias behind a page that the site makes by itself, and 7, recorded to be told; it never wins.
ALTER TABLE cms.claims ADD COLUMN since text COLLATE "C" NOT NULL DEFAULT '';
DROP INDEX cms.claims_lost;
CREATE INDEX claims_lost ON cms.claims (site) WHERE NOT wins AND (kind NOT IN (4, 5) OR spec ->> 'kind' = 'terms');
