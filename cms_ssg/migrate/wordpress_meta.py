"""Custom fields of an item of WordPress: what plugins for search engines keep there, what is the site's own, what is hidden."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any, Final

from cms_ssg.migrate.html_text import strip_tags
from cms_ssg.migrate.php_values import parse_php
from cms_ssg.migrate.wxr import Item
from cms_ssg.types import Json

SEO: Final = {
    "meta_title": ("_yoast_wpseo_title", "rank_math_title", "_aioseo_title", "_seopress_titles_title"),
    "meta_description": ("_yoast_wpseo_metadesc", "rank_math_description", "_aioseo_description", "_seopress_titles_desc"),
    "canonical": ("_yoast_wpseo_canonical", "rank_math_canonical_url", "_seopress_robots_canonical"),
}
_READ: Final = frozenset((*(name for names in SEO.values() for name in names), "footnotes", "rank_math_robots"))
_VARIABLE: Final = re.compile(r"%%(\w+)%%|(?<![\w%])%(\w+)%(?![\w%])|#(\w+)")
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>")
_EMPTY: Final = frozenset("page pagenumber pagetotal pt_single pt_plural".split())
_INTERNAL: Final = re.compile(
    r"_(?:wp_.*|edit_.*|thumbnail_id|menu_item_.*|oembed_.*|encloseme|pingme|dp_.*|pll_.*|wpml_.*|last_translation_.*|icl_.*|vc_post_settings|wpb_.*status"
    r"|elementor_(?:css|version|pro_version|edit_mode|template_type|page_assets|controls_usage|page_settings)|product_version|wc_.*|jetpack_.*|publicize_.*"
    r"|yoast_(?:indexnow.*|wpseo_(?:linkdex|content_score|estimated.*|inclusive.*|wordproof.*|meta-robots-noindex|is_cornerstone|primary_.*|focuskw.*|keywordsynonyms)))"
)
_BUILDERS: Final = {
    "_elementor_data": "Elementor",
    "_fl_builder_data": "Beaver Builder",
    "_et_pb_use_builder": "Divi",
    "panels_data": "SiteOrigin",
}
PRODUCT: Final = (
    "_sku _price _regular_price _sale_price _stock _stock_status _manage_stock _weight _length _width _height _tax_class _tax_status"
    " _product_attributes _downloadable _virtual _product_url _button_text _upsell_ids _crosssell_ids total_sales"
).split()

Note = Callable[[str, str, str], None]
"""Called with the kind of what is left out, a detail and its fate."""


def make_metadata(item: Item, load_media: Callable[[str], tuple[str, str] | None], note: Note) -> dict[str, Json]:
    """The fields that the site's own people wrote, those of products among them; hidden ones of plugins are noted by name."""
    out: dict[str, Json] = {}
    hidden: list[str] = []
    is_product = item.fields.get("post_type") == "product"
    for name, first in item.meta.items():
        values = [value for value in item.repeated.get(name, [first]) if value]
        if not values or name in _READ:
            continue
        if name in _BUILDERS:
            note("pages of a page builder", _BUILDERS[name], "kept as the HTML that the builder saved beside it")
        elif is_product and name == "_product_image_gallery":
            found = [load_media(number.strip()) for number in first.split(",")]
            out["gallery"] = [picture[0] for picture in found if picture]
            if None in found:
                note("pictures of products", first, "kept without those that the export lacks")
        elif is_product and name in PRODUCT:
            out[name.lstrip("_")] = parse_php(first)
        elif name.startswith(("_", "rank_math")):
            reference = first.startswith("field_") and name[1:] in item.meta
            if not reference and not _INTERNAL.fullmatch(name) and not name.startswith("rank_math_internal"):
                hidden.append(name)
        else:
            read = [parse_php(value) for value in values]
            out[name] = read if len(read) > 1 else read[0]
    if hidden:
        note("hidden custom fields of plugins", ", ".join(sorted(hidden)), "left out")
    template = item.meta.get("_wp_page_template", "")
    if template not in ("", "default"):
        note("page templates", template, "shown by the theme's own")
    return out


def make_seo(item: Item, title: str, site_title: str, description: str, note: Note) -> dict[str, Json]:
    """What Yoast, Rank Math, SEOPress and All in One SEO say of a page; a title that is only made of the page's own is left to the theme."""
    out: dict[str, Json] = {}
    values = {
        "title": title, "post_title": title, "sitename": site_title, "site_title": site_title, "sitetitle": site_title, "sitedesc": description, "tagline": description,
        "sep": "-", "separator_sa": "-", "separator": "-", "excerpt": strip_tags(item.fields.get("excerpt", "")),
    }  # fmt: skip
    for field, names in SEO.items():
        text = next((item.meta[name] for name in names if item.meta.get(name)), "")
        if field == "canonical":
            out[field] = text or None
            continue
        unknown: list[str] = []

        def fill(found: re.Match[str], unknown: list[str] = unknown) -> str:
            name = found[1] or found[2] or found[3]
            if name in _EMPTY:
                return ""
            if name not in values:
                if found[3]:
                    return found[0]  # a hash and a word
                unknown.append(found[0])
            return values.get(name, "")

        made = " ".join(_VARIABLE.sub(fill, html.unescape(text)).split())
        if unknown:
            note("titles and descriptions with variables", text, f"written without {', '.join(unknown)}")
        out[field] = made if made not in ("", title, f"{title} - {site_title}") else None
    out["noindex"] = item.meta.get("_yoast_wpseo_meta-robots-noindex") == "1" or "noindex" in item.meta.get("rank_math_robots", "")
    out["noindex"] = out["noindex"] or item.meta.get("_seopress_robots_index") == "yes"
    return out


def plain_title(text: str) -> str:
    """A title, which WordPress keeps as HTML, as plain text."""
    return " ".join(html.unescape(_TAG.sub("", text)).split())


def read_footnotes(item: Item) -> list[tuple[str, str]]:
    """(id, HTML) of the footnotes that the editor keeps beside the content."""
    import json

    try:
        rows: Any = json.loads(item.meta.get("footnotes") or "[]")
    except (ValueError, RecursionError):
        return []
    rows = rows if isinstance(rows, list) else []
    return [(str(row.get("id", "")), str(row.get("content", ""))) for row in rows if isinstance(row, dict)]
