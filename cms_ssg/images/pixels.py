"""Open images and make variants of them with Pillow. Only child processes import this: what they read may be hostile."""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from cms_ssg.images.facts import MOST_DATA_BYTES, MOST_PIXELS, VERSION, Facts, bad_facts, most_pixels

FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")  # several JPEGs in one file, MPO, are found by the first of them
JPEG: Final = ("JPEG", "MPO")
NAMES: Final = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "AVIF": "avif"}
ORIENTATION: Final = 0x0112
TURNED: Final = frozenset((5, 6, 7, 8))
TALLEST: Final = 8192
"""A taller image is kept as it is: scaled to fit, nobody could read it."""

STRIP_PIXELS: Final = 2_000_000

BESIDES: Final = 90_000_000
"""Memory that a process needs besides an image's coefficients: its file of up to 64 MB, the libraries, rows of pixels."""

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


class Refused(Exception):
    """An image that is not shown: a permanent code, what is wrong, and a way out."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.facts = bad_facts(code, message, hint)


def open_image(data: bytes) -> Image.Image:
    """An image whose header was read and whose size was checked. Raises Refused."""
    _check_size("webp", *_read_webp_size(data))
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _too_large(MOST_PIXELS) from None
    except Exception as error:  # noqa: BLE001 - the libraries raise many kinds, and each means the same
        if "could not create decoder" in str(error):  # WebP's wants room for the whole picture before it looks at it, and says no more
            error = ValueError("it is broken, or has too many pixels for a WebP")
        message = "this is not an image that can be read"
        if not isinstance(error, UnidentifiedImageError):
            message += f": {error}"
        raise Refused("image.unreadable", message, "Export it again as JPEG, PNG, WebP, AVIF or GIF.") from None
    form = NAMES[image.format or ""]
    _check_size(form, image.width, image.height)
    return image


def _check_size(form: str, width: int, height: int) -> None:
    if width * height > (most := most_pixels(form)):
        raise _too_large(most, f" ({width} × {height}), the most for {form.upper()}")


def _too_large(most: int, said: str = "") -> Refused:
    hint = "Scale it down: 4000 pixels are wide enough. JPEG and PNG may have more pixels than WebP and AVIF."
    return Refused("image.too-large", f"it has more than {most / 1_000_000:g} million pixels{said}", hint)


def _read_webp_size(data: bytes) -> tuple[int, int]:
    """Width and height of a WebP, 0 of anything else. Pillow makes room for the whole picture before it says how large it is."""
    form, body = data[12:16], data[20:30]
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(body) < 10:
        return 0, 0
    if form == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if form == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if form != b"VP8 ":
        return 0, 0
    return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF


def measure_image(data: bytes) -> Facts:
    """Facts of an image, all of which was decoded. Raises Refused."""
    image = open_image(data)
    form = NAMES[image.format or ""]
    animated = form != "jpeg" and getattr(image, "n_frames", 1) > 1
    width, height = image.size
    if _orientation(image) in TURNED:
        width, height = height, width
    small = read_pixels(image, max(1, min(image.size) // 64))
    small.thumbnail((64, 64))
    alpha = small.mode == "RGBA" and small.getchannel("A").getextrema()[0] < 255  # type: ignore[operator]  # one band gives two numbers
    mean = _over(small, (255, 255, 255)).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(mean, tuple)
    scaled = min(width, 960)
    still = not animated and height * scaled // width <= TALLEST
    return Facts(
        VERSION, form, width, height, animated, alpha, still, color="#" + "".join(f"{part:02x}" for part in mean[:3]),
        placeholder=_make_placeholder(small),
    )  # fmt: skip


def _make_placeholder(image: Image.Image) -> str:
    tiny = image.copy()
    tiny.thumbnail((16, 16))
    out = io.BytesIO()
    tiny.save(out, "WEBP", quality=30, method=6)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()


def read_pixels(image: Image.Image, factor: int = 1) -> Image.Image:
    """The pixels as they are to be looked at: sRGB in 8 bits, RGB or RGBA, turned upright, 1/factor as wide. Raises Refused."""
    size = image.size
    orientation = _orientation(image)
    if factor > 1 and image.format in JPEG:
        image.draft(image.mode, (size[0] // factor, size[1] // factor))
    _load(image, size)
    factor = max(1, factor * image.width // size[0])  # what the decoder has not done yet
    colours = _Colours(image, image.info.get("icc_profile"), image.info.get("transparency") is not None)
    plain = _shrink(image, factor, colours)
    image.close()
    return ImageOps.exif_transpose(_marked(plain, orientation)) if orientation != 1 else plain


def _load(image: Image.Image, size: tuple[int, int] = (0, 0)) -> None:
    """Decode an image. size: of a JPEG, before the decoder was told to make it smaller."""
    needs = _count_coefficients(image, *size)
    try:
        image.load()
    except (MemoryError, Image.DecompressionBombError):
        raise
    except Exception as error:  # noqa: BLE001 - as in open_image
        if needs > MOST_DATA_BYTES - BESIDES:  # libjpeg got no memory, which Pillow calls a broken stream
            raise Refused(
                "image.limits",
                f"as a progressive JPEG of {size[0]} × {size[1]} in {image.mode} it needs {needs // 1_000_000} MB to be read, "
                f"and may have {MOST_DATA_BYTES // 1_000_000}, or it is broken",
                "Scale it down, or save it as RGB or without progressive scans.",
            ) from None
        raise Refused(
            "image.unreadable", f"it is broken or cut off: {error}", "Copy or export it again; the original may be whole."
        ) from None


def _count_coefficients(image: Image.Image, width: int, height: int) -> int:
    """Bytes that a progressive JPEG is held in until all of its scans were read, 0 for other images."""
    if image.format not in JPEG or not image.info.get("progressive"):
        return 0
    layers: list[tuple[int, int, int, int]] = getattr(image, "layer", [])  # (number, across, down, table) of each component
    across, down = max((one[1] for one in layers), default=1), max((one[2] for one in layers), default=1)
    return sum(2 * width * one[1] // across * height * one[2] // down for one in layers)


def _orientation(image: Image.Image) -> int:
    if image.format not in JPEG:
        _load(image)  # EXIF may come after the pixels, and asking for it would swallow what is wrong with them
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - EXIF that cannot be read says nothing
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _marked(image: Image.Image, orientation: int) -> Image.Image:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image.getexif().load(exif.tobytes())
    return image


class _Colours:
    """From the mode and profile of one image to sRGB."""

    def __init__(self, image: Image.Image, profile: bytes | None, transparent: bool) -> None:
        self.has_alpha = transparent or image.mode in ("RGBA", "LA", "PA", "La", "RGBa")
        self.form: Any = None
        self.mode = image.mode if image.mode in ("CMYK", "L") else "RGB"
        if profile and self.mode in ("CMYK", "RGB", "L"):
            try:
                own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
                srgb = ImageCms.createProfile("sRGB")
                intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
                flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
                self.form = ImageCms.buildTransform(own, srgb, self.mode, "RGB", intent, flags)
            except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a profile of other colours than the image has, or broken
                self.form = None

    def convert(self, part: Image.Image) -> Image.Image:
        """A part of the image as RGB or RGBA."""
        if part.mode.startswith("I"):  # 16 bits of grey
            part = part.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
        alpha = None
        if self.has_alpha:
            part = part.convert("RGBA") if part.mode != "RGBA" else part
            alpha = part.getchannel("A")
        if self.form is not None:
            part = part if part.mode == self.mode else part.convert(self.mode)
            part = ImageCms.applyTransform(part, self.form) or part
        elif part.mode != "RGB":
            part = part.convert("RGB")
        if alpha is not None:
            part = part.convert("RGB") if part.mode != "RGB" else part
            part.putalpha(alpha)
        return part


def _shrink(image: Image.Image, factor: int, colours: _Colours) -> Image.Image:
    """The image as RGB or RGBA and 1/factor as wide, strip by strip, so that no second copy of a large one is needed."""
    width, height = -(-image.width // factor), -(-image.height // factor)
    mode = "RGBA" if colours.has_alpha else "RGB"
    result = Image.new(mode, (width, height))
    step = max(1, STRIP_PIXELS // (image.width * factor)) * factor
    for top in range(0, image.height, step):
        part = colours.convert(image.crop((0, top, image.width, min(image.height, top + step))))
        if factor > 1:
            part = part.convert("RGBa").reduce(factor).convert("RGBA") if mode == "RGBA" else part.reduce(factor)
        result.paste(part, (0, top // factor))
    return result


def _over(image: Image.Image, paper: tuple[int, int, int]) -> Image.Image:
    """Without transparency, on a colour."""
    if image.mode != "RGBA":
        return image
    below = Image.new("RGB", image.size, paper)
    below.paste(image, mask=image.getchannel("A"))
    return below


@dataclass(slots=True)
class Source:
    """An image while variants of it are made. pixels: at most a few times as large as the largest of them; scale: to the original."""

    digest: str
    pixels: Image.Image
    scale: float
    widest: float


def open_source(digest: str, data: bytes, widest: float) -> Source:
    """An image to make variants of. widest: what the largest would be wide if it was not cut. Raises Refused."""
    image = open_image(data)
    across = image.height if _orientation(image) in TURNED else image.width
    factor = max(1, int(across / (2 * widest)))
    try:
        pixels = read_pixels(image, factor)
    except Refused:
        raise MemoryError from None  # all of it was decoded before, by measure_image, in less memory
    return Source(digest, pixels, pixels.width / across, widest)


def make_variant(source: Source, spec: dict[str, Any]) -> bytes:
    """The bytes of one variant."""
    box = spec.get("box")
    pixels = source.pixels
    part = tuple(value * source.scale for value in box) if box else (0, 0, *pixels.size)
    part = (*part[:2], min(part[2], pixels.width), min(part[3], pixels.height))
    size = (spec["width"], spec["height"])
    scaled = pixels.resize(size, Image.Resampling.LANCZOS, box=part, reducing_gap=3.0)
    return encode(scaled, spec["format"], spec.get("quality"))


def encode(image: Image.Image, form: str, quality: int | None) -> bytes:
    """An image without any metadata. One thread and fixed effort, so that the same library gives the same bytes."""
    image.info.clear()
    out = io.BytesIO()
    if form == "avif":
        image.save(out, "AVIF", quality=quality, speed=8, max_threads=1)
    elif form == "webp":
        image.save(out, "WEBP", quality=quality, method=4)
    elif form == "png":
        image.save(out, "PNG", optimize=True)
    else:
        _over(image, (255, 255, 255)).save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()
