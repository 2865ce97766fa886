"""What originals say besides their pixels goes; the pixels, their colours and which way is up stay."""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageOps, ImageSequence

from cms_ssg.images.strip import read_orientation, strip_metadata
from tests.images.studio import IMAGES

GPS, ORIENTATION = 0x8825, 0x0112
SECRETS = (b"Maker of cameras", b"a secret", b"secret keyword")
FILES = sorted(path for path in IMAGES.iterdir() if path.suffix in (".jpg", ".png", ".webp", ".gif", ".avif"))


def make_exif(orientation: int = 6) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010F] = "Maker of cameras"
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0)})
    return exif


@functools.cache
def make_profile() -> bytes:
    """One profile for all: it says the second in which it was made."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def save(form: str, **more: Any) -> bytes:
    """A photograph with everything that its format can say."""
    from PIL.PngImagePlugin import PngInfo

    said = PngInfo()
    said.add_text("Comment", "a secret")
    said.add_itxt("XML:com.adobe.xmp", "a secret")
    said.add_text("secret keyword", "x" * 200, zip=True)
    own: dict[str, Any] = {
        "JPEG": {"comment": "a secret", "xmp": b"<x>a secret</x>", "quality": 90},
        "PNG": {"pnginfo": said},
        "WEBP": {"xmp": b"<x>a secret</x>", "lossless": True},
    }[form]
    image = Image.open(IMAGES / "hopper.jpg").convert("RGB")
    out = io.BytesIO()
    image.save(out, form, **{"exif": make_exif(), "icc_profile": make_profile(), **own, **more})
    return out.getvalue()


def load(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_metadata_goes_and_pixels_profile_and_orientation_stay(form: str) -> None:
    data = save(form)
    assert dict(load(data).getexif().get_ifd(GPS))
    assert any(secret in data for secret in SECRETS)
    stripped = strip_metadata(data)
    image = load(stripped)
    assert dict(image.getexif()) == {ORIENTATION: 6}
    assert not dict(image.getexif().get_ifd(GPS))
    assert not any(secret in stripped for secret in SECRETS)
    assert image.info["icc_profile"] == make_profile()
    assert image.tobytes() == load(data).tobytes()
    assert ImageOps.exif_transpose(image).size == (128, 128)
    assert strip_metadata(stripped) == stripped


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_image_that_stands_upright_keeps_no_exif_at_all(form: str) -> None:
    stripped = strip_metadata(save(form, exif=make_exif(1)))
    assert dict(load(stripped).getexif()) == {}
    assert b"Exif" not in stripped
    assert b"EXIF" not in stripped


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_every_orientation_is_kept(form: str, orientation: int) -> None:
    assert load(strip_metadata(save(form, exif=make_exif(orientation)))).getexif().get(ORIENTATION, 1) == orientation


@pytest.mark.parametrize("order", ["II", "MM"])
def test_orientation_is_read_in_both_orders_of_bytes(order: str) -> None:
    exif = make_exif(8)
    exif.endian = "<" if order == "II" else ">"
    data = exif.tobytes()
    assert data.startswith(b"Exif\0\0" + order.encode())
    assert read_orientation(data) == 8
    assert all(read_orientation(data[:cut]) in (1, 8) for cut in range(len(data)))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_files_look_the_same_afterwards_frame_by_frame(file: Path) -> None:
    data = file.read_bytes()
    stripped = strip_metadata(data)
    assert strip_metadata(stripped) == stripped
    assert len(stripped) <= len(data)
    try:
        before = [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(Image.open(io.BytesIO(data)))]
    except (OSError, SyntaxError):
        return  # broken before, and nobody shows it
    image = Image.open(io.BytesIO(stripped))
    assert [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)] == before
    assert image.info.get("icc_profile") == Image.open(io.BytesIO(data)).info.get("icc_profile")
    assert set(image.getexif()) <= {ORIENTATION}


def test_avif_keeps_its_length_and_turns_as_before() -> None:
    out = io.BytesIO()
    image = Image.open(io.BytesIO((IMAGES / "hopper.jpg").read_bytes())).convert("RGB").resize((64, 48))
    image.save(out, "AVIF", exif=make_exif(), xmp=b"<x>a secret</x>", icc_profile=make_profile(), speed=10)
    data = out.getvalue()
    assert all(secret in data for secret in SECRETS[:2])
    stripped = strip_metadata(data)
    assert len(stripped) == len(data)
    assert not any(secret in stripped for secret in SECRETS)
    assert not any(secret in strip_metadata(data.replace(b"avif", b"heic").replace(b"mif1", b"heix")) for secret in SECRETS)
    before, after = load(data), load(stripped)
    assert dict(after.getexif()) == {ORIENTATION: before.getexif()[ORIENTATION]}
    assert (after.tobytes(), after.info["icc_profile"]) == (before.tobytes(), make_profile())
    for cut in range(len(data)):
        assert len(strip_metadata(data[:cut])) == cut
        assert b"Maker of cameras" not in strip_metadata(data[:cut]) or cut < 600


def test_photograph_of_a_camera_loses_its_place() -> None:
    data = (IMAGES / "exif_gps.jpg").read_bytes()
    assert dict(Image.open(io.BytesIO(data)).getexif().get_ifd(GPS))
    assert dict(load(strip_metadata(data)).getexif()) == {}


def test_moving_images_go_on_moving_for_ever() -> None:
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "green", "blue")]
    for form, own in (
        ("GIF", {"comment": b"a secret"}),
        ("WEBP", {"exif": make_exif(1), "lossless": True}),
        ("PNG", {"exif": make_exif(1)}),
    ):
        out = io.BytesIO()
        frames[0].save(out, form, save_all=True, append_images=frames[1:], duration=100, loop=0, **own)  # type: ignore[arg-type]
        stripped = strip_metadata(out.getvalue())
        assert len(stripped) < len(out.getvalue())
        image = Image.open(io.BytesIO(stripped))
        assert [frame.convert("RGB").getpixel((1, 1)) for frame in ImageSequence.Iterator(image)] == [
            (255, 0, 0), (0, 128, 0), (0, 0, 255)
        ]  # fmt: skip
        assert image.info["loop"] == 0
        assert not any(secret in stripped for secret in SECRETS)


def test_what_cameras_append_goes_with_its_own_metadata() -> None:
    out = io.BytesIO()
    image = Image.open(IMAGES / "hopper.jpg").convert("RGB")
    image.save(out, "MPO", save_all=True, append_images=[image.rotate(90)], exif=make_exif())
    for data in (out.getvalue(), save("JPEG") + save("JPEG"), save("PNG") + b"a secret", save("WEBP") + b"a secret"):
        stripped = strip_metadata(data)
        assert getattr(load(stripped), "n_frames", 1) == 1
        assert not any(secret in stripped for secret in SECRETS)
    assert load(strip_metadata(out.getvalue())).format == "JPEG"


def test_progressive_jpeg_and_cmyk_keep_all_their_scans() -> None:
    data = save("JPEG", progressive=True)
    assert data.count(b"\xff\xda") > 3
    stripped = strip_metadata(data)
    assert stripped.count(b"\xff\xda") == data.count(b"\xff\xda")
    assert load(stripped).tobytes() == load(data).tobytes()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_image_cut_off_anywhere_is_cut_off_afterwards_and_says_nothing(form: str) -> None:
    if form == "GIF":
        out = io.BytesIO()
        Image.new("P", (30, 20)).save(out, "GIF", comment=b"a secret")
        data = out.getvalue()
    else:
        data = save(form)
    for cut in {*range(min(len(data), 1500)), *range(0, len(data), 97)}:
        stripped = strip_metadata(data[:cut])
        assert len(stripped) <= cut + 60
        assert not any(secret in stripped for secret in SECRETS), cut


def test_other_files_stay_as_they_are() -> None:
    for data in (b"", b"\xff", b"<html>", b"RIFF\0\0\0\0WAVEfmt ", b"GIF89a", (IMAGES / "tiff_16bit_RGB_target.png").read_bytes()[1:]):
        assert strip_metadata(data) == data
