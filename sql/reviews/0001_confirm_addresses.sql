-- confirm_token: digest of the word in the link that was mailed to the author; NULL once the address is confirmed, and where none was asked for.
ALTER TABLE cms.reviews ADD confirm_token bytea, ADD confirmed_at timestamptz;
CREATE UNIQUE INDEX reviews_confirm ON cms.reviews (site, confirm_token) WHERE confirm_token IS NOT NULL;
