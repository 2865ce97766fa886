"""Raw HTML within Markdown: its images and relative URLs become placeholders, what only looks like HTML becomes text."""

from __future__ import annotations

import re
from html import unescape
from typing import Any, Final, NamedTuple

from cms_ssg.content.markdown.escape import AddLink, escape_text
from cms_ssg.content.markdown.nesting import Nesting
from cms_ssg.content.urls import is_relative

SPACE: Final = r"[ \t\n\r\f]"
VALUE: Final = rf"{SPACE}*={SPACE}*"
ATTRIBUTE: Final = re.compile(rf"{SPACE}+([a-zA-Z_:@][a-zA-Z0-9:._@-]*)(?:{VALUE}(?:\"([^\"]*)\"|'([^']*)'|([^\"'=<>`\x00-\x20]+)))?")
TAG: Final = re.compile(
    r"<(/?)([A-Za-z][A-Za-z0-9-]*)"
    rf"((?:{SPACE}+[a-zA-Z_:@][a-zA-Z0-9:._@-]*(?:{VALUE}(?:\"[^\"]*\"|'[^']*'|[^\"'=<>`\x00-\x20]+))?)*){SPACE}*(/?)>"
)
OTHER_MARKUP: Final = re.compile(r"<[!?][^>]*>?")
URL_ATTRIBUTES: Final = frozenset(["action", "background", "cite", "data", "formaction", "href", "longdesc", "poster", "src", "xlink:href"])
URL_SETS: Final = frozenset(["imagesrcset", "srcset"])
CSS_URL: Final = re.compile(r"""(?<![\w-])(url\(\s*(["']?))([\w\-.~/?=+,;:@%#]+)(?=\2\s*\))""", re.IGNORECASE | re.ASCII)
"""A URL in CSS, of plain characters alone: what would have to be escaped there is left as it is."""
CSS_IMPORT: Final = re.compile(r"""(@import\s+(["']))([\w\-.~/?=+,;:@%#]+)(?=\2)""", re.IGNORECASE | re.ASCII)
HOLDS_URL: Final = re.compile(r"(?:action|background|cite|data|href|longdesc|ping|poster|src|srcset|style)[ \t\n\r\f]*=", re.IGNORECASE)
ID: Final = re.compile(rf"{SPACE}id{VALUE}(?:\"([^\"]*)\"|'([^']*)'|([^\"'=<>`\x00-\x20]+))", re.IGNORECASE)
SET_COMMA: Final = re.compile(r",[ \t\n\r\f]+|(?<=[wx]),")
"""Between the candidates of a srcset; a comma within a URL is none."""
RAW_TEXT: Final = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style", "textarea")}

HTML_ELEMENTS: Final = frozenset(
    """a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br button canvas
    caption center cite code col colgroup command content data datalist dd del details dfn dialog dir div dl dt element em embed fieldset
    figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe image img input ins isindex kbd
    keygen label legend li link listing main map mark marquee menu menuitem meta meter multicol nav nobr noembed noframes noscript object
    ol optgroup option output p param picture plaintext pre progress q rb rbc rp rt rtc ruby s samp script search section select shadow slot
    small source spacer span strike strong style sub summary sup table tbody td template textarea tfoot th thead time title tr track tt u
    ul var video wbr xmp""".split()
)
MATH_ELEMENTS: Final = frozenset(
    """math annotation maction menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms
    mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover semantics""".split()
)
SVG_ELEMENTS: Final = frozenset(
    """svg animate animatemotion animatetransform circle clippath defs desc ellipse feblend fecolormatrix fecomponenttransfer fecomposite
    feconvolvematrix fediffuselighting fedisplacementmap fedropshadow feflood fefunca fefuncb fefuncg fefuncr fegaussianblur feimage femerge
    femergenode femorphology feoffset fespecularlighting feturbulence filter foreignobject g line lineargradient marker mask metadata mpath
    path pattern polygon polyline radialgradient rect set stop switch symbol text textpath tspan use view""".split()
)
ELEMENTS: Final = HTML_ELEMENTS | MATH_ELEMENTS | SVG_ELEMENTS

SAFE_IMAGE_VALUES: Final = frozenset(["alt", "title", "width", "height", "loading", "class", "id", "lang", "dir", "align"])


def is_element(name: str) -> bool:
    """Whether a tag's name is one of HTML, SVG or MathML, or of a custom element."""
    return name.lower() in ELEMENTS or "-" in name


def write_html(html: str, line: int, add_link: AddLink, ids: set[str], *, check_names: bool, nesting: Nesting | None) -> str:
    """Raw HTML with placeholders for its images and for the relative URLs in any attribute.

    line: where it begins; ids: those in it are added; check_names: tags that HTML does not know become text; nesting: under the policy "sanitized" what is
    open; then nothing is left that a parser could take for another tag than we do, and an image keeps harmless attributes only.
    """
    out: list[str] = []
    at = counted = 0
    while (begin := html.find("<", at)) >= 0:
        out.append(html[at:begin])
        if html.startswith("<!--", begin):
            end = html.find("-->", begin + 4)
            at = len(html) if end < 0 else end + 3
            out.append(html[begin:at] if nesting is None else "")
            continue
        match = TAG.match(html, begin)
        if match is None:
            other = OTHER_MARKUP.match(html, begin) if nesting is not None else None
            at = other.end() if other is not None else begin + 1
            out.append("<" if nesting is None else "&lt;" if other is None else "")
            continue
        at = match.end()
        tag, name = match[0], match[2].lower()
        if check_names and not is_element(name):
            out.append(escape_text(tag))
            continue
        if not match[1] and match[3]:
            line += html.count("\n", counted, begin)
            counted = begin
            if (own := ID.search(match[3])) is not None:
                ids.add(unescape(own[1] or own[2] or own[3] or ""))
            tag = _write_tag(match, name, line, add_link, nesting is not None)
        elif tag == "<pre>":
            tag = '<pre tabindex="0">'  # see body_html.PRE
        if not match[1] and name in RAW_TEXT:
            closing = RAW_TEXT[name].search(html, at)
            end = closing.start() if closing else len(html)
            inner = (
                html[at:end]
                if name != "style" or nesting is not None
                else _fill_css(html[at:end], line + html.count("\n", counted, at), add_link)
            )
            out.append(tag + inner if nesting is None else nesting.take(tag, name, closing=False))
            at = end
            continue
        out.append(tag if nesting is None else nesting.take(tag, name, closing=bool(match[1])))
    out.append(html[at:])
    return "".join(out)


class _Attribute(NamedTuple):
    """A value as it is written. quote: in the tag, "" for none; span: without quotes, in the text of the attributes."""

    value: str
    quote: str
    span: tuple[int, int]


def _read_attributes(text: str) -> dict[str, _Attribute]:
    """Attributes by their names in lower case; of two of a name the first counts."""
    found: dict[str, _Attribute] = {}
    for match in ATTRIBUTE.finditer(text):
        group = match.lastindex or 1
        value = unescape(match[group]) if group > 1 else ""
        found.setdefault(match[1].lower(), _Attribute(value, ("", "", '"', "'", "")[group], match.span(group) if group > 1 else (-1, -1)))
    return found


def _write_tag(match: re.Match[str], name: str, line: int, add_link: AddLink, sanitized: bool) -> str:
    """A start tag with placeholders for all relative URLs in it, or the one for a whole image."""
    text = match[3]
    if not HOLDS_URL.search(text):
        return match[0]
    attributes = _read_attributes(text)
    if name == "img" and (source := attributes.get("src")) is not None and is_relative(source.value.strip()):
        values = {key: _fill(name, key, one, line, add_link) or one.value for key, one in attributes.items() if key != "src"}
        if sanitized:
            values = {key: value for key, value in values.items() if key in SAFE_IMAGE_VALUES}
        return add_link("image", source.value.strip(), line, {"alt": "", "title": "", **values})
    out: list[str] = []
    at = 0
    for key, one in attributes.items():
        if sanitized and key in ("ping", "style"):  # they do not stay
            continue
        filled = _fill(name, key, one, line, add_link, {other: two.value for other, two in attributes.items() if other != key})
        if filled:
            begin, end = one.span
            out += [text[at:begin], "" if one.quote else '"', escape_text(filled).replace("'", "&#39;"), "" if one.quote else '"']
            at = end
    return f"<{match[2]}{''.join(out)}{text[at:]}{match[4] and ' /'}>" if out else match[0]


def _fill(element: str, key: str, one: _Attribute, line: int, add_link: AddLink, values: dict[str, Any] | None = None) -> str:
    """An attribute's value with placeholders, not escaped; "" where it holds no relative URL."""
    if key in URL_SETS:
        parts = [part.strip().partition(" ") for part in SET_COMMA.split(one.value) if part.strip()]
        if not any(is_relative(url) for url, _, _ in parts):
            return ""
        return ", ".join((add_link("link", url, line, {}) if is_relative(url) else url) + space + size for url, space, size in parts)
    if key == "style":
        css = _fill_css(one.value, line, add_link)
        return css if css != one.value else ""
    if key == "ping":
        urls = one.value.split()
        return (
            " ".join(add_link("link", url, line, {"form": True}) if is_relative(url) else url for url in urls)
            if any(map(is_relative, urls))
            else ""
        )
    target = one.value.strip()
    if key not in URL_ATTRIBUTES or (key == "data" and element != "object") or element == "base" or not is_relative(target):
        return ""
    return add_link(
        "link", target, line, {"form": True} if key in ("action", "formaction") else values if element == "a" and values else {}
    )


def _fill_css(css: str, line: int, add_link: AddLink) -> str:
    """CSS with placeholders for its relative URLs."""

    def fill(match: re.Match[str]) -> str:
        before = css.count("\n", 0, match.start())
        return match[1] + (add_link("link", match[3], line + before, {}) if is_relative(match[3]) else match[3])

    if "url(" not in css.lower() and "@import" not in css.lower():
        return css
    return CSS_IMPORT.sub(fill, CSS_URL.sub(fill, css))
