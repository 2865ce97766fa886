"""The page of an order as HTML, and the form by which its link is sent again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from cms_ssg.selling.addresses import format_lines
from cms_ssg.verticals.shop.pages import Around, list_attributes, sum_table
from cms_ssg.verticals.shop.queries import DownloadRow, ItemRow, OrderRow


def render_link_form(around: Around, *, is_sent: bool = False) -> Markup:
    """The form by which a buyer gets the link to an order again."""
    t = around.t
    told = Markup('<p class="status" role="status">{}</p>\n').format(t("shop_link_sent")) if is_sent else Markup("")
    return Markup(
        '<h1>{}</h1>\n{}<p>{}</p><form method="post" action="{}/api/orders/link"><input type="hidden" name="locale" value="{}">'
        '<p class="field"><label for="f-order">{}</label><input id="f-order" name="order" required maxlength="40"></p>{}<p><button class="button">{}</button></p></form>'
    ).format(
        t("shop_link_title"), told, t("shop_link_about"), around.base, around.locale, t("shop_link_number"),
        around.input("email", "email", complete="email"), t("shop_link_send"),
    )  # fmt: skip


def render_order(
    around: Around, order: OrderRow, items: Sequence[ItemRow], downloads: Sequence[tuple[DownloadRow, str]], invoice: str = ""
) -> Markup:
    """An order as its buyer sees it. downloads: files and where they are fetched; invoice: where that is."""
    t = around.t
    rows = Markup("").join(
        Markup('<tr><th scope="row">{} × {}{}</th><td class="amount">{}</td></tr>').format(
            item.quantity,
            item.product_name,
            list_attributes(item.metadata.get("attributes") or {}),
            around.money(item.subtotal, order.currency),
        )
        for item in items
    )
    sums: list[tuple[str, int]] = [(t("shop_subtotal"), order.subtotal)]
    if order.discount_total:
        sums.append((t("shop_discount"), -order.discount_total))
    if order.shipping_method:
        sums.append((f"{t('shop_shipping')} ({order.shipping_method})", order.shipping_cost))
    parts = list(_tell_order(around, order, downloads))
    if order.invoice_number is not None and invoice:
        parts.append(Markup('<p><a href="{}">{} {}</a></p>').format(invoice, t("shop_invoice"), order.invoice_number))
    lines = Markup("<br>").join(format_lines(order.shipping_address or order.billing_address))
    return Markup('<h1>{}</h1>\n<p class="status" role="status">{}</p>\n{}<table class="sums"><tbody>{}</tbody></table>\n{}\n<h2>{}</h2><address>{}</address>').format(
        t("shop_order_number", number=order.order_number), t(f"shop_status_{order.status}"), Markup("").join(parts), rows,
        sum_table(around, sums, order.tax_total, order.total, order.currency, included=order.taxes_included), t("shop_address"), lines,
    )  # fmt: skip


def _tell_order(around: Around, order: OrderRow, downloads: Sequence[tuple[DownloadRow, str]]) -> Iterator[Markup]:
    t = around.t
    if order.paid_at is not None:  # for whoever counts what visitors reach, such as experiments
        yield Markup('<span data-goal-reached="order" hidden></span>')
    if order.status in ("pending", "failed") and order.payment_page:
        yield Markup('<p><a class="button" href="{}">{}</a></p>').format(order.payment_page, t("shop_pay_now"))
    if order.payment_method == "manual" and order.paid_at is None and order.status == "on_hold":
        yield Markup("<p>{}</p>").format(t("shop_pay_by_hand", number=order.order_number, amount=around.money(order.total, order.currency)))
    if order.refunded_total:
        yield Markup("<p>{}</p>").format(t("shop_refunded", amount=around.money(order.refunded_total, order.currency)))
    for one in order.tracking:
        link = (
            Markup('<a href="{}" rel="noreferrer">{}</a>').format(one["url"], one["tracking"])
            if one.get("url", "").startswith("https://")
            else escape(one.get("tracking", ""))
        )
        yield Markup("<p>{} {} {}</p>").format(t("shop_sent"), one.get("carrier", ""), link)
    if downloads:
        files = Markup("").join(
            Markup('<li><a href="{}" download>{}</a>{}</li>').format(
                link, f"{row.name}: {row.file.rpartition('/')[2]}", "" if row.left is None else f" ({row.left})"
            )
            for row, link in downloads
        )
        yield Markup("<h2>{}</h2><ul>{}</ul>").format(t("shop_downloads"), files)
