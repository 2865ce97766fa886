"""Translations into a language that the site does not have: they would be pages of its own language, in its lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.config.defaults import LANGUAGE_NAMES
from cms_ssg.content.collections.rules import fold_locale
from cms_ssg.site import Site
from cms_ssg.types import Problem

TRANSLATIONS: Final[LiteralString] = r"""
SELECT lower(substring(t.source_key FROM '\.([^./]+)\.[^./]+$')) AS code, count(*), min(t.source_key) FROM cms.entries t
JOIN cms.entries o ON o.site = t.site AND o.source_key = regexp_replace(t.source_key, '\.[^./]+(\.[^./]+)$', '\1') AND o.removed_at IS NULL
WHERE t.site = %s AND t.removed_at IS NULL AND t.status = 'published' AND t.locale = o.locale AND t.source_key ~ '\.[A-Za-z_-]{2,8}\.[a-z]+$'
GROUP BY 1 ORDER BY 1"""


def list_other_locales(connection: Connection, site: Site, site_id: int) -> Iterator[Problem]:
    """A warning for each language that names of files speak of, as ``about.it.md`` beside ``about.md``, and that is no locale of the site."""
    for code, count, file in connection.execute(TRANSLATIONS, (site_id,)):
        if fold_locale(code) not in LANGUAGE_NAMES or fold_locale(code) in site.rules.locale_codes:
            continue
        others = f" (so are {count - 1:,} more files)" if count > 2 else " (so is one more file)" if count == 2 else ""
        said = (
            f'the file name suggests the language "{code}", which is not a locale of this site; it is published as a separate page{others}'
        )
        hint = f'Add "{code}" to locales in site.toml, or leave such files out: exclude = ["*.{code}.*"] in their collection.'
        yield Problem("content.other-locale", file, 0, said, hint, "warning")
