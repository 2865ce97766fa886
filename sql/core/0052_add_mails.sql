-- E-mails that are to be sent: written in the transaction that makes them necessary, sent by a task. One that was sent is deleted.
CREATE TABLE cms.mails (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site int NOT NULL REFERENCES cms.sites,
  recipient text NOT NULL,
  reply_to text NOT NULL DEFAULT '',
  subject text NOT NULL,
  body text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  tries int NOT NULL DEFAULT 0,
  error text
);
CREATE INDEX mails_due ON cms.mails (site, due_at);
