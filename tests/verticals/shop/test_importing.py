"""The CSV of WooCommerce goes in as it is: every type, variations wherever they stand, and what is wrong is told by line."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cms_ssg.errors import CmsError
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.selling.product_files.products import FileProduct, Imported
from cms_ssg.selling.product_files.saleor import read_saleor
from cms_ssg.selling.product_files.saving import import_products
from cms_ssg.selling.product_files.taxes import write_taxes
from cms_ssg.selling.product_files.woocommerce import read_woocommerce
from cms_ssg.selling.tax import Tax
from cms_ssg.store.open_store import open_store
from tests.api.atlas import build_site
from tests.conftest import TEMPLATE, fresh_database
from tests.engine.siteonpage import database
from tests.verticals.shop.stand import Stand, write_stand

HEADER = (
    "ID,Type,SKU,Name,Published,Is featured?,Visibility in catalog,Short description,Description,Date sale price starts,Date sale price ends,Tax status,Tax class,In stock?,Stock,"
    "Backorders allowed?,Weight (kg),Sale price,Regular price,Categories,Tags,Images,Download limit,Download expiry days,Parent,Grouped products,External URL,Button text,"
    "Attribute 1 name,Attribute 1 value(s),Download 1 name,Download 1 URL"
).split(",")
SIZE = {"Attribute 1 name": "Size"}
ROWS = (
    {**SIZE, "ID": "7", "Type": "variation", "SKU": "CAP-S", "Regular price": "12", "Parent": "id:5", "Attribute 1 value(s)": "S", "Stock": "3"},
    {**SIZE, "ID": "5", "Type": "variable", "SKU": "CAP", "Name": "Cap", "Categories": "Clothing > Hats, Sale", "Attribute 1 value(s)": "S, L"},
    {**SIZE, "ID": "8", "Type": "variation", "SKU": "CAP-L", "Regular price": "13.50", "Sale price": "11", "Parent": "CAP", "Attribute 1 value(s)": "L"},
    {"Type": "simple", "SKU": "PIN", "Name": "Pin, <b>bold</b>", "Regular price": "2.50", "Stock": "10", "Backorders allowed?": "notify", "Weight (kg)": "0.01"},
    {
        "Type": "simple, downloadable, virtual", "SKU": "SONG", "Name": "Song", "Regular price": "1", "Download 1 name": "Song",
        "Download 1 URL": "https://example.org/files/song.flac", "Download limit": "-1",
    },
    {"Type": "external", "SKU": "BOOK", "Name": "Book", "External URL": "https://example.org/book", "Button text": "Buy it there"},
    {"Type": "grouped", "SKU": "ALL", "Name": "All of it", "Grouped products": "PIN, id:5"},
    {"Type": "variation", "SKU": "LOST", "Name": "Lost", "Parent": "NOBODY", "Regular price": "1"},
    {"Type": "simple", "SKU": "PIN", "Name": "Pin again", "Regular price": "3"},
    {"Type": "simple", "SKU": "FREE", "Name": "No price", "Published": "0"},
)  # fmt: skip


def write_csv(path: Path, rows: tuple[dict[str, str], ...] = ROWS) -> Path:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows({"Published": "1", **row} for row in rows)
    return path


@pytest.fixture(scope="module")
def stand(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Stand:  # type: ignore[misc]
    for url in fresh_database(server_url, TEMPLATE):
        folder = write_stand(tmp_path_factory.mktemp("woo"))
        build_site(folder, url)
        yield Stand(folder, url, None)  # type: ignore[arg-type,misc]


def import_csv(stand: Stand, path: Path, **options: bool) -> Imported:
    with database(stand.url), open_store(stand.root, "") as (site, connection, row):
        return import_products(OpenSite(site, connection, row.id), path, "USD", **options)


def test_an_export_of_woocommerce_goes_in_whole_and_what_is_wrong_is_told_by_line(stand: Stand, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "products.csv")
    assert import_csv(stand, file, dry_run=True).added == 6
    result = import_csv(stand, file)
    assert (result.added, result.failed, result.variations) == (6, 2, 2)
    told = "\n".join(result.problems)
    assert "line 9: there is no product 'NOBODY'" in told
    assert "line 10: the SKU PIN is in line 5 already" in told
    assert "line 11: FREE has no price" in told
    assert "line 6: put song.flac into downloads/" in told
    again = import_csv(stand, file)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 6)
    build_site(stand.root, stand.url)
    assert stand.query("SELECT sku, product_type, price, status FROM cms.products WHERE sku = ANY (%s) ORDER BY sku", ["CAP", "PIN", "SONG", "BOOK", "ALL", "FREE"]) == [
        ("ALL", "grouped", None, "published"), ("BOOK", "external", None, "published"), ("CAP", "variable", None, "published"), ("FREE", "simple", None, "draft"),
        ("PIN", "simple", 250, "published"), ("SONG", "digital", 100, "published"),
    ]  # fmt: skip
    assert stand.query("SELECT sku, attributes, price, sale_price, stock_quantity FROM cms.product_variations WHERE sku LIKE 'CAP%%' ORDER BY sku") == [
        ("CAP-L", {"Size": "L"}, 1350, 1100, 0), ("CAP-S", {"Size": "S"}, 1200, None, 3),
    ]  # fmt: skip
    page = (stand.root / "build/products/pin-bold-bold-b/index.html", *(stand.root / "build/products").glob("pin*/index.html"))[
        -1
    ].read_text()
    assert "<b>bold</b>" not in page
    assert "€2.50" in page
    assert (stand.root / "build/shop/hats/index.html").exists()


def test_a_file_that_is_no_export_is_refused_with_its_place(stand: Stand, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    for path in (other, tmp_path / "none.csv"):
        with pytest.raises(CmsError) as refused:
            import_csv(stand, path)
        assert refused.value.problems[0].code == "shop.import"
    other.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CmsError):
        import_csv(stand, other)


def read_csv(path: Path, data: bytes) -> tuple[list[FileProduct], Imported]:
    path.write_bytes(data)
    result = Imported()
    return read_woocommerce(path, result), result


ENCODINGS = {
    "a mark": lambda text: text.encode("utf-8-sig"), "semicolons": lambda text: write_again(text, ";").encode(),
    "tabs": lambda text: write_again(text, "\t").encode(), "utf-16": lambda text: text.encode("utf-16"),
    "latin-1": lambda text: text.encode("latin-1"), "carriage returns": lambda text: text.replace("\r\n", "\r").encode(),
}  # fmt: skip


def write_again(text: str, delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(csv.reader(io.StringIO(text)))
    return out.getvalue()


@pytest.mark.parametrize("change", ENCODINGS.values(), ids=list(ENCODINGS))
def test_a_file_that_a_spreadsheet_saved_again_is_read_the_same(tmp_path: Path, change: Callable[[str], bytes]) -> None:
    rows = (*ROWS[:7], {"Type": "simple", "SKU": "CAFE", "Name": "Café Größe; groß", "Regular price": "3"})
    text = write_again(write_csv(tmp_path / "a.csv", rows).read_text("utf-8-sig"), ",")
    plain, told = read_csv(tmp_path / "b.csv", text.encode())
    other, again = read_csv(tmp_path / "c.csv", change(text))
    assert (other, again.problems) == (plain, told.problems)
    assert other[-1].fields["title"] == "Café Größe; groß"


def test_numbers_and_texts_as_other_shops_write_them(tmp_path: Path) -> None:
    rows: tuple[dict[str, str], ...] = (
        {"Name": "'Tis free", "SKU": "A", "Regular price": "0", "Stock": "-5"},
        {"Name": "'=1+1", "SKU": "B", "Regular price": "1.234,56", "Short description": "<b>Bold</b> &amp; <i>short</i>\\n2 < 3"},
        {"Name": "C", "SKU": "C", "Regular price": "1,234.5", "Sale price": "cheap"},
        {"Name": "D", "SKU": "D", "Regular price": "-1"},
    )
    found, result = read_csv(
        tmp_path / "a.csv", write_csv(tmp_path / "b.csv", tuple({"Type": "simple"} | row for row in rows)).read_bytes()
    )
    assert [(one.fields["title"], one.fields.get("price")) for one in found] == [
        ("'Tis free", 0.0),
        ("=1+1", 1234.56),
        ("C", 1234.5),
        ("D", None),
    ]
    assert found[0].fields["stock"] == 0
    assert found[1].fields["excerpt"] == "Bold & short 2 < 3"
    assert result.problems == [
        "line 2: the stock is -5; 0 is taken", "line 4: sale price: 'cheap' is not a number from 0 up, and was left out",
        "line 5: regular price: '-1' is not a number from 0 up, and was left out", "line 5: D has no price and cannot be bought",
    ]  # fmt: skip


def test_a_row_that_is_cut_or_too_long_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    lines = write_csv(tmp_path / "a.csv", ROWS[1:6]).read_text("utf-8-sig").splitlines()
    lines[2] = lines[2][:20]
    lines[4] += ",more"
    lines.append('simple,"never closed')
    found, result = read_csv(tmp_path / "b.csv", "\n".join(lines).encode())
    assert ([one.key for one in found], result.failed) == (["CAP", "PIN", "BOOK"], 3)
    assert [line.partition(":")[0] for line in result.problems if "cells" in line or "quote" in line] == ["line 3", "line 5", "line 7"]


def make_dump() -> list[dict[str, Any]]:
    """A shirt of two sizes, on sale in dollars, and an album without shipping, as Saleor's dumpdata writes them."""

    def row(model: str, pk: int, **fields: Any) -> dict[str, Any]:
        return {"model": model, "pk": pk, "fields": fields}

    def product(pk: int, slug: str, kind: int, text: str) -> dict[str, Any]:
        blocks = {"blocks": [{"type": "paragraph", "data": {"text": text}}]}
        return row("product.product", pk, name=slug.title(), slug=slug, product_type=kind, category=1, description=blocks, weight=None)

    rows = [
        row("channel.channel", 1, currency_code="USD"), row("channel.channel", 2, currency_code="PLN"), row("product.category", 1, name="Tops", parent=None),
        row("product.producttype", 1, name="Top", weight="500.0:g", is_shipping_required=True),
        row("product.producttype", 2, name="Album", weight="0.0:g", is_shipping_required=False),
        product(10, "shirt-saleor", 1, "Of <b>cotton</b>.<script>x</script>"), product(11, "album-saleor", 2, "Songs."),
        row("product.productmedia", 1, product=10, image="products/shirt.png", sort_order=0),
        row("attribute.attribute", 1, name="Size"), row("attribute.attributevariant", 1, attribute=1, product_type=1),
    ]  # fmt: skip
    for number, (sku, owner, size) in enumerate((("S-1", 10, "S"), ("S-2", 10, "L"), ("A-1", 11, "")), 1):
        rows.append(
            row(
                "product.productvariant",
                number,
                sku=sku,
                product=owner,
                name=size,
                track_inventory=owner == 10,
                weight=None,
                sort_order=number,
            )
        )
        for channel, price, reduced in ((1, "20.000", "15.000" if sku == "S-1" else "20.000"), (2, "80.000", "80.000")):
            rows.append(row(
                "product.productvariantchannellisting", number * 10 + channel, variant=number, channel=channel, price_amount=price, discounted_price_amount=reduced,
                cost_price_amount=None,
            ))  # fmt: skip
        rows += [row("warehouse.stock", number * 10 + place, product_variant=number, quantity=place * 3) for place in (1, 2)]
        if size:
            rows += [
                row("attribute.attributevalue", number, name=size), row("attribute.assignedvariantattribute", number, variant=number, assignment=1),
                row("attribute.assignedvariantattributevalue", number, value=number, assignment=number, sort_order=0),
            ]  # fmt: skip
    rows += [
        row("product.productchannellisting", pk, product=pk, channel=1, is_published=True, visible_in_listings=pk == 10) for pk in (10, 11)
    ]
    return rows


def test_products_of_saleor_go_in_with_the_prices_of_the_shops_currency(stand: Stand, tmp_path: Path) -> None:
    file = tmp_path / "saleor.json"
    file.write_text(json.dumps(make_dump()))
    result = import_csv(stand, file)
    assert (result.added, result.failed, result.variations) == (2, 0, 2)
    assert any("put the 1 images" in problem for problem in result.problems)
    assert import_csv(stand, file).unchanged == 2
    build_site(stand.root, stand.url)
    assert stand.query(
        "SELECT sku, price, sale_price, weight::float8, attributes, is_sold FROM cms.skus WHERE sku IN ('S-1', 'S-2', 'A-1') ORDER BY sku"
    ) == [
        ("A-1", 2000, None, None, {}, True), ("S-1", 2000, 1500, 0.5, {"Size": "S"}, True), ("S-2", 2000, None, 0.5, {"Size": "L"}, True),
    ]  # fmt: skip
    assert stand.query("SELECT sku, on_hand FROM cms.stock_levels WHERE sku IN ('S-1', 'A-1')") == [("S-1", 9)]
    assert stand.query("SELECT product_type, visibility, manage_stock FROM cms.products WHERE sku = 'A-1'") == [
        ("digital", "search", False)
    ]
    page = (stand.root / "build/products/shirt-saleor/index.html").read_text()
    assert "<b>cotton</b>" in page
    assert "<script>x" not in page
    file.write_text('[{"model": "product.product", "pk": 1, "fields": {}}]')
    with pytest.raises(CmsError) as refused:
        import_csv(stand, file)
    assert refused.value.problems[0].code == "shop.import"


def test_odd_products_of_saleor_are_told_one_by_one_and_the_others_go_in(tmp_path: Path) -> None:
    rows = make_dump()
    blocks = [
        None, {}, {"type": "header", "data": {"text": "Care", "level": 3}}, {"type": "list", "data": {"style": "unordered", "items": ["Wash", {"content": "Dry"}]}},
    ]  # fmt: skip
    for row in rows:
        fields = row["fields"]
        if row["pk"] == 10 and row["model"] == "product.product":
            fields["weight"] = "heavy"
        elif row["model"] == "product.product":
            fields["description"] = json.dumps({"blocks": blocks})
        elif row["model"] == "warehouse.stock":
            fields["quantity"] = -3
        elif row["model"] == "product.productvariantchannellisting":
            fields["price_amount"] = "0.00"
            del fields["cost_price_amount"], fields["discounted_price_amount"]
    rows.append({"model": "x.y", "pk": 1})
    texts = [json.dumps(rows).encode("utf-8-sig"), json.dumps(rows).encode("utf-16")]
    for text in texts:
        file = tmp_path / "saleor.json"
        file.write_bytes(text)
        result = Imported()
        [album] = read_saleor(file, "USD", result)
        assert (result.failed, result.problems[0]) == (1, "product shirt-saleor cannot be read: could not convert string to float: 'heavy'")
        assert (album.fields["price"], album.body) == (0.0, "<h3>Care</h3>\n\n<ul><li>Wash</li><li>Dry</li></ul>")


def test_tax_rates_of_woocommerce_become_settings_and_what_has_no_place_is_told(tmp_path: Path) -> None:
    file = tmp_path / "tax_rates.csv"
    file.write_text(
        "Country Code,State Code,ZIP/Postcode,City,Rate %,Tax Name,Priority,Compound,Shipping,Tax Class\n"
        "GB,*,*,*,20.0000,VAT,1,0,1,\nGB,*,*,*,5.0000,VAT,1,0,1,reduced-rate\nCA,,,,5,GST,1,0,1,\nCA,,,,10,PST,2,1,1,\nUS,AL,12345; 123456,*,2.0000,US AL,2,1,1,\n"
        "*,*,*,*,7.5,Rest,1,0,1,\nFR,*,*,*,lots,VAT,1,0,1,\n",
    )
    text = write_taxes(file)
    taxes = [msgspec.convert(one, Tax) for one in tomllib.loads(text)["shop"]["taxes"]]
    assert taxes == [Tax("20", "GB"), Tax("5", "GB", "reduced-rate"), Tax("15.5", "CA"), Tax("7.5")]
    assert [line[:20] for line in text.splitlines() if line.startswith("#")] == ["# line 6 is left out", "# line 8 is left out"]
    assert "US AL, 12345; 123456" in text
    with pytest.raises(CmsError, match="lacks country code"):
        write_taxes(write_csv(tmp_path / "products.csv"))


def test_a_product_with_more_variations_than_front_matter_may_hold_asks_for_another_limit(stand: Stand, tmp_path: Path) -> None:
    rows = ({"Type": "variable", "SKU": "MANY", "Name": "Many"}, *(
        {**SIZE, "Type": "variation", "SKU": f"MANY-{n:04}", "Parent": "MANY", "Regular price": "12.50", "Attribute 1 value(s)": f"Size {n}", "Stock": "3"} for n in range(1000)
    ))  # fmt: skip
    file, settings = write_csv(tmp_path / "many.csv", rows), stand.root / "site.toml"
    with database(stand.url), open_store(stand.root, "") as (site, connection, row):
        result = import_products(OpenSite(site, connection, row.id), file, "EUR", dry_run=True)
    assert (result.failed, result.problems) == (1, ["line 2: MANY: the fields are more than 64 kB"])
    before = settings.read_text()
    settings.write_text(before + "[limits]\nfront_matter_kb = 256\n")
    with database(stand.url), open_store(stand.root, "") as (site, connection, row):
        assert import_products(OpenSite(site, connection, row.id), file, "EUR", dry_run=True).added == 1
    settings.write_text(before)
