"""The sitemap for Google News: stories of the last two days, by the clock (https://support.google.com/news/publisher-center/answer/9606710)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cms_ssg.kinds.output_kind import XML
from cms_ssg.render.dates import format_iso
from cms_ssg.render.feeds import clean_xml, make_ascii_url
from cms_ssg.render.page import EARLIEST, LATEST

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.render.requests import Job

SPAN: Final = timedelta(days=2)
MOST: Final = 1000


def render_news_sitemap(page: Page, job: Job) -> tuple[bytes, str]:
    """The newest stories of every locale, until they are two days old."""
    shown = []
    valid_from, valid_until = EARLIEST, LATEST
    for locale in page.site.settings.locales:
        row = page.reader.list_named(locale.code, "news/all")
        for member in page.reader.window("top", row.id, MOST) if row is not None else ():
            card = page.card(member)
            if card is None or card.date is None:
                continue
            leaves = card.date.astimezone(UTC) + SPAN
            if leaves <= page.now:
                valid_from = max(valid_from, leaves)
                break  # all others are older
            if "unindexed" not in card._data:
                valid_until = min(valid_until, leaves)
                shown.append((card.date, card, locale.hreflang or locale.code))
    page.reader.reads.span(valid_from, valid_until)
    shown.sort(key=lambda item: (-item[0].timestamp(), item[1].path))
    name = _text(str(page.site_view.title))
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    out = [f'<?xml version="1.0" encoding="utf-8"?>\n<urlset {spaces}>\n']
    for date, card, language in shown[:MOST]:
        out.append(
            f"<url><loc>{_text(make_ascii_url(page.absolute(card.path)))}</loc><news:news><news:publication><news:name>{name}</news:name>"
            f"<news:language>{_text(_language(language))}</news:language></news:publication>"
            f"<news:publication_date>{_date(date)}</news:publication_date><news:title>{_text(card.title)}</news:title></news:news></url>\n"
        )
    return "".join([*out, "</urlset>\n"]).encode(), XML


def _language(code: str) -> str:
    """ISO 639, or one of the two codes for Chinese."""
    code = code.lower()
    if code.startswith("zh"):
        return "zh-tw" if code in ("zh-tw", "zh-hant", "zh-hk") else "zh-cn"
    return code.partition("-")[0]


def _date(date: datetime) -> str:
    return format_iso(date) or ""


def _text(text: str) -> str:
    return clean_xml(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
