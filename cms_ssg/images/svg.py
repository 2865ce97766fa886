"""SVG as an image: how large it is, and whether it holds nothing but drawing."""

from __future__ import annotations

import re
from typing import Final
from xml.parsers import expat

from cms_ssg.images.facts import VERSION, Facts, SvgCheck, bad_facts

MOST_BYTES: Final = 4 * 1024 * 1024
LENGTH: Final = re.compile(r"\s*([0-9]*\.?[0-9]+)(?:px)?\s*")
UNSAFE_ELEMENTS: Final = frozenset("script foreignobject iframe object embed audio video handler listener".split())
LOCAL: Final = re.compile(r"\s*(#|data:image/(png|jpeg|gif|webp|avif)[;,])", re.IGNORECASE)
OUTSIDE: Final = re.compile(
    r"url\(\s*['\"]?\s*(?!['\"]?\s*(#|data:image/(?:png|jpeg|gif|webp|avif)[;,]))|@import|expression\(|javascript:", re.IGNORECASE
)
SKIPPED: Final = re.compile(r"[\x00-\x20]+")
"""What browsers leave out of an address."""
RUNS: Final = re.compile(r"(?:^|;)(?:javascript|vbscript|data:(?:text/html|image/svg|text/xml|application/(?:xhtml|xml)))", re.IGNORECASE)
ADDRESSES: Final = frozenset(("href", "src", "to", "from", "by", "values", "data", "action", "formaction"))
"""Attributes that can hold or become an address; animations set those of others."""


RASTER: Final = (b"\xff\xd8", b"\x89PNG", b"GIF8", b"RIFF")
ELEMENT: Final = re.compile(rb"<(?:[\w.-]+:)?svg\b", re.IGNORECASE)


class _Found(Exception):
    """Something that does more than draw."""


def is_svg(data: bytes) -> bool:
    """Whether these bytes are meant as SVG, however broken."""
    is_raster = data.startswith(RASTER) or data[4:8] == b"ftyp"
    return not is_raster and ELEMENT.search(data.replace(b"\0", b"")) is not None  # UTF-16 has a zero in each letter


def measure_svg(data: bytes, check: SvgCheck) -> Facts:
    """Facts of an SVG.

    check: refuse ``scripts``, handlers and addresses that run something, or ``all`` that does more than draw (foreign content, anything
    from elsewhere, entities too).
    """
    if check == "all" and len(data) > MOST_BYTES:
        hint = "Simplify it, or export it as PNG."
        return bad_facts("image.too-large", f"it has more than {MOST_BYTES // 1024 // 1024} MB", hint)
    reading = _Reading(check)
    try:
        reading.parser.Parse(data, True)
    except _Found as found:
        way = "trust what is written here: [markdown] raw_html" if check == "all" else "allow what runs: [images] active_svg"
        return bad_facts("image.unsafe-svg", f"it holds {found}", f"Draw without it, or {way} in site.toml.", check)
    except (expat.ExpatError, UnicodeError, LookupError, ValueError) as error:
        return bad_facts("image.unreadable", f"it is no SVG: {error}", "Export it again as SVG.", check)
    if reading.name != "svg":
        message = f"it is no SVG but <{reading.name}>"
        return bad_facts("image.unreadable", message, "Export it again as SVG.", check)
    width, height = reading.size
    return Facts(VERSION, "svg", width, height, still=False, looked_for=check)


def _runs(element: str, attribute: str, value: str) -> bool:
    """Whether an attribute holds, or makes of another, an address that runs something. What an <image> shows runs nothing."""
    if attribute == "srcdoc":
        return True
    shown = element in ("image", "feimage") and attribute == "href"
    return attribute in ADDRESSES and not shown and RUNS.search(SKIPPED.sub("", value)) is not None


class _Reading:
    def __init__(self, check: SvgCheck) -> None:
        self.check, self.name, self.attributes = check, "", dict[str, str]()
        self.inside_style = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.buffer_text = True
        self.parser.EntityDeclHandler = self._look_at_entity
        if check == "all":
            self.parser.CharacterDataHandler = self._text
            self.parser.ProcessingInstructionHandler = self._refuse_instruction

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2].lower()
        if not self.name:
            self.name, self.attributes = name, attributes
        if name == "script" or (self.check == "all" and name in UNSAFE_ELEMENTS):
            raise _Found(f"<{name}>")
        self.inside_style += name == "style"
        for key, value in attributes.items():
            plain = key.rpartition(":")[2].lower()
            if plain.startswith("on") and key != "xmlns:on":
                raise _Found(f"the handler {key}")
            if _runs(name, plain, value):
                raise _Found(f'something that runs ("{value[:60]}")')
            if self.check != "all":
                continue
            if plain in ("href", "src") and not LOCAL.match(value) and name != "a":
                raise _Found(f'something from elsewhere ("{value[:60]}")')
            if OUTSIDE.search(value):
                raise _Found(f'something from elsewhere ("{value[:60]}")')

    def _end(self, tag: str) -> None:
        if tag.rpartition(":")[2].lower() == "style":
            self.inside_style -= 1

    def _text(self, text: str) -> None:
        if self.inside_style and OUTSIDE.search(text):
            raise _Found("a style that loads something")

    def _look_at_entity(self, name: str, _: object, value: str | None, *__: object) -> None:
        """Programs for drawing write harmless ones; one that is made of others may grow without end."""
        if self.check == "all" or "&" in (value or ""):
            raise _Found(f"an entity of its own, &{name};")

    def _refuse_instruction(self, target: str, _: str) -> None:
        raise _Found(f"an instruction <?{target}?>")

    @property
    def size(self) -> tuple[int, int]:
        """In CSS pixels, from width and height or the viewBox; 0 where it does not say."""
        width, height = (LENGTH.fullmatch(self.attributes.get(key, "")) for key in ("width", "height"))
        if width and height:
            return max(0, round(float(width[1]))), max(0, round(float(height[1])))
        box = re.split(r"[\s,]+", self.attributes.get("viewBox", "").strip())
        try:
            numbers = [float(part) for part in box]
        except ValueError:
            return 0, 0
        if len(numbers) != 4 or not (0 < numbers[2] < 1e6 and 0 < numbers[3] < 1e6):
            return 0, 0
        return max(1, round(numbers[2])), max(1, round(numbers[3]))
