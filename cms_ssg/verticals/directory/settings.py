"""The table [directory] of site.toml."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Directory(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a directory's pages are made.

    combinations: pages of a category in a place, where it has so many listings, 0 for none; combinations_indexed: search engines may have
    them; letters: the pages A to Z; submissions: visitors may propose listings; region: country whose telephone numbers are written without a prefix, such as US.
    """

    combinations: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 3
    combinations_indexed: bool = True
    letters: bool = True
    submissions: bool = True
    region: str = "US"
