"""Raw HTML within Markdown: its relative links and images become placeholders, what only looks like HTML becomes text."""

from __future__ import annotations

import re
from html import unescape
from typing import Any, Final

from cms_ssg.content.inlines import AddLink, escape_text
from cms_ssg.content.nesting import Nesting
from cms_ssg.content.urls import is_relative

SPACE: Final = r"[ \t\n\r\f]"
VALUE: Final = rf"{SPACE}*={SPACE}*"
ATTRIBUTE: Final = re.compile(rf"{SPACE}+([a-zA-Z_:@][a-zA-Z0-9:._@-]*)(?:{VALUE}(?:\"([^\"]*)\"|'([^']*)'|([^\"'=<>`\x00-\x20]+)))?")
TAG: Final = re.compile(
    r"<(/?)([A-Za-z][A-Za-z0-9-]*)"
    rf"((?:{SPACE}+[a-zA-Z_:@][a-zA-Z0-9:._@-]*(?:{VALUE}(?:\"[^\"]*\"|'[^']*'|[^\"'=<>`\x00-\x20]+))?)*){SPACE}*(/?)>"
)
OTHER_MARKUP: Final = re.compile(r"<[!?][^>]*>?")
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


def write_html(html: str, line: int, add_link: AddLink, *, check_names: bool, nesting: Nesting | None) -> str:
    """Raw HTML with placeholders for its relative links and images.

    line: where it begins; check_names: tags that HTML does not know become text; nesting: under the policy "sanitized" what is
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
        if not match[1] and name in RAW_TEXT:
            closing = RAW_TEXT[name].search(html, at)
            end = closing.start() if closing else len(html)
            out.append(html[begin:end] if nesting is None else nesting.take(tag, name, closing=False))
            at = end
            continue
        if not match[1] and name in ("a", "img") and match[3]:
            line += html.count("\n", counted, begin)
            counted = begin
            tag = _write_link(match, name, line, add_link, nesting is not None)
        elif tag == "<pre>":
            tag = '<pre tabindex="0">'  # see body_html.PRE
        out.append(tag if nesting is None else nesting.take(tag, name, closing=bool(match[1])))
    out.append(html[at:])
    return "".join(out)


def _write_link(match: re.Match[str], name: str, line: int, add_link: AddLink, sanitized: bool) -> str:
    values: dict[str, Any] = {}
    spans: dict[str, tuple[int, int]] = {}
    for attribute in ATTRIBUTE.finditer(match[3]):
        group = 2 if attribute[2] is not None else 3 if attribute[3] is not None else 4
        key = attribute[1].lower()
        if key not in values:
            values[key] = unescape(attribute[group]) if attribute[group] is not None else ""
            spans[key] = attribute.span(group)
    key = "href" if name == "a" else "src"
    target = values.pop(key, "").strip()
    if not is_relative(target):
        return match[0]
    if name == "img":
        if sanitized:
            values = {attribute: value for attribute, value in values.items() if attribute in SAFE_IMAGE_VALUES}
        return add_link("image", target, line, {"alt": "", "title": "", **values})
    begin, end = spans[key]
    quote = "" if match[3][begin - 1 : begin] in ('"', "'") else '"'
    return f"<a{match[3][:begin]}{quote}{add_link('link', target, line, values)}{quote}{match[3][end:]}>"
