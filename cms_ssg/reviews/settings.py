"""The table [reviews] of site.toml."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Reviews(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may be reviewed. types: content types, all that have pages if empty; per_hour: reviews that one address may send in an hour;
    confirm: authors give an e-mail address, and a review waits until they have opened the link that is mailed there; pictures: a picture may come with a review.
    """

    types: tuple[str, ...] = ()
    per_hour: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 5
    confirm: bool = False
    pictures: bool = False
