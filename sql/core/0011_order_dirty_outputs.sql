-- The order in which dirty outputs are made. Assets, new pages and new lists come first, whoever asked for them, as anything may link to them; then what somebody
-- waits for, lists and feeds with it, before what may take its time; removals last, when nothing links to them any more.
ALTER TABLE cms.dirty ADD COLUMN turn smallint NOT NULL GENERATED ALWAYS AS (
  CASE WHEN phase <= 2 THEN phase WHEN phase = 9 THEN 32767 ELSE 10 + lane * 10 + phase END) STORED;
CREATE INDEX dirty_turn ON cms.dirty (site, turn, path);
DROP INDEX cms.dirty_order;
