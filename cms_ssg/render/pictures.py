"""Images on a page: from a file's path to <picture>, with all that the page must read for it written down."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote

from markupsafe import Markup, escape

from cms_ssg.images.card_rules import plan_card
from cms_ssg.images.facts import MISNAMED, Facts, SvgCheck, find_misnaming, is_image, svg_check
from cms_ssg.images.font import CardFont, NoFont, load_font
from cms_ssg.images.variants import TYPES, Recipe, parse_focus, parse_ratio, plan_variants
from cms_ssg.kinds.claim import Owner
from cms_ssg.text.slugs import normal_form

if TYPE_CHECKING:
    from cms_ssg.render.page import Page

SOCIAL = "1200:630"
"""What social networks show of an image."""


class Unshown(str):
    """In place of a picture that cannot be shown: its alternative text."""

    __slots__ = ()


def find_facts(page: Page, path: str) -> tuple[str, Facts] | None:
    """Digest and facts of the image file that has a path.

    None where there is no such file, or it is no image, or nobody has looked at it yet: then the page waits for that.
    """
    if not page.around.images.variants or not is_image(path):
        return None
    page.reader.reads.name("images")
    holder = page.reader.claim(path)
    if holder is None or holder.owner_kind != Owner.FILE or "digest" not in (holder.spec or {}):
        return None
    check: SvgCheck | None = None
    if path.lower().endswith(".svg"):
        page.reader.reads.name("setting/markdown.raw_html")
        page.reader.reads.name("setting/images.active_svg")
        check = svg_check(page.site.settings)
        if check is None:
            return None
    digest = str(holder.spec["digest"])
    page.reader.reads.name(f"image/{digest}")
    picture = page.reader.need("image", digest)
    if picture is None:
        return None
    misnaming = find_misnaming(path, picture.facts) if picture.facts is not None else None
    if misnaming is not None:
        page.reader.reads.name(MISNAMED)
        return digest, misnaming
    if picture.facts is None or (check is not None and picture.facts.looked_for != check):
        page.reader.reads.unmeasured.add(digest)
        return None
    return digest, picture.facts


def ask_for(page: Page, digest: str, recipe: Recipe) -> None:
    """Note that the page shows a set of variants, and wait for those that are not published."""
    page.reader.reads.name(recipe.name)
    picture = page.reader.need("image", digest)
    wanted = {variant.path: variant.spec for variant in recipe.variants}
    page.reader.reads.shows[recipe.name] = wanted
    if not wanted.keys() <= picture.live:
        page.reader.reads.wants.add(recipe.name)


class Shape(NamedTuple):
    """How a template wants an image: width in CSS pixels, 0 for the theme's own widths; ratio, focus: as ``plan_variants`` reads them;
    sizes: the attribute.
    """

    width: int = 0
    ratio: str = ""
    focus: Any = None
    sizes: str = ""


AS_IT_IS: Final = Shape()


def make_picture(page: Page, path: str, values: dict[str, Any], *, lazy: bool = True, shape: Shape = AS_IT_IS) -> str:
    """The HTML that shows an image file, with these attributes of its <img>; its alternative text where it cannot be shown.

    path: as claimed.
    """
    widths = (shape.width, 2 * shape.width) if shape.width else ()
    sizes = shape.sizes or (f"{shape.width}px" if shape.width else "")
    found = find_facts(page, path)
    url = page.url(path)
    if found is None:
        return write_img(url, values, lazy)
    digest, facts = found
    if facts.code:
        return Unshown(escape(values.get("alt") or ""))
    if not facts.still:
        return write_img(url, _with_size(values, facts.width, facts.height), lazy)
    recipe = plan_variants(
        page.around.images,
        facts,
        digest,
        widths=widths,
        ratio=parse_ratio(shape.ratio) if shape.ratio else None,
        focus=parse_focus(shape.focus),
    )
    ask_for(page, digest, recipe)
    wide = min(widths[0], recipe.width) if widths else recipe.width
    values = _with_size(values, wide, max(1, round(recipe.height * wide / recipe.width)))
    shown_width = str(values.get("width") or "")
    sizes = sizes or (f"{shown_width}px" if shown_width.isdecimal() and int(shown_width) != recipe.width else page.around.images.sizes)
    lines = [
        f'<source type="{TYPES[form]}" srcset="{", ".join(f"{page.url(v.path)} {v.width}w" for v in variants)}" sizes="{escape(sizes)}">'
        for form, variants in recipe.sources.items()
    ]
    return f"<picture>{''.join(lines)}{write_img(page.url(recipe.fallback.path), values, lazy)}</picture>"


def _with_size(values: dict[str, Any], width: int, height: int) -> dict[str, Any]:
    """Attributes with width and height; one that the writer gave is kept, and the other follows from it."""
    own = {**values, **(values.get("attrs") or {})}
    given, high = str(own.get("width") or ""), str(own.get("height") or "")
    if not width or (given and high):
        return values
    if given:
        return {**values, "height": max(1, round(int(given) * height / width))} if given.isdecimal() else values
    if high:
        return {**values, "width": max(1, round(int(high) * width / height))} if high.isdecimal() else values
    return {**values, "width": width, "height": height}


def write_img(url: str, values: dict[str, Any], lazy: bool) -> str:
    """An <img>. values: alt, title and other attributes."""
    attributes = {
        "src": url,
        "alt": values.get("alt", ""),
        **{k: v for k, v in values.items() if k not in ("alt", "src", "attrs") and v is not None and (v or k != "title")},
    }
    attributes.update({k: v for k, v in (values.get("attrs") or {}).items() if k not in ("src", "alt")})
    if lazy:
        attributes.setdefault("loading", "lazy")
    attributes.setdefault("decoding", "async")
    return "<img " + " ".join(f'{name}="{escape(str(value))}"' for name, value in attributes.items()) + ">"


def show_image(page: Page, src: str, path: str, shape: Shape, *, alt: str, lazy: bool, attributes: dict[str, Any]) -> Markup:
    """What ``image()`` and ``card.picture()`` give a template.

    src: as written; path: of the file, where it is one of the site's. Raises ValueError for what is no width or ratio.
    """
    if not src:
        return Markup("")
    if type(shape.width) is not int or not 0 <= shape.width <= 10_000:
        raise ValueError(f"{shape.width!r} is no width in pixels")
    values = {"alt": alt, **{name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}}
    if not path:
        return Markup(write_img(src, values, lazy))
    html = make_picture(page, path, values, lazy=lazy, shape=shape)
    return Markup("" if isinstance(html, Unshown) else html)


class ImageFacts(NamedTuple):
    """What templates know of an image. color, placeholder: of what can be scaled, '' of an SVG."""

    width: int
    height: int
    color: str
    placeholder: str


def describe_image(page: Page, path: str) -> ImageFacts | None:
    """An image file's facts, None where there is no such file or it cannot be shown."""
    found = find_facts(page, path) if path else None
    if found is None and page.reader.reads.unmeasured:  # the page waits; what a template makes of this is thrown away
        return ImageFacts(0, 0, "", "")
    if found is None or found[1].code:
        return None
    facts = found[1]
    return ImageFacts(facts.width, facts.height, facts.color, facts.placeholder)


def social_image(page: Page, src: str, path: str, focus: Any) -> str:
    """The absolute URL of an image as social networks want it: a JPEG, cut to their form. '' where it cannot be shown, or not there, as drawings."""
    if not src or src.partition("#")[0].partition("?")[0].lower().endswith((".svg", ".svgz")) or src.startswith("data:"):
        return ""
    found = find_facts(page, path) if path else None
    if found is None or not found[1].still:
        return "" if found is not None and found[1].code else page.with_origin(src)
    digest, facts = found
    if facts.code:
        return ""
    recipe = plan_variants(
        page.around.images, facts, digest, widths=(1200,), ratio=parse_ratio(SOCIAL), focus=parse_focus(focus), formats=()
    )
    ask_for(page, digest, recipe)
    return page.absolute(recipe.fallback.path)


def card_image(page: Page, title: str) -> str:
    """The absolute URL of the picture that is drawn for an entry without an image, '' where the site wants none or it cannot be drawn."""
    if not (page.around.images.variants and page.around.images.cards):
        return ""
    page.reader.reads.name("images")
    planned = plan_card(title, str(page.site_view.title), page.site_view.tokens, _card_font(page))
    if planned is None:
        return ""
    path, spec = planned
    name = f"images{path}"
    page.reader.reads.name(name)
    page.reader.reads.shows[name] = {path: spec}
    if not page.reader.need("live", path):
        page.reader.reads.wants.add(name)
    return page.absolute(path)


def _card_font(page: Page) -> CardFont | None:
    """The site's own font for cards, None where it has none or one that cannot be read; then the build says so."""
    file = page.around.images.card_font
    if not file:
        return None
    page.reader.reads.name(f"font/{file}")
    try:
        return load_font(str(page.site.root), file)
    except NoFont:
        page.reader.reads.name(f"unreadable/{file}")
        return None


def path_beside(target: str, page_path: str) -> str:
    """The path of an image named in front matter: at the root, or beside its page; '' for one from elsewhere."""
    if not target or "://" in target or target.startswith(("//", "data:")):
        return ""
    target = normal_form(unquote(target.partition("?")[0].partition("#")[0]))
    if target.startswith("/"):
        return target
    return posixpath.normpath((page_path if page_path.endswith("/") else page_path.rpartition("/")[0] + "/") + target)
