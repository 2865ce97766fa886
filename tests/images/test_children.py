"""Hostile images: an answer that says what is wrong, within the limits, and the next image is worked on as if nothing had been."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from cms_ssg.images.children import Children, Task
from cms_ssg.images.facts import VERSION, parse_facts
from cms_ssg.images.variants import DEFAULT_RULES, plan_variants
from cms_ssg.reads import digest
from tests.images.studio import IMAGES, make, measure


@pytest.fixture
def children() -> Iterator[Children]:
    made = Children(1)
    yield made
    made.close()


def most_memory_mb(children: Children) -> int:
    """What the process had at most."""
    status = Path(f"/proc/{children._children[0].process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def write_bomb(path: Path, width: int, height: int) -> None:
    """A PNG of a few kB that says it is very large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(bytes(width // 8 + 1)) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


def test_image_of_500_million_pixels_is_refused_unread(children: Children, tmp_path: Path) -> None:
    write_bomb(tmp_path / "a.png", 25_000, 20_000)
    (facts,) = measure(children, tmp_path / "a.png")
    assert facts.code == "image.too-large"
    assert most_memory_mb(children) < 100


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.jpg", b"<html><script>alert(1)</script></html>", "image.unreadable"),
        ("a.png", b"", "image.unreadable"),
        ("a.svg", (IMAGES / "truncated_jpeg.jpg").read_bytes(), "image.unreadable"),
        ("a.jpg", (IMAGES / "truncated_jpeg.jpg").read_bytes(), "image.unreadable"),
        ("a.png", (IMAGES / "broken_data_stream.png").read_bytes(), "image.unreadable"),
        ("a.webp", (IMAGES / "hopper.webp").read_bytes()[:900], "image.unreadable"),
        ("a.avif", (IMAGES / "hopper.avif").read_bytes()[:900], "image.unreadable"),
        ("a.gif", b"GIF89a" + bytes(20), "image.unreadable"),
    ],
)
def test_broken_file_is_said_to_be_broken(children: Children, tmp_path: Path, name: str, data: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(data)
    facts, whole = measure(children, tmp_path / name, IMAGES / "hopper.jpg")
    assert facts.code == code
    assert facts.hint
    assert whole.code == ""


@pytest.mark.long
def test_forty_million_pixels_stay_below_the_limits(children: Children, tmp_path: Path) -> None:
    image = Image.effect_noise((770, 515), 60).resize((7700, 5150))
    image.putalpha(200)
    image.convert("RGBA").save(tmp_path / "a.png", compress_level=1)
    (facts,) = measure(children, tmp_path / "a.png")
    recipe = plan_variants(DEFAULT_RULES, facts, digest((tmp_path / "a.png").read_bytes()).hex())
    assert all(answer.data for answer in make(children, tmp_path / "a.png", recipe.variants))
    assert most_memory_mb(children) < 300


LARGEST = [("webp", 4080, 3060, {"lossless": True, "quality": 0, "method": 0}), ("avif", 4618, 3464, {"quality": 90, "speed": 10})]


@pytest.mark.long
@pytest.mark.parametrize(("form", "width", "height", "more"), LARGEST)
def test_format_that_is_decoded_whole_stays_below_the_limits_up_to_its_own(
    children: Children, tmp_path: Path, form: str, width: int, height: int, more: dict[str, int]
) -> None:
    image = Image.effect_noise((width // 8, height // 8), 60).resize((width, height))
    image.putalpha(image.point(lambda value: value // 2 + 64))
    image = image.convert("RGBA")
    image.save(tmp_path / f"a.{form}", **more, **({"subsampling": "4:4:4"} if form == "avif" else {}))
    (facts,) = measure(children, tmp_path / f"a.{form}")
    assert (facts.code, facts.width) == ("", width)
    recipe = plan_variants(DEFAULT_RULES, facts, digest((tmp_path / f"a.{form}").read_bytes()).hex())
    assert all(answer.data for answer in make(children, tmp_path / f"a.{form}", recipe.variants))
    assert most_memory_mb(children) < 300


@pytest.mark.parametrize(("form", "more"), [("webp", {"quality": 1, "method": 0}), ("webp", {"lossless": True, "quality": 0, "method": 0}),
                                            ("avif", {"quality": 1, "speed": 10})])  # fmt: skip
def test_image_of_39_million_pixels_is_refused_unread_in_a_format_that_is_decoded_whole(
    children: Children, tmp_path: Path, form: str, more: dict[str, int]
) -> None:
    for mode in ("RGB", "RGBA"):
        Image.new(mode, (7200, 5400)).save(tmp_path / f"a.{form}", **more)
        facts, whole = measure(children, tmp_path / f"a.{form}", IMAGES / "hopper.jpg")
        assert (facts.code, whole.code) == ("image.too-large", "")
        assert "(7200 × 5400)" in facts.message
        assert most_memory_mb(children) < 100


def test_facts_of_an_image_that_may_no_longer_be_so_large_are_found_out_again() -> None:
    stored = {"version": VERSION, "format": "webp", "width": 5000, "height": 4000}
    assert parse_facts(stored) is None
    assert parse_facts({**stored, "format": "jpeg"}) is not None
    assert parse_facts({**stored, "height": 2500}) is not None


def test_image_that_needs_too_much_memory_is_refused_and_the_next_is_made(children: Children, tmp_path: Path) -> None:
    Image.new("RGBA", (4600, 3450), (1, 2, 3, 200)).save(tmp_path / "a.avif", quality=1, speed=10, subsampling="4:4:4")
    with (tmp_path / "a.avif").open("ab") as file:  # as many pixels as it may have, in as many bytes
        file.write(struct.pack(">I", 62_000_000) + b"free" + bytes(62_000_000 - 8))
    facts, whole = measure(children, tmp_path / "a.avif", IMAGES / "hopper.jpg")
    assert (facts.code, whole.code) == ("image.limits", "")
    assert most_memory_mb(children) < 300


def test_progressive_image_that_needs_too_much_memory_is_said_to_need_it(children: Children, tmp_path: Path) -> None:
    for mode in ("CMYK", "RGB"):
        Image.new(mode, (7200, 5400), "red" if mode == "RGB" else (9, 200, 9, 9)).save(tmp_path / f"{mode}.jpg", progressive=True)
    cmyk, rgb = measure(children, tmp_path / "CMYK.jpg", tmp_path / "RGB.jpg")
    assert (rgb.code, cmyk.code) == ("", "image.limits")
    assert "progressive JPEG of 7200 × 5400 in CMYK" in cmyk.message


def test_image_that_takes_too_long_ends_its_process_and_another_goes_on(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    file = IMAGES / "flower2.jpg"
    request = {"root": str(file.parent), "file": file.name, "digest": digest(file.read_bytes()).hex(), "widest": 20000.0}
    endless = {"format": "avif", "width": 14_000, "height": 9_000, "quality": 95}
    small = {"format": "jpeg", "width": 20, "height": 15, "quality": 80}
    started, own_started = time.monotonic(), time.process_time()
    answers = list(children.work([[Task("slow", {**request, "spec": endless}), Task("quick", {**request, "spec": small})]], lambda: None))
    assert [answer.key for answer in answers] == ["slow", "quick"]
    assert answers[0].facts is not None
    assert answers[0].facts.code == "image.limits"
    assert answers[1].data is not None
    assert time.process_time() - own_started < (time.monotonic() - started) / 2, "the work was the child's"


def test_file_that_is_no_longer_what_was_read_is_left_alone(children: Children, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes((IMAGES / "hopper.jpg").read_bytes())
    request = {"root": str(tmp_path), "file": "a.jpg", "digest": "00" * 16, "spec": None, "check": "all"}
    gone = {**request, "file": "b.jpg"}
    answers = list(children.work([[Task("other", request), Task("gone", gone)]], lambda: None))
    assert [(answer.data, answer.facts) for answer in answers] == [(None, None)] * 2


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>", '<g onload="alert(1)"/>', "<foreignObject><p>x</p></foreignObject>", '<image href="https://other.example/x.png"/>',
        '<use xlink:href="other.svg#a" xmlns:xlink="http://www.w3.org/1999/xlink"/>', "<style>@import 'https://other.example/x.css'</style>",
        '<rect style="fill: url(https://other.example/)"/>', '<a href="javascript:alert(1)"><text>x</text></a>',
        '<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>', "<style>@im<!-- -->port url(//other.example)</style>",
    ],
)  # fmt: skip
def test_svg_that_does_more_than_draw_is_refused_by_those_who_do_not_trust_it(children: Children, tmp_path: Path, inside: str) -> None:
    (tmp_path / "a.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30">{inside}</svg>')
    assert measure(children, tmp_path / "a.svg")[0].code == "image.unsafe-svg"
    trusted = measure(children, tmp_path / "a.svg", check="scripts")[0]
    if "alert" in inside and "foreign" not in inside:
        assert trusted.code == "image.unsafe-svg"
        assert "active_svg" in trusted.hint
    else:
        assert (trusted.code, trusted.width, trusted.height) == ("", 40, 30)


@pytest.mark.parametrize(
    "inside",
    [
        '<a href="java&#10;script:alert(1)"><text>x</text></a>', '<a xmlns:x="http://www.w3.org/1999/xlink" x:href=" JavaScript:alert(1)"/>',
        '<a><set attributeName="href" to="javascript:alert(1)"/></a>', '<a><animate attributeName="href" values="#;javascript:alert(1)"/></a>',
        '<a href="data:text/html,x"/>', '<SCRIPT/>', '<foreignObject><p onclick="alert(1)"/></foreignObject>', "<g>&e;</g>",
        '<a href="&f;"/>', '<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" srcdoc="x"/></foreignObject>',
    ],
)  # fmt: skip
def test_svg_that_runs_something_is_refused_at_every_level(children: Children, tmp_path: Path, inside: str) -> None:
    entities = '<!DOCTYPE svg [<!ENTITY e "&#60;script/>"><!ENTITY f "javascript:alert(1)">]>' if "&e;" in inside or "&f;" in inside else ""
    (tmp_path / "a.svg").write_text(f'{entities}<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>')
    assert [measure(children, tmp_path / "a.svg", check=check)[0].code for check in ("scripts", "all")] == ["image.unsafe-svg"] * 2


def test_svg_with_a_drawing_programs_entities_and_pictures_is_shown_by_those_who_trust_it(children: Children, tmp_path: Path) -> None:
    head = '<!DOCTYPE svg [<!ENTITY ns_svg "http://www.w3.org/2000/svg">]><svg xmlns="&ns_svg;" viewBox="0 0 40 30">'
    (tmp_path / "a.svg").write_text(
        f'{head}<image href="data:image/svg+xml,x"/><image href="b.png"/><a href="https://other.example/"/></svg>'
    )
    facts = measure(children, tmp_path / "a.svg", check="scripts")[0]
    assert (facts.code, facts.width, facts.height) == ("", 40, 30)


def test_svg_that_only_draws_is_shown(children: Children, tmp_path: Path) -> None:
    drawing = '<style>.a{fill:url(#g)}</style><linearGradient id="g"/><rect class="a" fill="url(#g)"/><use href="#g"/><a href="/x/"><text>x</text></a>'
    (tmp_path / "a.svg").write_text(
        f'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="40px" height="30">{drawing}</svg>'
    )
    facts = measure(children, tmp_path / "a.svg")[0]
    assert (facts.code, facts.format, facts.width, facts.height) == ("", "svg", 40, 30)


def test_svg_with_entities_is_refused_before_they_grow(children: Children, tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x"}">' for n in range(12))
    (tmp_path / "a.svg").write_text(f"<!DOCTYPE svg [{entities}]><svg>&e11;</svg>")
    for check in ("all", "scripts"):
        assert measure(children, tmp_path / "a.svg", check=check)[0].code == "image.unsafe-svg"
