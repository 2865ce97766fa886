"""The table [shop] of site.toml."""

from __future__ import annotations

from cms_ssg.selling.pricing import Pricing


class ShopSettings(Pricing, frozen=True, forbid_unknown_fields=True):
    """countries: that are sold to, () for every one; country: of a visitor who has not said; reserve_minutes: how long goods are kept for who pays;
    payments: providers that are offered, the first one is chosen. eu_vat: also, businesses of other members with a VAT number pay without tax.
    seller: name, address and tax number, for invoices; invoice_note: below each; bank_account: for buyers who transfer the money; terms: path of the
    page that buyers must accept; notify: who gets an e-mail for each new order and for stock that becomes low. facets: fields, attributes of variations
    or ``brand``, by whose values a category has pages; facets_least: products that such a page needs; facets_indexed: search engines may have them.
    """

    country: str = ""
    countries: tuple[str, ...] = ()
    payments: tuple[str, ...] = ("manual",)
    reserve_minutes: int = 15
    seller: str = ""
    bank_account: str = ""
    invoice_note: str = ""
    notify: str = ""
    terms: str = ""
    facets: tuple[str, ...] = ()
    facets_least: int = 3
    facets_indexed: bool = False
