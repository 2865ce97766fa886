"""A picture for social networks, drawn from an entry's title and the site's colours. Only child processes import this."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageColor, ImageDraw, ImageFont

from cms_ssg.images.card_rules import COLOURS, HEIGHT, WIDTH

FONT: Final = Path(__file__).with_name("fonts") / "DejaVuSansCondensed-Bold.ttf"
MARGIN, STRIPE = 90, 24
ROOM = WIDTH - 2 * MARGIN
SIZES: Final = (84, 72, 62, 54, 46, 40)
NAME_SIZE: Final = 34
WIDE: Final = re.compile("[\u2e80-\ua4cf\uf900-\ufaff\uff01-\uff60\U00020000-\U0003fffd]")
PIECES: Final = re.compile(
    rf"\s*{WIDE.pattern}[\u3001\u3002\u3005\u3009\u300b\u300d\u300f\u3011\u3041-\u3049\u3063\u30a1-\u30a9\u30c3\u30fc\uff01\uff09\uff0c\uff1a\uff1b\uff1f]*"
    rf"|\s*(?:(?!{WIDE.pattern})\S)+"
)
"""Between two of these a line may end: at spaces, and around letters of scripts without spaces, but not before what closes."""


Face = Callable[[int], ImageFont.FreeTypeFont]
"""A font by its size."""


def draw_card(card: dict[str, Any], font_file: bytes | None = None) -> bytes:
    """A PNG of WIDTH × HEIGHT. card: title, site, and the colours ink, paper and accent as #rrggbb; font_file: in place of our own."""

    @cache
    def face(size: int) -> ImageFont.FreeTypeFont:
        """The basic layout: the other one is not in every Pillow, and a card must look the same everywhere."""
        source = FONT if font_file is None else io.BytesIO(font_file)
        return ImageFont.truetype(source, size, layout_engine=ImageFont.Layout.BASIC)

    colours = {name: ImageColor.getrgb(str(card.get(name) or default))[:3] for name, default in COLOURS.items()}
    image = Image.new("RGB", (WIDTH, HEIGHT), colours["paper"])
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, STRIPE, HEIGHT), fill=colours["accent"])
    font, lines = _fit(draw, card["title"], face)
    for number, line in enumerate(lines):
        draw.text((MARGIN, MARGIN + number * _line_height(font)), line, font=font, fill=colours["ink"])
    name = face(NAME_SIZE)
    draw.text((MARGIN, HEIGHT - MARGIN - NAME_SIZE), _shorten(draw, card["site"], name), font=name, fill=colours["accent"])
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _line_height(font: ImageFont.FreeTypeFont) -> int:
    return round(font.size * 1.22)


def _fit(draw: ImageDraw.ImageDraw, title: str, face: Face) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """The largest size at which the title fits, with its lines; at the smallest one it is cut off."""
    high = HEIGHT - 2 * MARGIN - 2 * NAME_SIZE
    for size in SIZES:
        font = face(size)
        lines = _wrap(draw, title, font)
        if len(lines) * _line_height(font) <= high and all(draw.textlength(line, font) <= ROOM for line in lines):
            return font, lines
    most = high // _line_height(font)
    if len(lines) > most:
        lines = [*lines[: most - 1], _join(lines[most - 1 :])[:200]]
    return font, [_shorten(draw, line, font) for line in lines]


def _wrap(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    lines = [""]
    for word in PIECES.findall(text):
        longer = (lines[-1] + word).lstrip()
        if lines[-1] and draw.textlength(longer, font) > ROOM:
            lines[-1] = lines[-1].rstrip()
            lines.append(word.lstrip())
        else:
            lines[-1] = longer
    return lines


def _join(lines: list[str]) -> str:
    """Lines as one again, with a space where there was one: between letters that a line may be broken at, there is none."""
    text = lines[0]
    for line in lines[1:]:
        text += ("" if WIDE.match(text[-1]) or WIDE.match(line) else " ") + line
    return text


def _shorten(draw: ImageDraw.ImageDraw, line: str, font: ImageFont.FreeTypeFont) -> str:
    if draw.textlength(line, font) <= ROOM:
        return line
    while line and draw.textlength(line + "…", font) > ROOM:
        line = line[:-1]
    return line.rstrip() + "…"
