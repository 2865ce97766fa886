"""E-mails about orders, as plain text in the buyer's language, written in the transaction that makes them necessary: each is sent once."""

from __future__ import annotations

from collections.abc import Sequence
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
from cms_ssg.verticals.shop.credit_notes import CREDIT_NOTES
from cms_ssg.verticals.shop.forms import order_path
from cms_ssg.verticals.shop.queries import ItemRow, OrderRow


@lru_cache(maxsize=64)
def translator_of(site: Site, locale: str) -> Translator:
    """The texts of a language, with those that the site has changed."""
    return make_t(load_strings(theme_folders(site.root, site.settings).strings, locale, site.root))


async def write_mail(connection: AsyncConnection[TupleRow], shop: Shop, order: OrderRow, kind: str, amount: int | None = None) -> None:
    """Write the e-mail of an order. kind: ``paid``, ``paid_digital``, ``waiting``, ``on_its_way``, ``failed``, ``sent``, ``refunded``, ``cancelled`` or
    ``link_again``: the text that it begins with; amount: that this text names, None for the order's total.
    """
    site = shop.site
    locale = order.locale if order.locale in site.locales else site.default_locale
    t = translator_of(site, locale)
    items = await fetch_async(connection, queries.ITEMS, number=order.number)
    money = format_amount(order.total if amount is None else amount, order.currency, locale)
    lines = [t(f"shop_mail_{kind}", name=order.customer_name, number=order.order_number, amount=money), ""]
    account = settings_of(site).bank_account
    if account and kind == "waiting":
        lines += [account.strip(), ""]
    lines += _list_sent(items) if kind == "sent" else _list_costs(t, order, items, locale)
    lines += [
        " ".join(part for part in (one.get("carrier", ""), one.get("tracking", ""), one.get("url", "")) if part) for one in order.tracking
    ]
    path = order_path(shop, order.order_id).removeprefix(site.base_path)
    if kind == "refunded" and (notes := await fetch_async(connection, CREDIT_NOTES, number=order.number)):
        note = path.replace("?", f"/credit-note-{notes[-1].number}?")
        lines += ["", f"{t('shop_credit_note')} {notes[-1].number}", site.link_url + note]
    lines += ["", t("shop_mail_link"), site.link_url + path]
    subject = f"{t('shop_order_number', number=order.order_number)} · {site.settings.title}"
    buyer = one_line(order.customer_email)
    await connection.execute(ADD, mail_values(shop.number, buyer, subject, "\n".join(lines)))
    notify = settings_of(site).notify
    if notify and kind in ("paid", "paid_digital", "waiting", "on_its_way"):
        own = translator_of(site, site.default_locale)
        subject = one_line(
            own("shop_mail_new", number=order.order_number, amount=format_amount(order.total, order.currency, site.default_locale))
        )
        body = "\n".join([subject, order.customer_name, "", *(f"{item.quantity} × {item.full_name} ({item.sku})" for item in items)])
        await connection.execute(ADD, mail_values(shop.number, notify, subject, body, buyer))


async def write_problem_mail(connection: AsyncConnection[TupleRow], shop: Shop, order: OrderRow, problem: str) -> None:
    """Tell the shopkeeper that a refund failed, or of a dispute."""
    site = shop.site
    if notify := settings_of(site).notify:
        subject = one_line(translator_of(site, site.default_locale)("shop_mail_problem", number=order.order_number))
        body = "\n".join([problem, "", f"{site.origin}{site.base_path}/desk/orders/{order.order_number}"])
        await connection.execute(ADD, mail_values(shop.number, notify, subject, body))


def _list_sent(items: Sequence[ItemRow]) -> list[str]:
    """What is in the parcel: what was refunded is not."""
    return [f"{left} × {item.full_name}" for item in items if (left := item.quantity - item.refunded_quantity) > 0 and not item.is_digital]


def _list_costs(t: Translator, order: OrderRow, items: Sequence[ItemRow], locale: str) -> list[str]:
    """What was bought, what it costs together, and what of it was refunded."""

    def money(amount: int) -> str:
        return format_amount(amount, order.currency, locale)

    lines = []
    for item in items:
        back = item.refunded_quantity if order.refunded_total else 0
        refunded = f" ({t('shop_units_refunded', count=back)})" if back else ""
        lines.append(f"{item.quantity} × {item.full_name}  {money(item.subtotal)}{refunded}")
    if order.discount_total:
        lines.append(f"{t('shop_discount')}: {money(-order.discount_total)}")
    if order.shipping_method:
        lines.append(f"{t('shop_shipping')} ({order.shipping_method}): {money(order.shipping_cost)}")
    if order.tax_total and not order.taxes_included:
        lines.append(f"{t('shop_tax')}: {money(order.tax_total)}")
    lines.append(f"{t('shop_total')}: {money(order.total)}")
    if order.tax_total and order.taxes_included:
        lines.append(t("shop_tax_included", amount=money(order.tax_total)))
    if order.metadata.get("vat_number"):
        lines.append(t("shop_reverse_charge", number=order.metadata["vat_number"]))
    if order.refunded_total:
        lines.append(t("shop_refunded", amount=money(order.refunded_total)))
    return lines
