-- owner_answer: what the owner of the thing reviewed wants to answer, until somebody approves it: '' to take the answer away; NULL while nothing waits.
ALTER TABLE cms.reviews ADD owner_answer text, ADD owner_answer_at timestamptz;
CREATE INDEX reviews_answers ON cms.reviews (site, owner_answer_at) WHERE owner_answer IS NOT NULL;
