"""Which variants a page shows of an image, and what they are called. Pure: facts and rules in, paths and specs out."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from cms_ssg.images.facts import Facts
from cms_ssg.types import Json

VERSION: Final = 1
"""Changes when pixels are made in another way: every variant gets a new name."""

QUALITY_OF: Final = {"avif": -20, "webp": 0, "jpeg": 5}
"""What the setting `quality`, which is WebP's, means to the others at about the same look."""

TYPES: Final = {"avif": "image/avif", "webp": "image/webp", "jpeg": "image/jpeg", "png": "image/png"}

_encode = msgspec.json.Encoder(order="sorted").encode


MOST_VARIANT_PIXELS: Final = 8_000_000
"""What encoders can do within the limit of memory; wider variants of a tall image are left out."""


@dataclass(frozen=True, slots=True)
class ImageRules:
    """How images are published, after the theme's wishes and the site's. formats: besides one that every reader knows."""

    widths: tuple[int, ...] = (480, 960, 1600)
    formats: tuple[str, ...] = ("avif", "webp")
    quality: int = 75
    sizes: str = "100vw"
    variants: bool = True
    cards: bool = False
    card_font: str = ""


DEFAULT_RULES: Final = ImageRules()


class Variant(NamedTuple):
    """One file to be made of an image."""

    path: str
    width: int
    height: int
    spec: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one picture consists of. sources: format -> variants from small to large; fallback: for readers that know none of the formats."""

    width: int
    height: int
    sources: dict[str, tuple[Variant, ...]]
    fallback: Variant

    @property
    def variants(self) -> list[Variant]:
        return [variant for variants in (*self.sources.values(), (self.fallback,)) for variant in variants]

    @property
    def name(self) -> str:
        """Names the whole set: a page that shows it reads this."""
        paths = "\n".join(sorted(variant.path for variant in self.variants))
        return f"images/{blake2b(paths.encode(), digest_size=12).hexdigest()}"


def parse_ratio(text: str) -> tuple[int, int]:
    """``16:9`` as two numbers. Raises ValueError."""
    width, colon, height = text.partition(":")
    if not colon or not (width.isdecimal() and height.isdecimal()) or not (0 < int(width) <= 10_000 and 0 < int(height) <= 10_000):
        raise ValueError(f'"{text}" is no ratio such as "16:9"')
    return int(width), int(height)


def parse_focus(value: Any) -> tuple[float, float]:
    """A front matter focus such as ``30% 75%``, from the left and from the top, as parts of one; the middle where it says nothing."""
    words = str(value or "").replace(",", " ").split()
    try:
        x, y = (min(100.0, max(0.0, float(word.rstrip("%")))) / 100 for word in words)
    except ValueError:
        return 0.5, 0.5
    return x, y


def cut_box(width: int, height: int, ratio: tuple[int, int], focus: tuple[float, float]) -> tuple[int, int, int, int]:
    """The largest part of a ratio, as (left, top, right, bottom), with the focus as near its middle as the edges allow."""
    wide, high = min(width, round(height * ratio[0] / ratio[1])), min(height, round(width * ratio[1] / ratio[0]))
    wide, high = max(1, wide), max(1, high)
    left = min(width - wide, max(0, round(focus[0] * width - wide / 2)))
    top = min(height - high, max(0, round(focus[1] * height - high / 2)))
    return left, top, left + wide, top + high


def plan_variants(
    rules: ImageRules, facts: Facts, digest: str, *, widths: tuple[int, ...] = (), ratio: tuple[int, int] | None = None,
    focus: tuple[float, float] = (0.5, 0.5), formats: tuple[str, ...] | None = None,
) -> Recipe:  # fmt: skip
    """The variants of an image that can be scaled.

    digest: of its bytes, hexadecimal; widths: wanted, by default the theme's; none is wider than the image itself; formats:
    by default the theme's; ratio, focus: to cut a part out of it.
    """
    box = cut_box(facts.width, facts.height, ratio, focus) if ratio is not None else None
    whole = (box[2] - box[0], box[3] - box[1]) if box is not None else (facts.width, facts.height)
    wanted = sorted({min(width, whole[0]) for width in widths or rules.widths})
    wanted = [width for width in wanted if width * width * whole[1] / whole[0] <= MOST_VARIANT_PIXELS] or wanted[:1]
    sources = {
        name: tuple(_make_variant(digest, name, rules.quality, whole, width, box, facts.width) for width in wanted)
        for name in (rules.formats if formats is None else formats)
    }
    plain = "png" if facts.alpha or (facts.format in ("png", "gif") and formats is None) else "jpeg"
    fallback = _make_variant(digest, plain, rules.quality, whole, wanted[-1], box, facts.width)
    return Recipe(whole[0], whole[1], sources, fallback)


def _make_variant(
    digest: str, form: str, quality: int, whole: tuple[int, int], width: int, box: tuple[int, int, int, int] | None, source_width: int
) -> Variant:
    height = max(1, round(whole[1] * width / whole[0]))
    spec: dict[str, Json] = {"kind": "image", "digest": digest, "format": form, "width": width, "height": height}
    if form in QUALITY_OF:
        spec["quality"] = min(100, max(1, quality + QUALITY_OF[form]))
    if box is not None:
        spec["box"], spec["source_width"] = list(box), source_width
    mark = blake2b(_encode([VERSION, spec.get("quality"), height, box]), digest_size=4).hexdigest()
    ending = "jpg" if form == "jpeg" else form
    return Variant(f"{image_prefix(digest)}{mark}-{width}.{ending}", width, height, spec)


def image_prefix(digest: str) -> str:
    """What the paths of all variants of an image begin with."""
    return f"/images/{digest[:20]}-"
