"""The table [directory] of site.toml."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Field = Literal["address", "custom_fields", "description", "gallery", "hours", "image", "phone", "social_links", "website"]
TIERS = ("basic", "featured", "premium")


class Sold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a product of the shop gives to a listing. days: for how long a unit of it."""

    tier: Literal["featured", "premium"]
    days: Annotated[int, msgspec.Meta(ge=1, le=3660)] = 365


class Directory(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a directory's pages are made.

    combinations: pages of a category in a place, where it has so many listings, 0 for none; combinations_indexed: search engines may have
    them; letters: the pages A to Z; submissions: visitors may propose listings; pictures: with a picture each; region: country whose telephone numbers are
    written without a prefix, such as US; fields: field -> the lowest tier whose listings show it;
    holidays: country as listings name it, or "" for all -> code of its public holidays, such as IT or US-CA.
    sold: SKU of the shop -> the tier that it gives to the listing of whoever buys it.
    """

    combinations: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 3
    combinations_indexed: bool = True
    letters: bool = True
    submissions: bool = True
    pictures: bool = True
    region: str = "US"
    fields: dict[Field, Literal["featured", "premium"]] = {}
    sold: dict[str, Sold] = {}
    holidays: dict[str, Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]] = {}

    def hides(self, tier: str) -> frozenset[str]:
        """The fields that listings of this tier do not show."""
        return frozenset(name for name, least in self.fields.items() if TIERS.index(tier) < TIERS.index(least))
