"""What is known of a source image: a function of its bytes, kept in the store by their digest."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from cms_ssg.config.settings import Settings
from cms_ssg.files.media_types import UNKNOWN, media_type

VERSION: Final = 1
"""Changes when facts are found out in another way: all images are looked at again."""

RASTER: Final = {
    "jpg": "jpeg", "jpeg": "jpeg", "jpe": "jpeg", "jfif": "jpeg", "pjpeg": "jpeg", "pjp": "jpeg", "jfi": "jpeg",
    "png": "png", "apng": "png", "gif": "gif", "webp": "webp", "avif": "avif",
}  # fmt: skip
"""Endings of the formats that become pictures."""

MOST_PIXELS: Final = 40_000_000
MOST_PIXELS_WHOLE: Final = {"webp": 12_500_000, "avif": 16_000_000}
"""Of formats that are decoded whole, several times as large in memory: what fits into the limit with transparency, without loss, in 4:4:4."""
MOST_BYTES: Final = 64 * 1024 * 1024
MOST_DATA_BYTES: Final = 280 * 1024 * 1024
"""Memory that making one image may take, on Linux; a process is below 300 MB with it."""
MOST_CPU_S: Final = 5.0


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of an image that can be shown.

    width, height: in pixels, as it is to be looked at, 0 where an SVG does not say; alpha: something shows through;
    still: it may be scaled down, which what moves and what is very long may not; color: its mean, as #rrggbb;
    placeholder: it in a few pixels, as a data: URL; looked_for: of an SVG, what it was searched for (see svg_check).

    Of one that cannot: code, message and hint say why.
    """

    version: int
    format: str = ""
    width: int = 0
    height: int = 0
    animated: bool = False
    alpha: bool = False
    still: bool = True
    color: str = ""
    placeholder: str = ""
    looked_for: str = "all"
    code: str = ""
    message: str = ""
    hint: str = ""


def bad_facts(code: str, message: str, hint: str, looked_for: str = "all") -> Facts:
    """Facts of an image that cannot be shown. code: permanent."""
    return Facts(VERSION, code=code, message=message, hint=hint, looked_for=looked_for)


UNSHOWN: Final = frozenset({"heic", "heif", "tif", "tiff", "jxl", "jp2", "psd", "dng", "cr2", "nef"})
"""Endings of images that most browsers do not show. They are published as they are."""

MISNAMED: Final = "images/misnamed"
"""What outputs read that show an image whose name is wrong, so that those can be found."""


def find_misnaming(path: str, facts: Facts) -> Facts | None:
    """What is wrong where an image's name says another format than its bytes: that is the file's fault, others may have the same bytes."""
    ending = path.rpartition(".")[2]
    said = RASTER.get(ending.lower(), ending.lower())
    if facts.code or said == facts.format:
        return None
    known = facts.format.upper()
    return bad_facts("image.wrong-ending", f"its name ends in .{ending}, but it is {known}", f'Rename it to end in ".{facts.format}".')


SvgCheck = Literal["scripts", "all"]


def svg_check(settings: Settings) -> SvgCheck | None:
    """What an SVG of this site may not hold: anything that does more than draw, or scripts alone; None: it is not looked at."""
    if settings.markdown.raw_html != "trusted":
        return "all"
    return None if settings.images.active_svg else "scripts"


def parse_facts(stored: Any) -> Facts | None:
    """Facts as the store has them, None where there are none or they were found out in an older way."""
    if stored is None or stored.get("version") != VERSION:
        return None
    facts = msgspec.convert(stored, Facts)
    if facts.code == "image.wrong-ending":  # earlier versions blamed the bytes
        return None
    return facts if facts.width * facts.height <= most_pixels(facts.format) or facts.format == "svg" else None


def most_pixels(form: str) -> int:
    """How many pixels an image of a format may have."""
    return MOST_PIXELS_WHOLE.get(form, MOST_PIXELS)


def is_raster(path: str) -> bool:
    """Whether a file is called an image of pixels, by its ending."""
    return path.rpartition(".")[2].lower() in RASTER


def is_image(path: str) -> bool:
    """Whether a file is looked at as an image, by its ending."""
    return is_raster(path) or path.lower().endswith(".svg")


def unshown_format(target: str) -> str:
    """The format of an image that most browsers do not show, such as ``HEIC`` of ``photo.heic``; "" for others."""
    ending = target.partition("#")[0].partition("?")[0].rpartition(".")[2].lower()
    return ending.upper() if ending in UNSHOWN else ""


def may_be_image(target: str) -> bool:
    """Whether what front matter names as an image may be one: its name has no ending, an unknown one, or that of an image."""
    kind = media_type(target.partition("#")[0].partition("?")[0])
    return kind == UNKNOWN or kind.startswith("image/")
