"""Fill the places of a stored body that only this page can fill: links, images, shortcodes."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from cms_ssg.content.markdown.anchors import Names, list_ids, rename_anchors
from cms_ssg.content.markdown.placeholders import OPEN, PLACEHOLDER
from cms_ssg.content.urls import SAFE_SCHEMES, is_safe_url
from cms_ssg.kinds.claim import Owner
from cms_ssg.render.pictures import make_picture, write_img
from cms_ssg.render.reference_names import link_names
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.site import Site
    from cms_ssg.store.loader import FullEntry

PICTURE = re.compile("</?picture")
URL_ATTRIBUTES = frozenset(["href", "src", "poster", "cite", "action", "formaction", "data", "background", "xlink:href"])


def is_inner(target: str) -> bool:
    """Whether a redirect's target is of this site: a path, a content file or a reference, and no address elsewhere."""
    parts = urlsplit(target)
    return parts.scheme in ("", "ref") and not parts.netloc


def resolve_link(page: Page, file: str, page_path: str, target: str) -> str | None:
    """The URL a link means, None where nobody has that name."""
    found = resolve_path(page, file, page_path, target)
    if not found:
        return None
    parts = urlsplit(target)
    return page.url(found) + (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")


def resolve_path(page: Page, file: str, page_path: str, target: str) -> str:
    """The path a link means, '' where nobody has that name."""
    names = link_names(page.site, page.locale.code, file, page_path, target)
    page.reader.ask(("claim", name) for name in names)
    found = ""
    for name in names:
        holder = page.reader.claim(name)
        path = _holder_path(page, name, holder) if holder is not None else ""
        found = found or path
        if path and page.site.features.role_of(holder.spec) != "redirect":  # a page in this locale is better than a way around
            found = path
            break
    return found


def _holder_path(page: Page, name: str, holder: Any) -> str:
    if name.startswith("/") and not (holder.owner_kind == Owner.ENTRY and page.site.features.role_of(holder.spec) == "redirect"):
        return name
    if holder.owner_kind == Owner.FILE:
        return str((holder.spec or {}).get("path", ""))
    return page.lead_to(holder.owner)


def body_requests(site: Site, locale: str, full: FullEntry, page_path: str) -> list[tuple[Any, ...]]:
    """What filling this body will ask for."""
    targets = [target for kind, target, _, values in full.links or () if kind != "shortcode" and "pieces" not in values]
    return [("claim", name) for target in targets for name in link_names(site, locale, full.file, page_path, target)]


def fill_body(page: Page, full: FullEntry, page_path: str) -> Markup:
    """A body's HTML with every place filled. Unknown targets stay as written; unknown shortcodes stay as text."""
    if not full.html:
        return Markup("")
    names = heading_names(page, full)
    html = rename_anchors(full.html, names) if names else full.html
    if not full.links:
        return Markup(html)
    return Markup(PLACEHOLDER.sub(_Filling(page, full, page_path, names).fill, html))


def heading_names(page: Page, full: FullEntry) -> dict[str, str]:
    """New anchors of those headings of a body whose own the theme gives to something else on the page."""
    if not full.toc:
        return {}
    page.reader.reads.name("template-ids")
    taken = page.theme.ids.intersection(anchor for _, _, anchor in full.toc)
    if not taken:
        return {}
    names = Names({*page.theme.ids, *list_ids(full.html or ""), *(anchor for _, _, anchor in full.toc)})
    return {anchor: names.give(anchor) for _, _, anchor in full.toc if anchor in taken}


class _Filling:
    """One body while its places are filled. seen_image: the first image is wanted at once, the others when they come into view."""

    def __init__(self, page: Page, full: FullEntry, page_path: str, names: dict[str, str]) -> None:
        self.page, self.full, self.page_path, self.names = page, full, page_path, names
        self.looked_at, self.pictures = "", list[int]()
        self.seen_image = bool(full.fields.get("image"))  # which stands above the text

    def fill(self, match: re.Match[str]) -> str:
        """What stands in a place."""
        page, full = self.page, self.full
        kind, target, line, values = full.links[int(match[1])]
        if kind == "shortcode":
            inner = values["inner"]
            if inner:
                inner = PLACEHOLDER.sub(self.fill, rename_anchors(inner, self.names) if self.names else inner)
            html = self._run(values, line, inner)
            return html if html is not None else f"{escape(values['open'])}{inner}{escape(values['close'])}"
        if kind == "link":
            return str(escape(self._url(match)))
        target, fallback = self._find_target(target, line, values)
        lazy, self.seen_image = self.seen_image, True
        values = {
            name: PLACEHOLDER.sub(self._url, value) if isinstance(value, str) and OPEN in value else value
            for name, value in values.items()
            if name != "pieces"
        }
        path = resolve_path(page, full.file, self.page_path, target)
        if not path or self._is_in_picture(match):
            return write_img(resolve_link(page, full.file, self.page_path, target) or fallback, values, lazy)
        return make_picture(page, path, values, lazy=lazy)

    def _url(self, match: re.Match[str]) -> str:
        """The value of an attribute, such as a link's target or a URL within a srcset; not escaped."""
        _, target, line, values = self.full.links[int(match[1])]
        if "pieces" in values and values.get("attribute", "href") not in URL_ATTRIBUTES:
            return self._join(values["pieces"], line)
        target, fallback = self._find_target(target, line, values)
        return resolve_link(self.page, self.full.file, self.page_path, target) or fallback

    def _find_target(self, target: str, line: int, values: dict[str, Any]) -> tuple[str, str]:
        """What is to be looked up, and what stands there where it is not found."""
        pieces = values.get("pieces")
        if not pieces:
            return target, _root_relative(self.page, target)
        target = self._join(pieces, line)
        if not is_safe_url(target):
            self.page.reader.reads.problems.append(_refused_target(self.full.file, line, target))
            target = ""
        return target, _root_relative(self.page, target) if isinstance(pieces[0], str) else target

    def _run(self, tag: dict[str, Any], line: int, inner: str = "") -> str | None:
        """What a shortcode's template makes of it, None where the theme has none."""
        page, name = self.page, tag["name"]
        template = f"shortcodes/{name}.html"
        if not page.theme.has_template(template):
            page.reader.reads.problems.append(unknown_shortcode(self.full.file, line, name))
            return None
        variables = {"args": tag.get("args", []), "values": tag.get("values") or {}, "inner": Markup(inner)}
        return page.theme.get_template(template).render({**page.globals, **variables}).strip()

    def _join(self, pieces: list[Any], line: int) -> str:
        """A link's target or an attribute's value that shortcodes are a part of: of what they make, the text."""
        made = []
        for piece in pieces:
            html = None if isinstance(piece, str) else self._run(piece, line)
            made.append(piece if isinstance(piece, str) else piece["open"] if html is None else Markup(html).striptags())
        return "".join(made)

    def _is_in_picture(self, match: re.Match[str]) -> bool:
        """Whether a writer has put the image into a <picture> already."""
        if self.looked_at is not match.string:
            self.looked_at = match.string
            self.pictures = [found.start() for found in PICTURE.finditer(match.string)] if "<picture" in match.string else []
        before = bisect_left(self.pictures, match.start())
        return before > 0 and not match.string.startswith("</", self.pictures[before - 1])


def _root_relative(page: Page, target: str) -> str:
    return page.url(target) if target.startswith("/") and not target.startswith("//") else target


def _refused_target(file: str, line: int, target: str) -> Problem:
    said = f'a shortcode makes the link target "{target[:60]}", whose scheme is not allowed'
    return Problem("content.shortcode", file, line, said, f"Allowed are {', '.join(sorted(SAFE_SCHEMES))}.", "warning")


def unknown_shortcode(file: str, line: int, name: str) -> Problem:
    """The warning for a shortcode that the theme has no template for."""
    hint = f"It was left as text. Add templates/shortcodes/{name}.html to the theme, or mend the name."
    return Problem("content.unknown-shortcode", file, line, f'unknown shortcode "{name}"', hint, "warning")
