"""Directories: listings by category, place and letter, their search, claims and tiers."""

from pathlib import Path

from cms_ssg.kinds.vertical import Vertical
from cms_ssg.verticals.directory.facts import CLAIM, NEARBY, TIER
from cms_ssg.verticals.directory.outputs import LISTS, OUTPUTS, claim_pages, count_fields
from cms_ssg.verticals.directory.privacy import PERSONAL
from cms_ssg.verticals.directory.settings import Directory

VERTICAL = Vertical(
    name="directory",
    folder=Path(__file__).parent,
    outputs=OUTPUTS,
    lists=LISTS,
    site_claims=claim_pages,
    fields_at=count_fields,
    collections=({"name": "listings", "path": "content/listings", "type": "listing"},),
    taxonomies={"category": {"field": "categories", "url": "/categories/{slug}/", "index": "/categories/", "title": "Categories"}},
    settings=Directory,
    needs=("reviews",),
    requests="cms_ssg.verticals.directory.requests:STAGES",
    view="cms_ssg.verticals.directory.view:View",
    routes=(
        "cms_ssg.verticals.directory.api:router",
        "cms_ssg.verticals.directory.submissions:router",
        "cms_ssg.verticals.directory.claims:router",
        "cms_ssg.verticals.directory.owners:router",
        "cms_ssg.verticals.directory.answers:router",
    ),
    facts=(CLAIM, NEARBY, TIER),
    groups={"listings": "Review waiting listings, and change existing ones."},
    commands="cms_ssg.verticals.directory.commands:COMMANDS",
    queues="cms_ssg.verticals.directory.queues:QUEUES",
    tasks="cms_ssg.verticals.directory.upkeep:TASKS",
    settle="cms_ssg.verticals.directory.upkeep:settle_listings",
    checks="cms_ssg.verticals.directory.checks:CHECKS",
    paid="cms_ssg.verticals.directory.selling_tiers:sell_tiers",
    refunded="cms_ssg.verticals.directory.selling_tiers:end_tiers",
    tables=("listings", "listing_claims", "listings_apart"),
    derived=("holidays", "listing_links", "listing_places"),
    personal=PERSONAL,
    uses=("search.css", "forms.css"),
    begin=(
        "cms import csv import/breweries.csv --type listing --key id --map import/map.toml   # 465 breweries\n"
        "cms serve          # build it, look at it, and see every change"
    ),
)
