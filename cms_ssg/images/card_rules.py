"""Which titles can be drawn on a card, and what the card is called. Pure, as pages need it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

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
    "\u10d0-\u10fc\u1e00-\u1efb\u2010-\u2027\u2030-\u205e\u2070\u2071\u2074-\u208e\u20a0-\u20b5\u20b8-\u20ba\u20bd\u2100-\u2109\u210b-\u2149"
    "\u2150-\u2185\u2190-\u22ff\u2318\u2328\u23ce\u23cf\u25a0-\u269c\u269e-\u26b8\u2701-\u2704\u2706-\u2709\u270c-\u2727\u2729-\u274b\u2756\u2761-\u2794\u2798-\u27af"
    "\u2b00-\u2b1a]*"
)
"""What the font has and can set letter by letter: Latin, Greek, Cyrillic, Armenian, Georgian, and signs such as arrows, stars and hearts."""

SET_BY_LETTER: Final = re.compile(
    "[\\s\x20-\x7e\xa0-\u024f\u0250-\u02ff\u0370-\u052f\u0531-\u0556\u0559-\u058a\u10a0-\u10ff\u1200-\u1399\u13a0-\u13fd\u1400-\u167f"
    "\u16a0-\u16f0\u1c80-\u1cbf\u1d00-\u1dbf\u1e00-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u20c0\u2100-\u2bff\u2c00-\u2cee\u2cf2-\u2d67\u2d80-\u2ddf"
    "\u2e00-\u2fdf\u3001-\u3029\u3030-\u303f\u3041-\u3096\u309b-\u30ff\u3105-\u312f\u3131-\u318e\u3190-\u4dbf\u4e00-\ua4c6\ua4d0-\ua62b\ua640-\ua66e"
    "\ua680-\ua69d\ua700-\ua7ff\uab30-\uab6b\uab70-\uabbf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\uffe0-\uffe6\U00020000-\U0003fffd]*"
)
"""What can be drawn by setting one letter after another from the left, given a font: not what joins letters, reorders them or runs from the right."""

EMOJI: Final = "\u231a\u231b\u23e9-\u23fa\u24c2\u2600-\u27bf\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
"""Small pictures in text: those that the font does not have are left out."""

UNSEEN: Final = re.compile("[\xad\u200b\u200d-\u200f\u20e3\u2060-\u2064\ufe0e\ufe0f\ufeff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
"""What is not drawn by itself: it joins or colours small pictures, or says where a line may end."""

RUN: Final = re.compile(f"\\s*(?:[{EMOJI}]\\s*)+")
BRACKETED: Final = re.compile(f'[(\\[“«"]\\s*((?:[{EMOJI}]\\s*)+)[)\\]”»"]')
OPENING, CLOSING = "([{«“‘¿¡", ")]}»”’,.;:!?…"

HEX: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def plan_card(title: str, site: str, tokens: Mapping[str, str], font: CardFont | None = None) -> tuple[str, dict[str, Any]] | None:
    """Path and spec of the card of a title, None where no font has its letters. A colour that is no #rrggbb is the base theme's.

    font: the site's own; it is taken where it has all letters of the title and the site's name, else the one that comes with the program.
    """
    title, site = (" ".join(UNSEEN.sub("", normalize("NFC", text[:MOST_LETTERS])).split()) for text in (title, site))
    own = None
    if font is not None:
        letters = font.letters
        shown = [_leave_out(text, lambda sign: sign in letters and SET_BY_LETTER.fullmatch(sign) is not None) for text in (title, site)]
        own = font if shown[0] and _has_all(font, "".join(shown)) else None
    if own is None:
        shown = [_leave_out(text, lambda sign: DRAWABLE.fullmatch(sign) is not None) for text in (title, site)]
    title, site = shown
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


def _leave_out(text: str, has: Callable[[str], bool]) -> str:
    """A text without the small pictures that a font does not have, and without the gaps and empty brackets that they leave."""
    bare = BRACKETED.sub(lambda found: found[0] if any(map(has, found[1])) else found[1], text)

    def close(run: re.Match[str]) -> str:
        kept = "".join(sign for sign in run[0] if sign.isspace() or has(sign))
        if kept == run[0]:
            return kept
        before, after = bare[run.start() - 1 : run.start()] if run.start() else "", bare[run.end() : run.end() + 1]
        left = " " if before and before not in OPENING else ""
        right = " " if after and after not in CLOSING else ""
        return f"{left}{kept.strip()}{right}" if kept.strip() else left and right

    return " ".join(RUN.sub(close, bare).split())
