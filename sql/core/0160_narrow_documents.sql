-- A search looks at the place, the date and the terms of every document that its words are in, and at the long columns of the few that it shows:
-- these lie apart, so that a page of the table holds many documents.
ALTER TABLE cms.documents SET (toast_tuple_target = 128);
