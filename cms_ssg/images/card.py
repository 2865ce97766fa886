"""A picture for social networks, drawn from an entry's title and the site's colours. Only child processes import this."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageColor, ImageDraw, ImageFont

from cms_ssg.images.card_rules import COLOURS, HEIGHT, WIDTH

FONT: Final = Path(__file__).with_name("fonts") / "DejaVuSansCondensed-Bold.ttf"
MARGIN, STRIPE = 90, 24
ROOM = WIDTH - 2 * MARGIN
SIZES: Final = (84, 72, 62, 54, 46, 40)
NAME_SIZE: Final = 34


def draw_card(card: dict[str, Any]) -> bytes:
    """A PNG of WIDTH × HEIGHT. card: title, site, and the colours ink, paper and accent as #rrggbb."""
    colours = {name: ImageColor.getrgb(str(card.get(name) or default))[:3] for name, default in COLOURS.items()}
    image = Image.new("RGB", (WIDTH, HEIGHT), colours["paper"])
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, STRIPE, HEIGHT), fill=colours["accent"])
    font, lines = _fit(draw, card["title"])
    for number, line in enumerate(lines):
        draw.text((MARGIN, MARGIN + number * _line_height(font)), line, font=font, fill=colours["ink"])
    name = _load_font(NAME_SIZE)
    draw.text((MARGIN, HEIGHT - MARGIN - NAME_SIZE), _shorten(draw, card["site"], name), font=name, fill=colours["accent"])
    out = io.BytesIO()
    image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _load_font(size: int) -> ImageFont.FreeTypeFont:
    """The basic layout: the other one is not in every Pillow, and a card must look the same everywhere."""
    return ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.BASIC)


def _line_height(font: ImageFont.FreeTypeFont) -> int:
    return round(font.size * 1.22)


def _fit(draw: ImageDraw.ImageDraw, title: str) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """The largest size at which the title fits, with its lines; at the smallest one it is cut off."""
    high = HEIGHT - 2 * MARGIN - 2 * NAME_SIZE
    for size in SIZES:
        font = _load_font(size)
        lines = _wrap(draw, title, font)
        if len(lines) * _line_height(font) <= high and all(draw.textlength(line, font) <= ROOM for line in lines):
            return font, lines
    most = high // _line_height(font)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])[:200]]
    return font, [_shorten(draw, line, font) for line in lines]


def _wrap(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and draw.textlength(longer, font) > ROOM:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _shorten(draw: ImageDraw.ImageDraw, line: str, font: ImageFont.FreeTypeFont) -> str:
    if draw.textlength(line, font) <= ROOM:
        return line
    while line and draw.textlength(line + "…", font) > ROOM:
        line = line[:-1]
    return line.rstrip() + "…"
