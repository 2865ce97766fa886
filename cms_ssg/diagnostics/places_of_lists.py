"""The places that pages of lists may have: what the templates that make them give to elements, as far as that can be known without rendering."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Final

from cms_ssg.content.markdown.anchors import IDS
from cms_ssg.render.theme_chain import PARENT
from cms_ssg.site import Site

STARTS: Final = ("home", "list", "terms")
"""How templates of lists are called."""

NAMED: Final = re.compile(r"""["']([^"'{}\s]+\.html)["']""")
PRINTED: Final = re.compile(r"\{\{.*?\}\}")
INCLUDE: Final = re.compile(r"\{%-?\s*include\b")
KNOWN: Final = re.compile(r"""\{%-?\s*include\s+(?:"[^"]*"|'[^']*'|\[[^]]*\])\s*(?:ignore|with|-?%\})""")
FRAGMENT: Final = re.compile(r"""\{%-?\s*fragment\s+["']([^"']+)["']""")
PART: Final = "{% include part %}"
"""What verticals have for this place of every page."""


@dataclass(frozen=True, slots=True)
class Places:
    """fixed: names as written; made: patterns of names that are put together."""

    fixed: frozenset[str]
    made: tuple[re.Pattern[str], ...]

    def has(self, name: str, also: Iterable[str] = ()) -> bool:
        """Whether a page may have a place of this name. also: more names it has."""
        return name in self.fixed or name in also or any(pattern.fullmatch(name) for pattern in self.made)


def list_places(site: Site, templates: Mapping[str, Path]) -> Places | None:
    """The places of all pages of lists, given all templates, those that others go before too; None where a template includes others whose names cannot be known."""
    fixed: set[str] = set()
    made: set[str] = set()
    for text in _read_used(site, templates):
        if text is None:
            return None
        for match in IDS.finditer(PRINTED.sub("{}", text)):
            name = unescape(match[1] or match[2] or match[3] or "")
            if "{%" in name:
                return None
            if "{}" in name:
                made.add(".+".join(re.escape(part) for part in name.split("{}")))
            else:
                fixed.add(name)
    return Places(frozenset(fixed), tuple(re.compile(pattern, re.DOTALL) for pattern in sorted(made)))


def _read_used(site: Site, templates: Mapping[str, Path]) -> Iterator[str | None]:
    """Texts of the templates that lists are made with, and of all that these name; None for one whose includes are not known."""
    kinds = site.features.lists.values()
    own = [kind.template for kind in kinds if kind.template] + [name for kind in kinds for name in site.features.templates_of(kind.group)]
    own += [*site.features.templates_of("home"), *(name for name in templates if name.startswith(STARTS))]
    waiting, seen = list(own), set(own)
    while waiting:
        name = waiting.pop()
        path = templates.get(name)
        if path is None:
            continue
        text = path.read_text("utf-8", "replace")
        named = {*NAMED.findall(text), *(f"fragments/{name}.html" for name in FRAGMENT.findall(text))}
        if PART in text:
            named |= {name for names in site.features.slots.values() for name in names}
            text = text.replace(PART, "")
        yield text if len(INCLUDE.findall(text)) == len(KNOWN.findall(text)) else None
        named.add(PARENT + name)  # one that it may extend
        waiting += sorted(named - seen)
        seen |= named
