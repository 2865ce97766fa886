"""What the table ``[news]`` of site.toml says."""

from __future__ import annotations

from typing import Annotated

import msgspec


class NewsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """sections: slugs of the sections that the front page shows, in this order; poll_s: how often an open page asks for breaking news."""

    sections: tuple[str, ...] = ()
    poll_s: Annotated[int, msgspec.Meta(ge=5, le=3600)] = 30
