"""A shop: products with variations and stock, carts, checkout, orders."""

from pathlib import Path

from cms_ssg.kinds.vertical import Vertical
from cms_ssg.selling.facts import BEST_SELLERS, OFFERS, PRICE, STOCK
from cms_ssg.verticals.shop.lists import LISTS, count_fields
from cms_ssg.verticals.shop.outputs import CART, CHECKOUT, MERCHANT, ORDER, claim_pages, claim_skus
from cms_ssg.verticals.shop.privacy import PERSONAL
from cms_ssg.verticals.shop.settings import ShopSettings

_SELLING = Path(__file__).parents[2] / "selling"

VERTICAL = Vertical(
    name="shop",
    folder=Path(__file__).parent,
    outputs=(CART, CHECKOUT, ORDER, MERCHANT),
    lists=LISTS,
    facts=(PRICE, STOCK, OFFERS, BEST_SELLERS),
    fields_at=count_fields,
    needs=("reviews",),
    view="cms_ssg.verticals.shop.view:View",
    requests="cms_ssg.verticals.shop.requests:STAGES",
    claims=claim_skus,
    site_claims=claim_pages,
    collections=({"name": "products", "path": "content/products", "type": "product"},),
    taxonomies={
        "product_category": {"field": "categories", "url": "/shop/{slug}/", "index": "/shop/", "title": "Shop"},
        "brand": {"field": "brand", "url": "/brands/{slug}/", "index": "/brands/", "title": "Brands"},
    },
    settings=ShopSettings,
    groups={
        "orders": "Show orders; pay, ship, cancel and refund them.",
        "stock": "Show and change the stock.",
        "coupons": "List, add and delete coupons.",
        "products": "Import products of another shop.",
    },
    commands="cms_ssg.verticals.shop.commands:COMMANDS",
    routes=(
        "cms_ssg.verticals.shop.api:router", "cms_ssg.verticals.shop.api_checkout:router", "cms_ssg.verticals.shop.api_orders:router",
        "cms_ssg.selling.stock_api:router", "cms_ssg.verticals.shop.desk:router",
    ),
    queues="cms_ssg.verticals.shop.desk:QUEUES",
    tasks="cms_ssg.verticals.shop.tasks:TASKS",
    checks="cms_ssg.verticals.shop.checks:CHECKS",
    tables=(
        "skus", "sku_parts", "stock_levels", "stock_moves", "stock_reservations", "coupons", "carts", "cart_lines", "orders",
        "order_items", "order_events", "product_sales", "downloads", "invoice_numbers", "credit_notes", "best_sellers", "stock_alerts", "stock_locations",
    ),
    sources=(_SELLING / "catalogue.py", _SELLING / "facts.py", _SELLING / "merchant_feed.py"),
    settle="cms_ssg.selling.catalogue:settle_products",
    payments="cms_ssg.verticals.shop.paying:PAYABLE",
    begin='cms serve                   # build it, buy something: nothing is charged\ncms orders list             # in another terminal: what was bought\ncms new product "My mug"',
    personal=PERSONAL,
)  # fmt: skip
