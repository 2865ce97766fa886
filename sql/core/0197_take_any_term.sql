-- The terms of a search are joined by the program, which asks for each term once.
DROP FUNCTION cms.make_search_query(regconfig, text[], text[]);

-- A prefix of which nothing is left matches nothing.
CREATE OR REPLACE FUNCTION cms.make_term_query(config regconfig, kind text, txt text, word text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  found tsquery := phraseto_tsquery('simple', word);
  beginning text := translate(word, '''\', ''); -- a word, so nothing is lost
BEGIN
  IF config <> 'simple'::regconfig THEN
    found := found || phraseto_tsquery(config, txt);
  END IF;
  IF kind = 'prefix' AND beginning <> '' THEN
    found := found || to_tsquery('simple', '''' || beginning || ''':*');
  END IF;
  RETURN found;
END $$;
