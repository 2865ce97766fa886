"""Raw HTML by people one does not know: what may stay, and how the places that are filled later get through."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from cms_ssg.content.markdown.placeholders import CLOSE, OPEN, PLACEHOLDER
from cms_ssg.content.markdown.raw_html import HTML_ELEMENTS
from cms_ssg.content.urls import SAFE_SCHEMES, is_safe_url
from cms_ssg.types import Link

ALLOWED_TAGS: Final = (HTML_ELEMENTS & frozenset(
    """a abbr acronym address article aside audio b bdi bdo big blockquote br caption center cite code col colgroup data dd del details dfn
    div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i img input ins kbd li main map mark nav ol p picture pre q rp
    rt ruby s samp section small source span strike strong sub summary sup table tbody td tfoot th thead time tr track tt u ul var video wbr
    area""".split()
))  # fmt: skip
ALLOWED_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "*": {"id", "class", "lang", "dir", "title", "role", "aria-label", "aria-hidden", "aria-describedby", "align"},
    "a": {"href", "hreflang"},
    "img": {"src", "alt", "width", "height", "loading"},
    "audio": {"src", "controls", "loop", "muted", "preload"},
    "video": {"src", "controls", "loop", "muted", "preload", "poster", "width", "height"},
    "source": {"src", "type", "media"},
    "track": {"src", "kind", "srclang", "label", "default"},
    "ol": {"start", "reversed", "type"},
    "li": {"value"},
    "td": {"colspan", "rowspan", "headers"},
    "th": {"colspan", "rowspan", "headers", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
    "time": {"datetime"},
    "data": {"value"},
    "del": {"cite", "datetime"},
    "ins": {"cite", "datetime"},
    "blockquote": {"cite"},
    "q": {"cite"},
    "area": {"shape", "coords", "href", "alt"},
    "map": {"name"},
}
URL_ATTRIBUTES: Final = frozenset(["cite", "href", "poster", "src"])


def sanitize(html: str, links: Sequence[Link], key: bytes) -> str:
    """HTML without scripts, styles, forms, SVG, MathML and event handlers, with those placeholders that stand where they may.

    links: what the placeholders stand for; key: of the body. An image or shortcode, which is filled with elements, passes the
    sanitizer as an element: what is an attribute to a browser was one to the sanitizer too, and holds none of them. A
    placeholder is known by the key, a digest of the text, which no text can hold.
    """
    import nh3

    mark = key.hex()

    def put(match: re.Match[str]) -> str:
        place = f"{OPEN}{mark}.{match[1]}{CLOSE}"
        return place if links[int(match[1])].kind == "link" else f'<img src="{place}">'

    def take(match: re.Match[str]) -> str:
        if match[1]:  # an element: the sanitizer writes a quote within an attribute as &quot;
            return f"{OPEN}{match[1]}{CLOSE}"
        return f"{OPEN}{match[2]}{CLOSE}" if match[2] and links[int(match[2])].kind == "link" else ""

    place = f"{OPEN}{mark}\\.([0-9]+){CLOSE}"
    return re.sub(f'<img src="{place}">|{place}|[{OPEN}{CLOSE}]', take, nh3.clean(PLACEHOLDER.sub(put, html), **POLICY))


def _check_attribute(tag: str, name: str, value: str) -> str | None:
    return value if name not in URL_ATTRIBUTES or is_safe_url(value) else None


POLICY: Final[dict[str, Any]] = {
    "tags": set(ALLOWED_TAGS), "attributes": ALLOWED_ATTRIBUTES, "link_rel": None, "strip_comments": True,
    "attribute_filter": _check_attribute, "url_schemes": set(SAFE_SCHEMES),
    "clean_content_tags": {"script", "style", "svg", "math", "template", "noscript", "title", "textarea"},
    "tag_attribute_values": {"input": {"type": {"checkbox"}}, "pre": {"tabindex": {"0"}}},
    "set_tag_attribute_values": {"input": {"disabled": "", "type": "checkbox"}},
}  # fmt: skip
