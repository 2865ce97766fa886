"""Reasons in a person's words. What is stored names the read that was reached, which ``--verbose`` and ``--json`` show as it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from cms_ssg.kinds.core_kinds import OUTPUTS

_FIXED: Final = {
    "nobody claims this path any more": "page removed",
    "no page has named it for long enough": "no page uses it any more",
    "time": "a date that it depends on was reached",
    "renderer changed": "cms renders pages in another way now",
    "images changed": "images are published in another way now",
    "setting/frame changed": "addresses, locales or lists are set up in another way now",
}
_FORMS: Final = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"content of (.+)", r"\1 changed"),
        (r"card of (.+)", r"it shows \1, which changed"),
        (r"address of (.+)", r"it links to \1, which moved"),
        (r"claim to (?:[a-z-]+/)?(/.*|file:.*)", r"it links to \1, which appeared or went"),
        (r"claim to (?:[a-z0-9-]+/)?(.+)", r"it names \1, which appeared or went"),
        (r"data/([^#]+)#(.+) changed", r'"\2" in the data \1 changed'),
        (r"string/([^/]+)/(.+) changed", r'the text "\2" (\1) changed'),
        (r"(?:image|images|font)/.+ changed", r"an image or a font that it shows changed"),
        (r"redirects/(.+) changed", r"the redirects in \1 changed"),
        (r"unreadable/(.+) changed", r"\1 cannot be read, or can again"),
        (r"(template|setting|asset|data|menu|schema)/(.+) changed", r"the \1 \2 changed"),
        (r"vertical/(.+) changed", r"the code or the settings of \1 changed"),
        (r"fact/([^/]+)/.+", r'the value "\1" that it shows changed'),
    )
)
_LIST: Final = re.compile(r"(position in )?list (?P<group>[^/ ]+)/(?P<name>.*?)(?: \([a-z0-9-]+\))?")
REDIRECTS: Final = frozenset(kind.name for kind in OUTPUTS if kind.role == "redirect")
IMAGES: Final = frozenset(kind.name for kind in OUTPUTS if kind.made == "image")
_READS: Final = (
    ("files of content", re.compile(r"(card|address|content) of ")),
    ("lists", re.compile(r"(all of |the front of |the start of |a part of )?list ")),
    ("templates", re.compile(r"template/")),
    ("settings", re.compile(r"setting/|menu/")),
    ("texts of the theme", re.compile(r"string/")),
    ("values of data files", re.compile(r"data/")),
    ("images and assets", re.compile(r"image|asset/|font/")),
    ("links", re.compile(r"claim/")),
)


def say_reason(reason: str, kind: str) -> str:
    """Why an output is made, from the reason that is stored. kind: of the output."""
    if reason in _FIXED:
        return _FIXED[reason]
    if reason == "another owner or form":
        return "a redirect replaces the page" if kind in REDIRECTS else "its address belongs to something else now"
    if found := _LIST.fullmatch(reason):
        name = say_list(found["group"], found["name"])
        if not found[1] and found["group"] == "sitemap":
            return f"{name} changed"
        return f"{name} has other members or another order" if found[1] else f"{name} has another title or address"
    return next((found.expand(said) for form, said in _FORMS if (found := form.fullmatch(reason))), reason)


def cut_file(reason: str) -> str:
    """The content file whose change a stored reason names, "" for none."""
    found = re.fullmatch(r"(?:content|card|address) of (.+)", reason)
    return found[1] if found else ""


def say_list(group: str, name: str) -> str:
    """A list's name as a person calls it: ``section/news`` is "the section news"."""
    if group == "type":
        return f"the {name} list"
    if group == "lists":
        return f"the {name} index"
    if group == "variants":
        return f"the translations of {name}"
    return f"the {group} {name}"


def count_reads(reads: Iterable[str]) -> str:
    """What an output depends on, in one line."""
    groups = Counter(next((word for word, form in _READS if form.match(read)), "more") for read in reads)
    return ", ".join(_count(groups[word], word) for word in [*(word for word, _ in _READS), "more"] if groups[word])


def _count(number: int, words: str) -> str:
    """``1 value of data files``, ``2 values of data files``, ``1 image or asset``."""
    if number == 1:
        words = re.sub(r"s\b", "", words, count=1) if " and " not in words else "image or asset"
    return f"{number:,} {words}"
