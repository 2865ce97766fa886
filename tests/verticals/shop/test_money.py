"""Money adds up: the lines are the total, the total is the charge, and every minor unit of it can be given back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.selling.pricing import Discount, Goods, list_shipping, sum_up
from cms_ssg.selling.shipping import Shipping
from cms_ssg.selling.tax import Tax, find_rate, is_reverse_charged, parse_vat_number
from cms_ssg.text.money import format_amount, parse_amount, split_amount, take_share, to_decimal
from cms_ssg.verticals.shop.settings import ShopSettings

CURRENCIES = ["USD", "JPY", "KWD"]
goods = st.lists(
    st.builds(
        Goods, sku=st.just("A"), quantity=st.integers(1, 9999), price=st.integers(0, 10**8), tax_class=st.sampled_from(["standard", "reduced"]),
        tax_status=st.sampled_from(["taxable", "shipping", "none"]), kg=st.decimals(0, 50, places=3), is_sent=st.booleans(),
    ),
    min_size=1, max_size=8,
)  # fmt: skip
discounts = (
    st.none()
    | st.builds(Discount, st.sampled_from(["percent", "free_shipping"]), st.integers(0, 10000))
    | st.builds(Discount, st.just("amount"), st.integers(0, 10**9))
)


@given(goods, discounts, st.sampled_from(CURRENCIES), st.booleans(), st.decimals(0, 30, places=2), st.decimals(0, 30, places=2))
def test_lines_are_the_total_whatever_the_currency_the_tax_and_the_discount(
    lines: list[Goods], discount: Discount | None, currency: str, included: bool, rate: Decimal, reduced: Decimal
) -> None:
    shipping = (Shipping("a", "A", price=7, price_per_kg=2),)
    settings = ShopSettings(
        currency=currency, prices_include_tax=included, taxes=(Tax(str(rate)), Tax(str(reduced), tax_class="reduced")), shipping=shipping
    )
    offer = next(iter(list_shipping(settings, lines, "IT", 0)), None)
    totals = sum_up(settings, lines, "IT", discount, offer)
    assert totals.total == sum(line.total for line in totals.lines) + totals.shipping_total
    assert totals.total == totals.subtotal - totals.discount + totals.shipping_cost + (0 if included else totals.tax)
    assert totals.discount == sum(line.discount for line in totals.lines) <= totals.subtotal
    assert all(0 <= line.discount <= line.subtotal and line.tax >= 0 and line.total >= 0 for line in totals.lines)
    assert 0 <= totals.tax <= totals.total
    assert parse_amount(to_decimal(totals.total, currency), currency) == totals.total


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_a_split_gives_away_all_of_it_and_nobody_is_a_unit_off(amount: int, weights: list[int]) -> None:
    parts = split_amount(amount, weights)
    assert sum(parts) == amount
    whole = sum(weights)
    if whole:
        assert all(abs(part * whole - amount * weight) < whole for part, weight in zip(parts, weights, strict=True))


@given(st.integers(0, 10**9), st.integers(1, 50))
def test_a_line_that_is_refunded_piece_by_piece_gives_back_what_it_cost(total: int, quantity: int) -> None:
    pieces = [total * (done + 1) // quantity - total * done // quantity for done in range(quantity)]
    assert sum(pieces) == total
    assert max(pieces) - min(pieces) <= 1


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("19.99", "EUR", 1999), (0.1, "EUR", 10), ("1999", "JPY", 1999), ("1.234", "KWD", 1234), (19.990, "USD", 1999), ("-3", "USD", -300)],
)
def test_amounts_are_read_as_people_write_them(text: str | float, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"), [("1.999", "EUR"), ("1.5", "JPY"), ("NaN", "EUR"), ("1e400", "EUR"), ("ten", "EUR"), ("", "EUR"), ("inf", "EUR")]
)
def test_an_amount_that_the_currency_does_not_have_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"decimals|no amount"):
        parse_amount(text, currency)


def test_amounts_are_written_as_the_language_has_them() -> None:
    assert format_amount(123450, "EUR", "en") == "€1,234.50"
    assert format_amount(123450, "EUR", "de") == "1.234,50\u00a0€"
    assert format_amount(1234, "JPY", "en") == "¥1,234"


def test_shares_are_rounded_half_up() -> None:
    assert [take_share(5, Decimal("0.5")), take_share(25, Decimal("0.1")), take_share(15, Decimal("0.1"))] == [3, 3, 2]


def test_shipping_is_by_country_weight_class_and_free_from_an_amount_on() -> None:
    methods = (
        Shipping("letter", "Letter", price="2.00", max_kg=1.0), Shipping("parcel", "Parcel", price="5.00", price_per_kg="0.50", free_from="80"),
        Shipping("freight", "Freight", price="60", countries=("IT",), classes=("bulky",)),
    )  # fmt: skip
    settings = ShopSettings(shipping=methods)

    def offers(kg: str, country: str, net: int, shipping_class: str = "") -> dict[str, int]:
        one = Goods("A", 2, 100, kg=Decimal(kg), shipping_class=shipping_class)
        return {offer.method.id: offer.price for offer in list_shipping(settings, [one], country, net)}

    assert offers("0.5", "IT", 0) == {"letter": 200, "parcel": 550, "freight": 6000}
    assert offers("0.6", "FR", 8000) == {"parcel": 0}
    assert offers("5", "IT", 0, "bulky") == {"parcel": 1000, "freight": 6000}
    assert list_shipping(settings, [Goods("A", 1, 100, is_sent=False)], "IT", 0) == []
    zones = ShopSettings(shipping=(
        Shipping("eu", "EU", price="9", class_prices={"bulky": "30", "fragile": "12"}, countries=("EU",), min_kg=1.0, minimum="10"),
    ))  # fmt: skip
    heavy = [Goods("A", 2, 1000, kg=Decimal(3), shipping_class="bulky"), Goods("B", 1, 100, shipping_class="fragile")]
    assert [(offer.method.id, offer.price) for offer in list_shipping(zones, heavy, "FR", 2100)] == [("eu", 3000)]
    assert (
        list_shipping(zones, heavy, "CH", 2100)
        == list_shipping(zones, heavy, "FR", 999)
        == list_shipping(zones, heavy[1:], "FR", 2100)
        == []
    )


def test_rates_are_those_that_are_written_down_then_the_eus_then_those_of_all_others() -> None:
    taxes = (Tax(8), Tax("5.5", "FR", "reduced"))

    def rate(country: str, tax_class: str = "standard") -> Decimal:
        return find_rate(taxes, country, tax_class, use_eu=True)

    assert (rate("DE"), rate("FR", "reduced"), rate("US"), rate("US", "reduced")) == (
        Decimal("0.19"),
        Decimal("0.055"),
        Decimal("0.08"),
        Decimal(0),
    )
    assert find_rate(taxes, "DE", "standard") == Decimal("0.08")
    assert parse_vat_number("de 136 695 976") == ("DE136695976", "DE")
    assert parse_vat_number("EL094259216")[1] == "GR"
    for wrong in ("DE136695975", "US123", "", "DE"):
        with pytest.raises(ValueError, match="VAT number"):
            parse_vat_number(wrong)
    told = [
        is_reverse_charged(*case)
        for case in (("DE", "DE", "IT"), ("IT", "IT", "IT"), ("DE", "FR", "IT"), ("", "DE", "IT"), ("DE", "DE", "US"))
    ]
    assert told == [True, False, False, False, False]


def test_a_reduced_rate_of_the_eu_is_one_of_the_whole_country() -> None:
    rates = {country: find_rate((), country, "reduced", use_eu=True) for country in ("AT", "DK", "FR", "GR", "IT", "PT")}
    assert rates == {country: Decimal(rate) for country, rate in zip(rates, ("0.13", "0.25", "0.1", "0.13", "0.1", "0.13"), strict=True)}
