"""Where a shop keeps what people said of themselves. Orders are kept, since books have to be, and say no more who it was."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.kinds.vertical import Personal, mentions

_THEIRS: Final[LiteralString] = "o.site = %(site)s AND lower(o.customer_email) = lower(%(email)s)"

PERSONAL: Final = (
    Personal(
        """SELECT 'order_events', to_jsonb(v) FROM cms.order_events v JOIN cms.orders o ON o.number = v."order" WHERE v.note <> '' AND """
        + _THEIRS,
        ("""UPDATE cms.order_events v SET note = '' FROM cms.orders o WHERE o.number = v."order" AND v.note <> '' AND """ + _THEIRS,),
    ),
    Personal(
        "SELECT 'payment_refunds', to_jsonb(r) FROM cms.payment_refunds r JOIN cms.payments p ON p.number = r.payment"
        " JOIN cms.orders o ON p.subject = 'shop/' || o.number WHERE r.site = %(site)s AND p.site = o.site AND " + _THEIRS,
        (
            "UPDATE cms.payment_refunds r SET reason = '' FROM cms.payments p JOIN cms.orders o ON p.subject = 'shop/' || o.number"
            " WHERE p.number = r.payment AND p.site = o.site AND r.reason <> '' AND " + _THEIRS,
        ),
    ),
    Personal(
        f"SELECT 'orders', to_jsonb(o) FROM cms.orders o WHERE {_THEIRS}",
        (
            f"""UPDATE cms.orders o SET customer_email = 'erased@invalid', customer_name = 'erased', customer_note = '', customer_id = NULL, admin_notes = '{{}}',
                  billing_address = jsonb_build_object('country', billing_address ->> 'country'),
                  shipping_address = CASE WHEN shipping_address IS NOT NULL THEN jsonb_build_object('country', shipping_address ->> 'country') END,
                  tracking = '[]', metadata = metadata - 'vat_number'
                WHERE {_THEIRS}""",
            "UPDATE cms.orders SET admin_notes = '{}' WHERE site = %(site)s AND " + mentions("admin_notes::text"),
        ),
    ),
    Personal(
        "SELECT 'stock_moves', to_jsonb(m) FROM cms.stock_moves m WHERE site = %(site)s AND " + mentions("author"),
        ("UPDATE cms.stock_moves SET author = 'erased' WHERE site = %(site)s AND " + mentions("author"),),
    ),
)
