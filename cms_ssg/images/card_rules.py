"""Which titles can be drawn on a card, and what the card is called. Pure, as pages need it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec

VERSION: Final = 1
"""Changes when cards are drawn in another way."""

WIDTH, HEIGHT = 1200, 630
COLOURS: Final = {"ink": "#22262a", "paper": "#fdfcfa", "accent": "#14597d"}
"""Tokens that a card shows, with the base theme's values."""

MOST_LETTERS: Final = 500
DRAWABLE: Final = re.compile(
    "[\\s\x20-\x7e\xa0-\u024f\u0370-\u03ff\u0400-\u0525\u0531-\u0556\u0559-\u055f\u0561-\u0587\u0589\u058a"
    "\u10d0-\u10fc\u1e00-\u1efb\u2010-\u2027\u2030-\u205e\u20a0-\u20b5\u20b8-\u20ba\u2116\u2122]*"
)
"""What the font has and can set letter by letter: Latin, Greek, Cyrillic, Armenian, Georgian."""

HEX: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def plan_card(title: str, site: str, tokens: Mapping[str, str]) -> tuple[str, dict[str, Any]] | None:
    """Path and spec of the card of a title, None where the font lacks its script. A colour that is no #rrggbb is the base theme's."""
    title = " ".join(title[:MOST_LETTERS].split())
    if not title or not DRAWABLE.fullmatch(title) or not DRAWABLE.fullmatch(site):
        return None
    card = {name: token if HEX.fullmatch(token := tokens.get(name, "")) else default for name, default in COLOURS.items()}
    card |= {"title": title, "site": " ".join(site[:MOST_LETTERS].split())}
    mark = blake2b(msgspec.json.encode([VERSION, card], order="sorted"), digest_size=10).hexdigest()
    return f"/images/card-{mark}.png", {"kind": "image", "format": "png", "width": WIDTH, "height": HEIGHT, "card": card}
