-- Titles are short and read of many documents at once: to sort by them, to suggest some, and to know a site's words. They stay in the row, as terms do.
ALTER TABLE cms.documents ALTER title SET STORAGE MAIN;
UPDATE cms.documents SET title = title || '';  -- written anew, since a value that is kept apart stays so
