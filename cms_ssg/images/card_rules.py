"""Which titles can be drawn on a card, and what the card is called. Pure, as pages need it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from cms_ssg.images.font import CardFont

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

SET_BY_LETTER: Final = re.compile(
    "[\\s\x20-\x7e\xa0-\u024f\u0250-\u02ff\u0370-\u052f\u0531-\u0556\u0559-\u058a\u10a0-\u10ff\u1200-\u1399\u13a0-\u13fd\u1400-\u167f"
    "\u16a0-\u16f0\u1c80-\u1cbf\u1d00-\u1dbf\u1e00-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u20c0\u2100-\u2bff\u2c00-\u2cee\u2cf2-\u2d67\u2d80-\u2ddf"
    "\u2e00-\u2fdf\u3001-\u3029\u3030-\u303f\u3041-\u3096\u309b-\u30ff\u3105-\u312f\u3131-\u318e\u3190-\u4dbf\u4e00-\ua4c6\ua4d0-\ua62b\ua640-\ua66e"
    "\ua680-\ua69d\ua700-\ua7ff\uab30-\uab6b\uab70-\uabbf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\uffe0-\uffe6\U00020000-\U0003fffd]*"
)
"""What can be drawn by setting one letter after another from the left, given a font: not what joins letters, reorders them or runs from the right."""

EMOJI: Final = re.compile("[\u200d\u20e3\u2600-\u27bf\u2b00-\u2bff\ufe0e\ufe0f\U0001f000-\U0001faff\U000e0020-\U000e007f]")
"""Small pictures in text, and what joins them: left out where the font has none of them."""

HEX: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def plan_card(title: str, site: str, tokens: Mapping[str, str], font: CardFont | None = None) -> tuple[str, dict[str, Any]] | None:
    """Path and spec of the card of a title, None where no font has its letters. A colour that is no #rrggbb is the base theme's.

    font: the site's own; it is taken where it has all letters of the title and the site's name, else the one that comes with the program.
    """
    title, site = (" ".join(text[:MOST_LETTERS].split()) for text in (title, site))
    if font is None or not _has_all(font, title + site):
        title, site = (" ".join(EMOJI.sub("", text).split()) for text in (title, site))
    own = font if font is not None and _has_all(font, title + site) else None
    if not title or (own is None and not DRAWABLE.fullmatch(title + site)):
        return None
    card = {name: token if HEX.fullmatch(token := tokens.get(name, "")) else default for name, default in COLOURS.items()}
    card |= {"title": title, "site": site}
    if own is not None:
        card |= {"font": own.file, "font_digest": own.digest}
    mark = blake2b(msgspec.json.encode([VERSION, card], order="sorted"), digest_size=10).hexdigest()
    return f"/images/card-{mark}.png", {"kind": "image", "format": "png", "width": WIDTH, "height": HEIGHT, "card": card}


def _has_all(font: CardFont, text: str) -> bool:
    return SET_BY_LETTER.fullmatch(text) is not None and font.letters.issuperset(text)
