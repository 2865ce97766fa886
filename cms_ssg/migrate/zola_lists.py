"""Where Zola publishes the further pages and feeds of sections and terms, and terms whose names it writes in another way."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cms_ssg.migrate.pages import SourcePage, as_table, list_words
from cms_ssg.migrate.source_folder import join_address
from cms_ssg.migrate.zola import slugify
from cms_ssg.text.slugs import make_slug

_SECTION: Final = re.compile(r"(?:^|/)_index(?:\.[\w-]+)?\.md$")
_MOST: Final = 10_000


def list_feeds(values: dict[str, Any]) -> list[str]:
    """The names of the files of feeds."""
    return list_words(values.get("feed_filenames") or [values.get("feed_filename") or "atom.xml"])


def name_feed(feed: str) -> str:
    """The feed here that takes the place of one of Zola's."""
    return "atom.xml" if "atom" in feed else "feed.xml"


def list_redirects(pages: Sequence[SourcePage], values: dict[str, Any], languages: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(old address, new address). languages: codes, the default one first."""
    yield from _list_sections(pages)
    others = languages[1:]
    for code in languages:
        own = [page for page in pages if _find_language(page, others) == (code if code in others else "")]
        prefix = f"/{code}" if code in others else ""
        table = values if code not in others else as_table(as_table(values.get("languages")).get(code))
        rows = table.get("taxonomies")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and row.get("name"):
                yield from _list_terms(own, row, prefix.lower(), values)


def _list_sections(pages: Sequence[SourcePage]) -> Iterator[tuple[str, str]]:
    for page in pages:
        size = page.fields.get("paginate_by")
        if _SECTION.search(page.file) and isinstance(size, int) and size > 0 and page.address:
            folder = posixpath.dirname(page.file)
            number = sum(one.file.startswith(f"{folder}/") and one is not page for one in pages)
            yield from _list_further(page.address, page.address, page.fields.get("paginate_path"), -(-number // size))


def _list_terms(pages: list[SourcePage], row: dict[str, Any], prefix: str, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    name, size = str(row["name"]), row.get("paginate_by")
    found = Counter(word for page in pages for word in dict.fromkeys(list_words(_find_words(page, name))))
    for word, number in found.items():
        old, new = (
            join_address(prefix, slugify(name, values), slugify(word, values)),
            join_address(prefix, slugify(name, values), make_slug(word)),
        )
        if not old:
            continue
        if old != new:
            yield old, new
        if isinstance(size, int) and size > 0:
            yield from _list_further(old, new, row.get("paginate_path"), -(-number // size))
        for feed in list_feeds(values) if row.get("feed") is True else ():
            if f"{old}{feed}" != f"{new}{name_feed(feed)}":
                yield f"{old}{feed}", f"{new}{name_feed(feed)}"


def _list_further(old: str, new: str, word: Any, number: int) -> Iterator[tuple[str, str]]:
    for one in range(1, min(_MOST, number) + 1):
        yield join_address(old, str(word or "page"), str(one)), new


def _find_words(page: SourcePage, name: str) -> Any:
    return as_table(page.fields.get("taxonomies")).get(name) or page.fields.get(name) or []


def _find_language(page: SourcePage, others: Sequence[str]) -> str:
    code = posixpath.basename(page.file).removesuffix(".md").rpartition(".")[2]
    return code if code in others else ""
