-- A name that is touched is also the tag of answers that depend on it: caches of every API process hear of it at the commit.
CREATE OR REPLACE FUNCTION cms.touch(site integer, name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject, name) VALUES (touch.site, 'n', 0, touch.name);
  PERFORM cms.raise_tags(touch.site, ARRAY[touch.name]);
END $$;
