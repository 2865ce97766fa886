"""E-mails about orders, as plain text in the buyer's language, written in the transaction that makes them necessary: each is sent once."""

from __future__ import annotations

from functools import lru_cache

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from cms_ssg.mail.outbox import ADD, mail_values, one_line
from cms_ssg.payment.provider import Shop
from cms_ssg.render.strings import Translator, load_strings, make_t
from cms_ssg.render.theme_chain import theme_folders
from cms_ssg.site import Site
from cms_ssg.store.query import fetch_async
from cms_ssg.text.money import format_amount
from cms_ssg.verticals.shop import queries
from cms_ssg.verticals.shop.carts import settings_of
from cms_ssg.verticals.shop.forms import order_path
from cms_ssg.verticals.shop.queries import OrderRow


@lru_cache(maxsize=64)
def translator_of(site: Site, locale: str) -> Translator:
    """The texts of a language, with those that the site has changed."""
    return make_t(load_strings(theme_folders(site.root, site.settings).strings, locale, site.root))


async def write_mail(connection: AsyncConnection[TupleRow], shop: Shop, order: OrderRow, kind: str) -> None:
    """Write the e-mail of an order. kind: ``paid``, ``waiting``, ``sent``, ``refunded``, ``cancelled`` or ``link_again``: the text that it begins with."""
    site = shop.site
    locale = order.locale if order.locale in site.locales else site.default_locale
    t = translator_of(site, locale)

    def money(amount: int) -> str:
        return format_amount(amount, order.currency, locale)

    items = await fetch_async(connection, queries.ITEMS, number=order.number)
    lines = [t(f"shop_mail_{kind}", name=order.customer_name, number=order.order_number, amount=money(order.total)), ""]
    lines += [f"{item.quantity} × {item.product_name}  {money(item.subtotal)}" for item in items]
    if order.discount_total:
        lines.append(f"{t('shop_discount')}: {money(-order.discount_total)}")
    if order.shipping_method:
        lines.append(f"{t('shop_shipping')} ({order.shipping_method}): {money(order.shipping_cost)}")
    if order.tax_total and not order.taxes_included:
        lines.append(f"{t('shop_tax')}: {money(order.tax_total)}")
    lines.append(f"{t('shop_total')}: {money(order.total)}")
    if order.tax_total and order.taxes_included:
        lines.append(t("shop_tax_included", amount=money(order.tax_total)))
    if order.refunded_total:
        lines.append(t("shop_refunded", amount=money(order.refunded_total)))
    lines += [
        " ".join(part for part in (one.get("carrier", ""), one.get("tracking", ""), one.get("url", "")) if part) for one in order.tracking
    ]
    lines += ["", t("shop_mail_link"), site.origin + order_path(shop, order.order_id)]
    subject = f"{t('shop_order_number', number=order.order_number)} · {site.settings.title}"
    buyer = one_line(order.customer_email)
    await connection.execute(ADD, mail_values(shop.number, buyer, subject, "\n".join(lines)))
    notify = settings_of(site).notify
    if notify and kind in ("paid", "waiting"):
        own = translator_of(site, site.default_locale)
        subject = one_line(
            own("shop_mail_new", number=order.order_number, amount=format_amount(order.total, order.currency, site.default_locale))
        )
        body = "\n".join([subject, order.customer_name, "", *(f"{item.quantity} × {item.product_name} ({item.sku})" for item in items)])
        await connection.execute(ADD, mail_values(shop.number, notify, subject, body, buyer))
