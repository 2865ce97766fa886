"""Orders as HTML for the desk. Everything that somebody wrote is shown as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from cms_ssg.payment.money import to_decimal
from cms_ssg.selling.addresses import format_lines
from cms_ssg.verticals.shop.queries import EventRow, ItemRow, OrderRow

STATUSES: Final = ("pending", "processing", "on_hold", "completed", "cancelled", "refunded", "failed")


def _money(amount: int, currency: str) -> str:
    return f"{to_decimal(amount, currency)} {currency}"


def render_orders(rows: Sequence[OrderRow], status: str, words: str, more: int, base: str) -> Markup:
    """A table of orders with its search. more: the number before which the next ones are, 0 for none."""
    options = Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(one, Markup(" selected") if one == status else "", one or "every status")
        for one in ("", *STATUSES)
    )
    form = Markup(
        '<form class="acts" action="{}/desk/orders/all"><label for="q">Number, name or e-mail</label><input id="q" name="q" value="{}" maxlength="100">'
        '<select name="status" aria-label="Status">{}</select><button>Search</button></form>'
    ).format(base, words, options)
    lines = Markup("").join(
        Markup(
            '<tr><th scope="row"><a href="{}/desk/orders/{}">{}</a></th><td>{}</td><td>{}</td><td>{}</td><td class="n">{}</td></tr>'
        ).format(
            base,
            row.order_number,
            row.order_number,
            f"{row.created_at:%Y-%m-%d %H:%M}",
            row.customer_name,
            row.status,
            _money(row.total, row.currency),
        )
        for row in rows
    )
    next_page = (
        Markup('<p><a href="{}/desk/orders/all?status={}&amp;q={}&amp;before={}">Older</a></p>').format(base, status, words, more)
        if more
        else Markup("")
    )
    table = Markup(
        '<div class="scroll"><table><thead><tr><th scope="col">Order</th><th scope="col">On</th><th scope="col">Customer</th><th scope="col">Status</th>'
        '<th scope="col" class="n">Total</th></tr></thead><tbody>{}</tbody></table></div>'
    ).format(lines)
    return Markup('{}{}{}<p><a href="{}/desk/orders">What waits</a></p>').format(
        form, table if rows else Markup("<p>No order.</p>"), next_page, base
    )


def render_order(order: OrderRow, items: Sequence[ItemRow], events: Sequence[EventRow], csrf: str, key: str, base: str) -> Markup:
    """One order: what was bought, by whom, what happened, and the buttons that its status allows. key: of the refund that its form asks for."""
    here = f"{base}/desk/orders/{order.order_number}"
    facts = [
        ("Status", order.status), ("Payment", f"{order.payment_method} {order.payment_status or ''}"), ("Problem", order.payment_problem or ""),
        ("Customer", f"{order.customer_name}\n{order.customer_email}"), ("Billing address", "\n".join(format_lines(order.billing_address))),
        ("Shipping address", "\n".join(format_lines(order.shipping_address)) if order.shipping_address else ""), ("Shipping", order.shipping_method),
        ("VAT number", order.metadata.get("vat_number", "")), ("Note", order.customer_note), ("Ordered", f"{order.created_at:%Y-%m-%d %H:%M}"),
        ("Paid", f"{order.paid_at:%Y-%m-%d %H:%M}" if order.paid_at else ""), ("Invoice", str(order.invoice_number or "")),
        ("Sent", "\n".join(" ".join(filter(None, (one.get("carrier"), one.get("tracking"), one.get("url")))) for one in order.tracking)),
    ]  # fmt: skip
    listed = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(name, text) for name, text in facts if text.strip())
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}<br><small>{}</small></th><td class="n">{}</td><td class="n">{}</td><td class="n">{}</td></tr>').format(
            item.product_name, item.sku, f"{item.quantity}" + (f" (−{item.refunded_quantity})" if item.refunded_quantity else ""),
            _money(item.unit_price, order.currency), _money(item.subtotal, order.currency),
        )
        for item in items
    )  # fmt: skip
    sums = [
        ("Discount", -order.discount_total),
        ("Shipping", order.shipping_cost),
        ("Tax" + (" (included)" if order.taxes_included else ""), order.tax_total),
    ]
    totals = Markup("").join(
        Markup('<tr><th scope="row" colspan="3">{}</th><td class="n">{}</td></tr>').format(name, _money(amount, order.currency))
        for name, amount in sums
        if amount
    )
    last = Markup('<tr class="total"><th scope="row" colspan="3">Total</th><td class="n">{}</td></tr>').format(
        _money(order.total, order.currency)
    )
    if order.refunded_total:
        last += Markup('<tr><th scope="row" colspan="3">Refunded</th><td class="n">{}</td></tr>').format(
            _money(order.refunded_total, order.currency)
        )
    papers = [("packing-slip", "Packing slip")] + ([("invoice", "Invoice")] if order.invoice_number else [])
    links = Markup(" · ").join(
        Markup('<a href="{0}/{1}">{2}</a> (<a href="{0}/{1}.pdf">PDF</a>)').format(here, name, title) for name, title in papers
    )
    history = Markup("").join(
        Markup("<tr><td>{}</td><td>{}</td></tr>").format(f"{event.at:%Y-%m-%d %H:%M}", event.said) for event in events
    )
    return Markup(
        '<dl>{}</dl><p>{}</p><div class="scroll"><table><thead><tr><th scope="col">Product</th><th scope="col" class="n">Quantity</th><th scope="col" class="n">Price</th>'
        '<th scope="col" class="n">Sum</th></tr></thead><tbody>{}{}{}</tbody></table></div>{}<h2>History</h2><table><tbody>{}</tbody></table>'
        '<p><a href="{}/desk/orders">What waits</a> · <a href="{}/desk/orders/all">All orders</a></p>'
    ).format(listed, links, rows, totals, last, _render_actions(order, items, here, csrf, key), history, base, base)  # fmt: skip


def _render_actions(order: OrderRow, items: Sequence[ItemRow], here: str, csrf: str, key: str) -> Markup:
    parts = []
    if order.status in ("processing", "completed"):
        parts.append(
            (
                "ship",
                "Send",
                _inputs(("carrier", "Carrier", 200), ("tracking", "Tracking number", 200), ("url", "Address to follow it", 1000)),
            )
        )
    if order.payment_method == "manual" and order.paid_at is None and order.status == "on_hold":
        parts.append(("pay", "The money has come", Markup("")))
    if order.paid_at is not None and order.refunded_total < order.total:
        quantities = Markup("").join(
            Markup('<p><label>{0} of {1} <input type="number" name="q{2}" min="0" max="{1}" value="0"></label></p>').format(
                item.product_name, item.quantity - item.refunded_quantity, item.number
            )
            for item in items
            if item.quantity > item.refunded_quantity
        )
        rest = Markup(
            '<p><label>Amount, where it is another than that of these lines <input name="amount" inputmode="decimal" maxlength="30"></label></p>'
            '<p><label><input type="checkbox" name="restock"> Put them back into the stock</label></p><p>Without a quantity and an amount: all that is left.</p>{}'
            '<input type="hidden" name="key" value="{}">'
        ).format(_inputs(("reason", "Reason", 500)), key)
        parts.append(("refund", "Refund", quantities + rest))
    if order.status in ("pending", "failed", "on_hold", "processing"):
        parts.append(("cancel", "Cancel the order", _inputs(("reason", "Reason", 500))))
    parts.append(("note", "Add a note", _inputs(("note", "Note, for yourselves", 2000))))
    return Markup("").join(
        Markup('<form method="post" action="{}/{}"><fieldset><legend>{}</legend><input type="hidden" name="csrf" value="{}">{}<button>{}</button></fieldset></form>').format(
            here, action, title, csrf, inside, title
        )
        for action, title, inside in parts
    )  # fmt: skip


def _inputs(*fields: tuple[str, str, int]) -> Markup:
    return Markup("").join(
        Markup('<p><label>{} <input name="{}" maxlength="{}"></label></p>').format(label, name, most) for name, label, most in fields
    )
