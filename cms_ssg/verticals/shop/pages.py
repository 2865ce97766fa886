"""The cart, the checkout and an order as HTML, between the head and the foot of the page that the build rendered. All of it works without a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup, escape

from cms_ssg.payment.money import format_amount
from cms_ssg.render.strings import Translator
from cms_ssg.selling.addresses import find_form, format_lines, list_all_countries, name_country
from cms_ssg.verticals.shop.carts import Quote, list_countries
from cms_ssg.verticals.shop.queries import DownloadRow, ItemRow, OrderRow
from cms_ssg.verticals.shop.settings import ShopSettings

_COMPLETE: Final = {
    "name": "name", "company": "organization", "line1": "address-line1", "line2": "address-line2", "postcode": "postal-code", "city": "address-level2",
    "region": "address-level1",
}  # fmt: skip
"""Our fields as browsers know them."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a page knows beside its subject. base: the site's base path; locale: of the page."""

    t: Translator
    locale: str
    base: str
    settings: ShopSettings

    def money(self, amount: int, currency: str) -> str:
        """An amount in the page's language."""
        return format_amount(amount, currency, self.locale)

    def input(
        self, name: str, kind: str = "text", value: str = "", *, complete: str = "", required: bool = True, half: bool = False
    ) -> Markup:
        """A field of a form with its label. half: it may share its line with another one."""
        label = self.t(f"shop_{name}")
        more = Markup(' autocomplete="{}"').format(complete) if complete else Markup("")
        more += Markup(" required") if required else Markup("")
        return Markup(
            '<p class="field{5}"><label for="f-{0}">{1}</label><input id="f-{0}" name="{0}" type="{2}" value="{3}" maxlength="200"{4}></p>'
        ).format(name, label, kind, value, more, " half" if half else "")


def render_cart(around: Around, quote: Quote | None, problem: str = "") -> Markup:
    """A cart with forms for its quantities, its coupon and where it is sent."""
    t, base = around.t, around.base
    if quote is None or not (quote.lines or quote.problems):
        return Markup('<h1>{}</h1>\n{}<p>{}</p>\n<p><a class="button" href="{}">{}</a></p>').format(
            t("shop_cart"), _notice(problem), t("shop_empty"), f"{base}/", t("shop_continue")
        )
    notices = Markup("").join(_notice(_say(around, one.code, one.message)) for one in quote.problems)
    rows = Markup("").join(_cart_row(around, quote, place) for place in range(len(quote.lines)))
    path = f"{base}/api/carts/mine"
    table = Markup(
        '<div class="scroll"><table class="cart"><thead><tr><th scope="col">{}</th><th scope="col">{}</th><th scope="col">{}</th><th scope="col" class="amount">{}</th>'
        "</tr></thead><tbody>{}</tbody></table></div>"
    ).format(t("shop_product"), t("shop_price"), t("shop_quantity"), t("shop_sum"), rows)
    coupon = Markup(
        '<form class="inline" method="post" action="{}/coupon"><label for="f-code">{}</label>'
        '<input id="f-code" name="code" value="{}" maxlength="50" autocomplete="off"><button>{}</button></form>'
    ).format(path, t("shop_coupon"), quote.cart.coupon, t("shop_use"))
    go = (
        Markup('<p><a class="button" href="{}/api/checkout">{}</a></p>').format(base, t("shop_to_checkout"))
        if not _blocks(quote)
        else Markup("")
    )
    return Markup("<h1>{}</h1>\n{}{}{}\n{}\n{}\n{}\n{}").format(
        t("shop_cart"), _notice(problem), notices, table, _shipping_form(around, quote), coupon, _sums(around, quote), go
    )


def _cart_row(around: Around, quote: Quote, place: int) -> Markup:
    t, line, sums = around.t, quote.lines[place], quote.totals.lines[place]
    path = f"{around.base}/api/carts/mine/lines"
    was = Markup("<del>{}</del> ").format(around.money(line.what.was, quote.currency)) if line.what.was else Markup("")
    form = Markup(
        '<form class="inline" method="post" action="{0}"><input type="hidden" name="sku" value="{1}"><input type="hidden" name="set" value="1">'
        '<label class="hide" for="q-{2}">{3}</label><input id="q-{2}" name="quantity" type="number" inputmode="numeric" min="0" max="9999" value="{4}"><button>{5}</button></form>'
        '<form class="inline" method="post" action="{0}"><input type="hidden" name="sku" value="{1}"><input type="hidden" name="set" value="1">'
        '<button class="plain" name="quantity" value="0" aria-label="{6}">{7}</button></form>'
    ).format(
        path, line.what.sku, place, t("shop_quantity_of", name=line.what.title), line.quantity, t("shop_update"), t("shop_remove_name", name=line.what.title), t("shop_remove")
    )  # fmt: skip
    return Markup('<tr><th scope="row"><a href="{}">{}</a>{}</th><td>{}{}</td><td>{}</td><td class="amount">{}</td></tr>').format(
        around.base + line.what.path, line.what.title, _attributes(line.what.attributes), was, around.money(line.what.price, quote.currency), form,
        around.money(sums.subtotal, quote.currency),
    )  # fmt: skip


def _shipping_form(around: Around, quote: Quote) -> Markup:
    t = around.t
    if not quote.is_sent or not around.settings.shipping:
        return Markup("")
    countries = list_countries(around.settings)
    options = Markup("").join(
        Markup('<option value="{0}"{1}>{2}</option>').format(
            code, Markup(" selected") if code == quote.cart.country else "", name_country(code, around.locale)
        )
        for code in (countries if quote.cart.country in countries else ["", *countries])
    )
    methods = Markup("").join(
        Markup('<p class="choice"><label><input type="radio" name="method" value="{}"{}> {} <span>{}</span></label></p>').format(
            one.method.id,
            Markup(" checked") if one is quote.offer else "",
            one.method.name,
            around.money(one.price, quote.currency) if one.price else t("shop_free"),
        )
        for one in quote.offers
    )
    number = around.input("vat_number", value=quote.cart.vat_number, required=False) if around.settings.eu_vat else Markup("")
    return Markup(
        '<form class="send" method="post" action="{}/api/carts/mine/shipping"><fieldset><legend>{}</legend><p class="field"><label for="f-country">{}</label>'
        '<select id="f-country" name="country">{}</select></p>{}{}<button>{}</button></fieldset></form>'
    ).format(around.base, t("shop_shipping"), t("shop_country"), options, number, methods, t("shop_update"))


def _sums(around: Around, quote: Quote) -> Markup:
    t, totals = around.t, quote.totals
    rows: list[tuple[str, int]] = [(t("shop_subtotal"), totals.subtotal)]
    if totals.discount:
        rows.append((t("shop_discount"), -totals.discount))
    if quote.offer is not None:
        rows.append((f"{t('shop_shipping')} ({quote.offer.method.name})", totals.shipping_cost))
    table = _sum_table(around, rows, totals.tax, totals.total, quote.currency, included=quote.taxes_included)
    if quote.is_reverse:
        table += Markup('<p class="quiet">{}</p>').format(t("shop_reverse_charge", number=quote.cart.vat_number))
    return table


def _sum_table(around: Around, rows: list[tuple[str, int]], tax: int, total: int, currency: str, *, included: bool) -> Markup:
    t = around.t
    if tax and not included:
        rows = [*rows, (t("shop_tax"), tax)]
    lines = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td class="amount">{}</td></tr>').format(name, around.money(amount, currency))
        for name, amount in rows
    )
    last = Markup('<tr class="total"><th scope="row">{}</th><td class="amount">{}</td></tr>').format(
        t("shop_total"), around.money(total, currency)
    )
    note = (
        Markup('<p class="quiet">{}</p>').format(t("shop_tax_included", amount=around.money(tax, currency)))
        if tax and included
        else Markup("")
    )
    return Markup('<table class="sums"><tbody>{}{}</tbody></table>{}').format(lines, last, note)


def render_checkout(around: Around, quote: Quote, key: str, given: dict[str, Any], problem: str = "") -> Markup:
    """The form by which an order is placed. key: the same however often it is sent; given: what was filled in before."""
    t = around.t

    country = quote.cart.country or around.settings.country

    def text(name: str) -> str:
        return str(given.get(name) or "")

    fields = [
        around.input("email", "email", text("email"), complete="email"), around.input("name", value=text("name"), complete="name"),
        around.input("company", value=text("company"), complete="organization", required=False),
        around.input("line1", value=text("line1"), complete="address-line1"), around.input("line2", value=text("line2"), complete="address-line2", required=False),
        *_region_fields(around, country, text("postcode"), text("city"), text("region")),
    ]  # fmt: skip
    payments = Markup("").join(
        Markup('<p class="choice"><label><input type="radio" name="payment" value="{}" required{}> {}</label></p>').format(
            name, Markup(" checked") if name == (text("payment") or around.settings.payments[0]) else "", t(f"shop_pay_{name}")
        )
        for name in around.settings.payments
        if name != "stripe_intents"  # needs a front end with Stripe's script
    )
    lines = Markup("").join(
        Markup('<tr><th scope="row">{} × {}{}</th><td class="amount">{}</td></tr>').format(
            line.quantity, line.what.title, _attributes(line.what.attributes), around.money(sums.subtotal, quote.currency)
        )
        for line, sums in zip(quote.lines, quote.totals.lines, strict=True)
    )
    return Markup(
        '<h1>{}</h1>\n{}<form class="checkout" method="post" action="{}/api/checkout">\n<input type="hidden" name="key" value="{}"><input type="hidden" name="version" value="{}">'
        '<input type="hidden" name="country" value="{}">\n<div><fieldset class="address"><legend>{}</legend>{}'
        '<p class="quiet">{}: {} · <a href="{}/api/cart">{}</a></p>{}</fieldset>\n'
        '<fieldset><legend>{}</legend>{}</fieldset></div>\n<div class="summary"><fieldset><legend>{}</legend><table class="sums"><tbody>{}</tbody></table>{}</fieldset>\n'
        '<p class="field"><label for="f-note">{}</label><textarea id="f-note" name="note" rows="3" maxlength="2000">{}</textarea></p>\n'
        '{}<p><button class="button">{}</button></p></div></form>'
    ).format(
        t("shop_checkout"), _notice(problem), around.base, key, quote.version, country, t("shop_address"), Markup("").join(fields),
        t("shop_country"), name_country(country, around.locale),
        around.base,
        t("shop_change"), _billing_fields(around, given, country), t("shop_payment"), payments, t("shop_summary"), lines, _sums(around, quote), t("shop_note"),
        text("note"), _terms(around),
        t("shop_order_now", amount=around.money(quote.totals.total, quote.currency)),
    )  # fmt: skip


def _billing_fields(around: Around, given: dict[str, Any], country: str) -> Markup:
    """Another address for the bill, closed until somebody wants it."""
    t = around.t
    names = list(_COMPLETE)
    fields = Markup("").join(
        Markup('<p class="field"><label for="f-bill_{0}">{1}</label><input id="f-bill_{0}" name="bill_{0}" value="{2}" maxlength="200" autocomplete="billing {3}"></p>').format(
            name, t(f"shop_{name}"), str(given.get(f"bill_{name}") or ""), _COMPLETE[name]
        )
        for name in names
    )  # fmt: skip
    chosen = str(given.get("bill_country") or country)
    options = Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(code, Markup(" selected") if code == chosen else "", name)
        for code, name in list_all_countries(around.locale)
    )
    select = Markup(
        '<p class="field"><label for="f-bill_country">{}</label><select id="f-bill_country" name="bill_country">{}</select></p>'
    ).format(t("shop_country"), options)
    is_open = Markup(" open") if any(given.get(f"bill_{name}") for name in names) else ""
    return Markup("<details{}><summary>{}</summary>{}{}</details>").format(is_open, t("shop_bill_elsewhere"), fields, select)


def _terms(around: Around) -> Markup:
    """The box to tick, where the shop has terms."""
    if not around.settings.terms:
        return Markup("")
    link = Markup('<a href="{}" target="_blank">{}</a>').format(around.base + around.settings.terms, around.t("shop_terms"))
    return Markup('<p class="choice"><label><input type="checkbox" name="terms" value="1" required> <span>{}</span></label></p>').format(
        Markup(escape(around.t("shop_accept_terms", terms="\0")).replace("\0", link))
    )


def _region_fields(around: Around, country: str, postcode: str, city: str, region: str) -> Iterator[Markup]:
    """Postcode, town and region, as addresses of a country have them."""
    form = find_form(country)
    if form.has_postcode:
        yield around.input("postcode", value=postcode, complete="postal-code", required=form.needs_postcode, half=True)
    yield around.input("city", value=city, complete="address-level2", half=form.has_postcode)
    if not form.region or not form.needs_region:
        return
    label = around.t(f"shop_region_{form.region}")
    label = around.t("shop_region") if label == f"shop_region_{form.region}" else label
    options = Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(code, Markup(" selected") if region in (code, name) else "", name)
        for code, name in (("", ""), *form.regions)
    )
    field = Markup('<select id="f-region" name="region" autocomplete="address-level1" required>{}</select>').format(options)
    plain = Markup('<input id="f-region" name="region" autocomplete="address-level1" value="{}" required maxlength="200">').format(region)
    yield Markup('<p class="field"><label for="f-region">{}</label>{}</p>').format(label, field if form.regions else plain)


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
            _attributes(item.metadata.get("attributes") or {}),
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
        _sum_table(around, sums, order.tax_total, order.total, order.currency, included=order.taxes_included), t("shop_address"), lines,
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


def _attributes(attributes: dict[str, Any]) -> Markup:
    text = ", ".join(f"{name}: {value}" for name, value in attributes.items())
    return Markup("<br><small>{}</small>").format(text) if text else Markup("")


def _notice(text: str) -> Markup:
    return Markup('<p class="notice" role="alert">{}</p>\n').format(text) if text else Markup("")


def _say(around: Around, code: str, message: str) -> str:
    said = around.t(f"shop_problem_{code}")
    return message if said == f"shop_problem_{code}" else f"{said} {message}" if code in ("stock", "sku") else said


def _blocks(quote: Quote) -> bool:
    return bool(quote.problems) or not quote.lines
