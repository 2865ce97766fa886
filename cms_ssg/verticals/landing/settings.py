"""The table [landing] of site.toml."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class LandingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """choose: who picks a visitor's variant, a script of the page or the web server or CDN in front of it, configured by `cms target config`.

    remember: where the script keeps what was picked: for good (``local``), or until the browser's tab is closed (``session``). No cookie is set.
    days: how long after a visitor was shown a variant a goal still counts.
    """

    choose: Literal["script", "edge"] = "script"
    remember: Literal["local", "session"] = "local"
    days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30
