"""Links that are mailed to owners: what one leads to, while it is valid."""

from __future__ import annotations

from typing import Any, Final, LiteralString

from cms_ssg.api.confirm_links import digest_word
from cms_ssg.api.sites import SiteContext

EDIT_URL: Final = "/api/listings/edits"
FIND_LINK: Final[LiteralString] = """
SELECT l.number, e.fields, e.source, coalesce(c.path, '/') FROM cms.listing_links k JOIN cms.listings l ON l.number = k.entry JOIN cms.entries e ON e.id = k.entry
LEFT JOIN cms.cards c ON c.entry = k.entry
WHERE k.site = %s AND k.word = %s AND k.expires_at > clock_timestamp() AND lower(l.owner_email) = lower(k.email)"""


async def find_link(context: SiteContext, word: str) -> Any:
    """(number, fields, source, path) of the listing that a link is for; None for a link that is none, is too old, or is that of a former owner."""
    async with context.connection() as connection:
        return await (await connection.execute(FIND_LINK, (context.number, digest_word(word)))).fetchone()
