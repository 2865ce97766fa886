"""The right pixels, whatever the source is, and nothing but pixels."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from cms_ssg.images.children import Children
from cms_ssg.images.variants import DEFAULT_RULES, plan_variants
from cms_ssg.reads import digest
from tests.images.studio import IMAGES, make, measure, show


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    made = Children(1)
    yield made
    made.close()


def read(file: Path) -> Image.Image:
    return Image.open(io.BytesIO(file.read_bytes()))


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two images' bands, 0 to 255."""
    assert one.size == other.size
    bands = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean
    return max(bands)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(children: Children, tmp_path: Path, orientation: int) -> None:
    upright = Image.new("RGB", (200, 120), "white")
    upright.paste((200, 0, 0), (0, 0, 100, 60))
    upright.paste((0, 0, 200), (100, 60, 200, 120))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    for ending in ("jpg", "png", "webp"):
        stored.save(tmp_path / f"a.{ending}", exif=exif, **({} if ending == "png" else {"quality": 95}))
        shown = show(children, tmp_path / f"a.{ending}")
        assert difference(shown, upright) < 6, ending


def test_variants_hold_no_metadata(children: Children, tmp_path: Path) -> None:
    source = read(IMAGES / "hopper.jpg")
    exif = Image.Exif()
    exif[0x010F] = "Maker of cameras"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    source.save(tmp_path / "a.jpg", exif=exif, comment="a secret", xmp=b"<x:xmpmeta>secret</x:xmpmeta>")
    assert dict(read(tmp_path / "a.jpg").getexif().get_ifd(0x8825))
    (facts,) = measure(children, tmp_path / "a.jpg")
    recipe = plan_variants(DEFAULT_RULES, facts, digest((tmp_path / "a.jpg").read_bytes()).hex())
    for answer in make(children, tmp_path / "a.jpg", recipe.variants):
        assert answer.data is not None
        assert not any(word in answer.data for word in (b"Maker", b"secret", b"Exif", b"ICC_PROFILE"))
        made = Image.open(io.BytesIO(answer.data))
        assert not dict(made.getexif())
        assert "icc_profile" not in made.info


def test_cmyk_becomes_srgb(children: Children) -> None:
    shown = show(children, IMAGES / "pil_sample_cmyk.jpg")
    assert shown.mode == "RGB"
    assert difference(shown, read(IMAGES / "pil_sample_rgb.jpg")) < 12, "it has no profile"


def test_colours_of_another_profile_become_those_of_srgb(children: Children, tmp_path: Path) -> None:
    lab = ImageCms.createProfile("sRGB")
    swapped = ImageCms.ImageCmsProfile(lab).tobytes()
    grey = read(IMAGES / "icc_profile.png")
    assert grey.info.get("icc_profile")
    expected = ImageCms.profileToProfile(
        grey.convert("RGB"), ImageCms.ImageCmsProfile(io.BytesIO(grey.info["icc_profile"])), lab, ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB", flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )  # fmt: skip
    assert expected is not None
    assert difference(show(children, IMAGES / "icc_profile.png"), expected) < 3
    read(IMAGES / "hopper.jpg").save(tmp_path / "a.jpg", icc_profile=swapped[:200], quality=95)
    assert difference(show(children, tmp_path / "a.jpg"), read(IMAGES / "hopper.jpg")) < 6, "a broken profile says nothing"


def test_sixteen_bits_become_eight(children: Children, tmp_path: Path) -> None:
    ramp = Image.new("I;16", (256, 4))
    for x in range(256):
        for y in range(4):
            ramp.putpixel((x, y), x * 257)
    ramp.save(tmp_path / "a.png")
    shown = show(children, tmp_path / "a.png").convert("L")
    assert [shown.getpixel((x, 2)) for x in (0, 100, 255)] == [0, 100, 255]
    assert show(children, IMAGES / "tiff_16bit_RGB_target.png").mode == "RGB"


@pytest.mark.parametrize("name", ["transparent.png", "transparent.gif", "l_trns.png"])
def test_what_shows_through_stays_so(children: Children, name: str) -> None:
    (facts,) = measure(children, IMAGES / name)
    assert facts.alpha
    assert difference(show(children, IMAGES / name).getchannel("A"), read(IMAGES / name).convert("RGBA").getchannel("A")) < 3
    recipe = plan_variants(DEFAULT_RULES, facts, digest((IMAGES / name).read_bytes()).hex())
    for answer in make(children, IMAGES / name, recipe.variants):
        assert answer.data is not None
        assert Image.open(io.BytesIO(answer.data)).convert("RGBA").getchannel("A").getextrema()[0] < 128  # type: ignore[operator]


def test_parts_are_cut_around_the_focus(children: Children, tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 200), "white")
    image.paste((255, 0, 0), (300, 0, 400, 200))
    image.save(tmp_path / "a.png")
    right = show(children, tmp_path / "a.png", ratio=(1, 1), focus=(1.0, 0.5), widths=(100,))
    left = show(children, tmp_path / "a.png", ratio=(1, 1), focus=(0.0, 0.5), widths=(100,))
    assert right.size == left.size == (100, 100)
    assert (right.getpixel((90, 50)), left.getpixel((90, 50))) == ((255, 0, 0), (255, 255, 255))


def test_large_image_is_scaled_as_well_as_a_small_one(children: Children, tmp_path: Path) -> None:
    image = read(IMAGES / "flower2.jpg").resize((2400, 1800), Image.Resampling.BICUBIC)
    image.save(tmp_path / "a.png", compress_level=1)
    image.save(tmp_path / "a.jpg", quality=95)
    expected = image.resize((480, 360), Image.Resampling.LANCZOS)
    for name in ("a.png", "a.jpg"):
        assert difference(show(children, tmp_path / name, widths=(480,)), expected) < 5, name


def test_facts_say_how_large_an_image_is_and_what_it_is_like(children: Children) -> None:
    hopper, moving, avif, grey = measure(
        children, *(IMAGES / name for name in ("hopper_orientation_6.jpg", "dispose_bgnd.gif", "hopper.avif", "hopper_gray.jpg"))
    )
    assert (hopper.format, hopper.width, hopper.height, hopper.animated, hopper.still, hopper.alpha) == (
        "jpeg",
        128,
        128,
        False,
        True,
        False,
    )
    assert (moving.animated, moving.still) == (True, False)
    assert avif.format == "avif"
    assert len({grey.color[1:3], grey.color[3:5], grey.color[5:7]}) == 1, "the mean of greys is grey"
    assert hopper.placeholder.startswith("data:image/webp;base64,")
    assert len(hopper.placeholder) < 500
