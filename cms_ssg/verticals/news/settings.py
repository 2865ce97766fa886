"""What the table ``[news]`` of site.toml says."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class RelatedWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much tags, the section and words in common count, 0 to 1."""

    tags: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.3
    section: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.3
    text: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.4


class NewsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """sections: slugs of the sections that the front page shows, in this order; poll_s: how often an open page asks for breaking news;
    related: what makes stories related; include: who puts fragments into pages: the page's script, the web server (ssi), the CDN (esi), or the build, which makes
    pages again wherever a fragment changes (breaking news is put in by the script then); fragments: templates below fragments/ that are outputs of their own.
    """

    sections: tuple[str, ...] = ()
    related: RelatedWeights = RelatedWeights()
    include: Literal["script", "ssi", "esi", "build"] = "script"
    fragments: tuple[Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,50}$")], ...] = ("latest", "most-read")
    poll_s: Annotated[int, msgspec.Meta(ge=5, le=3600)] = 30
