-- Says that many values changed, in two statements for all of them. names: of one site, as cms.touch takes them.
CREATE FUNCTION cms.touch_all(for_site int, names text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cms.changes (site, kind, subject, name) SELECT for_site, 'n', 0, n FROM unnest(names) n;
  PERFORM cms.raise_tags(for_site, names);
END $$;
COMMENT ON FUNCTION cms.touch_all(int, text[]) IS 'cms.touch for many names of one site.';
