-- Suggestions look for words in titles: an index of all words has each document in which a text has one, and cannot tell these apart.
CREATE INDEX documents_titles ON cms.documents USING gin (ts_filter(vector, '{a}'));
