-- What the search index holds of an entry, written in the transaction that derives the entry, for sites that switched search on.

CREATE TABLE cms.documents (
  entry bigint PRIMARY KEY,       -- no foreign key: like a card it outlives its entry by one round
  site int NOT NULL,
  type text COLLATE "C" NOT NULL,
  locale text COLLATE "C" NOT NULL,
  path text COLLATE "C" NOT NULL,
  published_at timestamptz,
  updated_at timestamptz,
  title text NOT NULL,
  excerpt text NOT NULL,
  content text NOT NULL,          -- plain text, bounded
  terms text[] COLLATE "C" NOT NULL, -- what it is filtered and counted by, as names of lists: section/history, tag/tides
  image text,
  popularity real NOT NULL DEFAULT 0,
  rating real,
  price bigint,
  location point,
  vector tsvector NOT NULL,
  digest bytea NOT NULL,          -- of all it was made from
  shown boolean NOT NULL          -- its page has been published
);
CREATE INDEX documents_vector ON cms.documents USING gin (vector);
CREATE INDEX documents_terms ON cms.documents USING gin (terms);
CREATE INDEX documents_newest ON cms.documents (site, locale, published_at DESC NULLS LAST, entry DESC) WHERE shown;
CREATE INDEX documents_location ON cms.documents USING spgist (location) WHERE location IS NOT NULL;
CREATE INDEX documents_waiting ON cms.documents (site, path) WHERE NOT shown;
CREATE INDEX documents_title ON cms.documents (site, lower(title) text_pattern_ops) WHERE shown;

-- The frame of a site's search page in each locale, as the build rendered it: the API puts results into it.
CREATE TABLE cms.search_pages (
  site int NOT NULL,
  locale text COLLATE "C" NOT NULL,
  path text COLLATE "C" NOT NULL,
  html text NOT NULL,
  PRIMARY KEY (site, locale)
);

-- Searches that found nothing, counted by day, without anything about who searched.
CREATE TABLE cms.empty_searches (
  site int NOT NULL,
  day date NOT NULL,
  words text COLLATE "C" NOT NULL,
  times int NOT NULL DEFAULT 1,
  PRIMARY KEY (site, day, words)
);

-- texts: title, excerpt, content in lower case; words: the same without accents, cut into words. Stems serve for recall, words for prefixes,
-- names and languages whose stems nobody knows.
CREATE FUNCTION cms.make_document_vector(config regconfig, texts text[], words text[]) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT setweight(to_tsvector('simple', coalesce(words[1], '')), 'A') || setweight(to_tsvector('simple', coalesce(words[2], '')), 'B')
      || setweight(to_tsvector('simple', coalesce(words[3], '')), 'C')
      || CASE WHEN config = 'simple'::regconfig THEN ''::tsvector ELSE
           setweight(to_tsvector(config, coalesce(texts[1], '')), 'A') || setweight(to_tsvector(config, coalesce(texts[2], '')), 'B')
           || setweight(to_tsvector(config, coalesce(texts[3], '')), 'C') END
$$;

-- One term of a search: matched by stem or as it is written; kind: word, phrase, prefix. A stop word matches nothing by its stem.
CREATE FUNCTION cms.make_term_query(config regconfig, kind text, txt text, word text) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  found tsquery := phraseto_tsquery('simple', word);
BEGIN
  IF config <> 'simple'::regconfig THEN
    found := found || phraseto_tsquery(config, txt);
  END IF;
  IF kind = 'prefix' THEN
    found := found || to_tsquery('simple', '''' || translate(word, '''\\', '') || ''':*'); -- a word, so nothing is lost
  END IF;
  RETURN found;
END $$;

-- All terms of a search. wanted, unwanted: arrays of [kind, text, word]. Words that say nothing in this language are left out while others remain.
CREATE FUNCTION cms.make_search_query(config regconfig, wanted text[], unwanted text[]) RETURNS tsquery LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  term text[];
  found tsquery := ''::tsquery;
  spare tsquery := ''::tsquery;
BEGIN
  IF cardinality(wanted) = 0 THEN -- a loop over slices of nothing is an error
    RETURN found;
  END IF;
  FOREACH term SLICE 1 IN ARRAY wanted LOOP
    IF term[1] = 'word' AND config <> 'simple'::regconfig AND numnode(plainto_tsquery(config, term[2])) = 0 THEN
      spare := spare && cms.make_term_query('simple', term[1], term[2], term[3]);
    ELSE
      found := found && cms.make_term_query(config, term[1], term[2], term[3]);
    END IF;
  END LOOP;
  IF numnode(found) = 0 THEN
    found := spare;
  END IF;
  IF cardinality(unwanted) > 0 THEN
    FOREACH term SLICE 1 IN ARRAY unwanted LOOP
      found := found && !!cms.make_term_query(config, term[1], term[2], term[3]);
    END LOOP;
  END IF;
  RETURN found;
END $$;

CREATE FUNCTION cms.raise_documents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM cms.raise_tags(s.site, ARRAY['search']) FROM (SELECT DISTINCT site FROM old_rows ORDER BY site) s;
  ELSE
    PERFORM cms.raise_tags(s.site, ARRAY['search']) FROM (SELECT DISTINCT site FROM new_rows ORDER BY site) s;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER raise_inserted AFTER INSERT ON cms.documents REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.raise_documents();
CREATE TRIGGER raise_updated AFTER UPDATE ON cms.documents REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.raise_documents();
CREATE TRIGGER raise_deleted AFTER DELETE ON cms.documents REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.raise_documents();
CREATE TRIGGER raise_inserted AFTER INSERT ON cms.search_pages REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.raise_documents();
CREATE TRIGGER raise_updated AFTER UPDATE ON cms.search_pages REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.raise_documents();
CREATE TRIGGER raise_deleted AFTER DELETE ON cms.search_pages REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION cms.raise_documents();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON cms.documents FOR EACH STATEMENT EXECUTE FUNCTION cms.refuse_truncate();
