"""SQL of forms: the form by its name, and what was sent."""

from __future__ import annotations

from typing import Final, LiteralString, NamedTuple

from cms_ssg.store.query import Query
from cms_ssg.types import Json


class FormRow(NamedTuple):
    """A live form. locale: whose it is; fields: as its entry has them."""

    locale: str
    fields: Json


FORM: Final = Query(
    """SELECT locale, fields FROM cms.entries WHERE site = %(site)s AND type = 'form' AND fields ->> 'slug' = %(form)s
    AND status = 'published' AND removed_at IS NULL AND (publish_at IS NULL OR publish_at <= clock_timestamp())
    AND (expire_at IS NULL OR expire_at > clock_timestamp())
    ORDER BY locale <> %(locale)s, locale <> %(default)s, locale, source_key LIMIT 1""",
    FormRow,
)

ADD: Final[LiteralString] = """
INSERT INTO cms.form_submissions (site, form, locale, email, fields, delete_at)
VALUES (%(site)s, %(form)s, %(locale)s, %(email)s, %(fields)s, CASE WHEN %(keep_days)s > 0 THEN clock_timestamp() + %(keep_days)s * interval '1 day' END)
RETURNING number"""

ADD_PENDING: Final[LiteralString] = """
INSERT INTO cms.form_submissions AS s (site, form, locale, email, fields, status, secret, delete_at)
VALUES (%(site)s, %(form)s, %(locale)s, %(email)s, %(fields)s, 'pending', %(secret)s, clock_timestamp() + %(pending_days)s * interval '1 day')
ON CONFLICT (site, form, email) WHERE status <> 'received' DO UPDATE
  SET secret = excluded.secret, fields = excluded.fields, locale = excluded.locale, delete_at = excluded.delete_at,
      submitted_at = clock_timestamp()
  WHERE s.status = 'pending' AND s.submitted_at < clock_timestamp() - %(again_s)s * interval '1 s'
RETURNING number"""


class SubscriptionRow(NamedTuple):
    """An address on a list. status: pending, confirmed."""

    number: int
    form: str
    email: str
    status: str
    locale: str


BY_SECRET: Final = Query(
    """SELECT number, form, email, status, locale FROM cms.form_submissions
    WHERE site = %(site)s AND secret = %(secret)s AND (status = 'confirmed' OR delete_at > clock_timestamp())""",
    SubscriptionRow,
)

CONFIRM: Final[LiteralString] = """
UPDATE cms.form_submissions SET status = 'confirmed', confirmed_at = clock_timestamp(), delete_at = NULL
WHERE site = %s AND secret = %s AND (status = 'confirmed' OR delete_at > clock_timestamp()) RETURNING form"""

LEAVE: Final[LiteralString] = "DELETE FROM cms.form_submissions WHERE site = %s AND secret = %s RETURNING form"
