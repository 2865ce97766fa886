"""Lists of products beside those of categories and brands: what is on sale, a category's products by a brand or an attribute, and Google's feed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from cms_ssg.kinds.core_kinds import term_names
from cms_ssg.kinds.list_kind import EntryRow, Item, ListKind, ListRule, Placing
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json
from cms_ssg.verticals.shop.settings import ShopSettings

if TYPE_CHECKING:
    from cms_ssg.content.schema.content_types import Schema
    from cms_ssg.render.page import Page
    from cms_ssg.site import Site

SALE_URL: Final = "/sale/"
MERCHANT: Final = "merchant/all"
MERCHANT_SIZE: Final = 500
"""Products in a file of Google's feed: a small file costs less to make again."""
_MOST_VALUES: Final = 200


def is_product(schema: Schema | None) -> bool:
    """Whether entries of a type are products: it has their fields."""
    return schema is not None and {"sku", "price"} <= schema.properties.keys()


def count_fields(row: EntryRow, fields: dict[str, Json], now: datetime) -> dict[str, Json]:
    """A product as it counts at this time: whether it is on sale, and where its visibility lets it be found."""
    if "visibility" not in fields and "sale_price" not in fields and not fields.get("variations"):
        return fields
    found = dict(fields)
    if fields.get("visibility") in ("search", "hidden"):
        found["unlisted"] = True
    if fields.get("visibility") == "hidden":
        found["noindex"] = True
    found["on_sale"] = _is_on_sale(fields, now)
    return found


def _is_on_sale(fields: dict[str, Any], now: datetime) -> bool:
    """Whether it, or one of its variations, costs less now than otherwise; see cms.is_on_sale."""
    start, end = fields.get("sale_from"), fields.get("sale_until")
    if (start and datetime.fromisoformat(str(start)) > now) or (end and datetime.fromisoformat(str(end)) <= now):
        return False
    sold = [{**fields, **one} for one in fields.get("variations") or () if isinstance(one, dict)] or [fields]
    return any(one.get("sale_price") is not None and one.get("price") is not None and one["sale_price"] < one["price"] for one in sold)


def _sale_rule(site: Site, locale: str, slug: str) -> ListRule:
    return ListRule("sale", slug, f"{site.prefix(locale)}{SALE_URL}", size=site.settings.page_size, feeds=site.settings.feeds)


def _list_on_sale(placing: Placing) -> Iterator[Item]:
    if placing.path and placing.fields.get("on_sale") and not placing.fields.get("unlisted"):
        for where in placing.locales:
            yield Item(where, "sale/all", placing.place(where))


def title_sale(page: Page, slug: str) -> str:
    """The title of the page of what is on sale."""
    return str(page.globals["t"]("shop_sale"))


def _facet_rule(site: Site, locale: str, slug: str) -> ListRule:
    settings: ShopSettings = site.settings.vertical["shop"]
    category, field, value = slug.split("/", 2) if slug.count("/") >= 2 else (slug, "", "")
    taxonomy = site.settings.taxonomies.get("product_category")
    if field not in {make_slug(name) for name in settings.facets} or taxonomy is None:
        return ListRule("facet", slug)
    url = f"{site.prefix(locale)}{taxonomy.url.replace('{slug}', category).rstrip('/')}/{field}/{value}/"
    return ListRule(
        "facet", slug, url, size=site.settings.page_size, index=f"lists/facet/{category}", least=settings.facets_least,
        noindex=not settings.facets_indexed,
    )  # fmt: skip


def _list_by_facet(placing: Placing) -> Iterator[Item]:
    """Each category of a product with each of its values of the facets."""
    settings: ShopSettings = placing.site.settings.vertical["shop"]
    if not settings.facets or not placing.path or placing.fields.get("unlisted") or not is_product(placing.schema):
        return
    categories = dict.fromkeys(make_slug(name) for name in term_names(placing.fields.get("categories")))
    for facet in settings.facets:
        values = {make_slug(value): value for value in list_values(placing.fields, facet)}
        for category in categories:
            for slug, value in list(values.items())[:_MOST_VALUES]:
                for where in placing.locales:
                    yield Item(where, f"facet/{category}/{make_slug(facet)}/{slug}", placing.place(where), value)


def list_values(fields: dict[str, Json], facet: str) -> list[str]:
    """What a product has of a facet: a field, or an attribute of its variations, whatever case its name is written in."""
    if fields.get(facet) not in (None, ""):
        return term_names(fields[facet])
    variations = [one for one in fields.get("variations") or () if isinstance(one, dict) and one.get("is_active", True)]
    wanted = facet.casefold()
    found = [str(value) for one in variations for name, value in (one.get("attributes") or {}).items() if str(name).casefold() == wanted]
    return list(dict.fromkeys(found))


def _merchant_rule(site: Site, locale: str, slug: str) -> ListRule:
    return ListRule(
        "merchant", slug, size=MERCHANT_SIZE, chunks=True, page_kind="merchant", page_url=f"{site.prefix(locale)}/merchant-{{number}}.xml"
    )


def _list_for_merchant(placing: Placing) -> Iterator[Item]:
    """What can be bought here and is not hidden, in the order of its address."""
    kind = placing.fields.get("product_type")
    if placing.path and placing.indexed and is_product(placing.schema) and kind not in ("external", "grouped"):
        yield Item(placing.row.locale, MERCHANT, b"\x01" + placing.path.encode())


LISTS: Final = (
    ListKind("sale", _sale_rule, _list_on_sale, title="cms_ssg.verticals.shop.lists:title_sale"),
    ListKind("facet", _facet_rule, _list_by_facet),
    ListKind("merchant", _merchant_rule, _list_for_merchant),
)
