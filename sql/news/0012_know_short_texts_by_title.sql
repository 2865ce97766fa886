-- A killed story of few words, as galleries and films have, is known again under another name too: by its text together with its title.
ALTER TABLE cms.killed ADD COLUMN is_short boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION cms.keep_killed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE cms.killed k SET status = NEW.status WHERE k.site = NEW.site AND (k.source_key = NEW.source_key
    OR k.body_key = NEW.body_key AND (NOT k.is_short OR k.title = coalesce(NEW.fields ->> 'title', NEW.source_key)));
  IF FOUND THEN
    NEW.status := 'trashed';
  END IF;
  RETURN NEW;
END $$;
