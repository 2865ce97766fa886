"""Cards in a font of the site's own: which titles it can set, and where their lines are broken."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageFont

from cms_ssg.images.card import FONT, draw_card
from cms_ssg.images.card_rules import DRAWABLE, plan_card
from cms_ssg.images.font import NoFont, list_letters, load_font

TITLE = "日本語の長い題名は、途中で折り返されます。" * 2


def make_font(letters: str) -> bytes:
    """The font that comes with the program, all of whose letters look like A; it has these and a space."""
    data = FONT.read_bytes()
    glyph = 36  # A
    groups = sorted((ord(letter), 3 if letter == " " else glyph) for letter in {*letters, " "})
    table = struct.pack(">HHIII", 12, 0, 16 + 12 * len(groups), 0, len(groups))
    table += b"".join(struct.pack(">III", letter, letter, index) for letter, index in groups)
    cmap = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + table
    (count,) = struct.unpack_from(">H", data, 4)
    made = bytearray(data)
    for number in range(count):
        if data[12 + 16 * number : 16 + 16 * number] == b"cmap":
            struct.pack_into(">II", made, 12 + 16 * number + 8, len(data), len(cmap))
    return bytes(made) + cmap


def test_letters_are_those_that_freetype_finds() -> None:
    letters = list_letters(FONT.read_bytes())
    face = ImageFont.truetype(FONT, 40, layout_engine=ImageFont.Layout.BASIC)
    nothing = bytes(face.getmask(chr(0xE9999)))
    for letter in map(chr, (*range(0x21, 0x250), *range(0x370, 0x600), *range(0x2010, 0x2400), 0x1D538, 0x4E00)):
        if not letter.isprintable():
            continue
        assert (letter in letters) == (bytes(face.getmask(letter)) != nothing), hex(ord(letter))
    assert list_letters(make_font("水")) == {" ", "水"}


@pytest.mark.parametrize("data", [b"", b"<html>", FONT.read_bytes()[:11], FONT.read_bytes()[:400], b"OTTO" + bytes(40), b"ttcf" + bytes(8)])
def test_file_that_is_no_font_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.ttf").write_bytes(data)
    with pytest.raises(NoFont, match=r"^(is|has) "):
        load_font(str(tmp_path), "a.ttf")
    with pytest.raises(NoFont, match="cannot be read"):
        load_font(str(tmp_path), "b.ttf")


def test_own_font_is_taken_where_it_has_every_letter(tmp_path: Path) -> None:
    (tmp_path / "a.ttf").write_bytes(make_font("水 Title"))
    own = load_font(str(tmp_path), "a.ttf")

    def font(title: str, site: str = "Title") -> str | None:
        planned = plan_card(title, site, {}, own)
        return None if planned is None else planned[1]["card"].get("font", "")

    assert font("水水 Title") == "a.ttf"
    assert font("Other") == "", "the one that comes with the program has it"
    assert font("水", "Other") is None
    assert font("水火") is None
    assert plan_card("Title", "Title", {}, own) != plan_card("Title", "Title", {})


def test_emoji_that_no_font_has_are_left_out(tmp_path: Path) -> None:
    def title(written: str, site: str = "Site") -> str | None:
        planned = plan_card(written, site, {})
        return None if planned is None else planned[1]["card"]["title"]

    assert title("Party 🎉 time") == title("Party time") == "Party time"
    assert [title(written) for written in ("❤️ you", "👩‍👩‍👧 at home", "1️⃣ first", "🇮🇹 Italy")] == ["❤ you", "at home", "1 first", "Italy"]
    written = (
        "Rocket🚀launch",
        "Party 🎉!",
        "Sale 🎉🎉: now",
        "Party (🎉)",
        "“🎉 Hi”",
        "At the end 👍🏽",
        "f() 🎉",
        "⏰ Time",
        "I ❤️🚀 you",
        "A\u200bB",
        "n\u0303",
    )
    left = ["Rocket launch", "Party!", "Sale: now", "Party", "“Hi”", "At the end", "f()", "Time", "I ❤ you", "AB", "ñ"]
    assert [title(one) for one in written] == left
    assert [title(one) for one in ("A → B", "2 ≥ 1", "★ H₂O ✓", "ℹ️ x²")] == ["A → B", "2 ≥ 1", "★ H₂O ✓", "ℹ x²"]
    assert title("Title", "☕ Café") == "Title"
    assert title("🎉") is None
    (tmp_path / "a.ttf").write_bytes(make_font("☕ Title"))
    own = plan_card("☕ Title", "Title", {}, load_font(str(tmp_path), "a.ttf"))
    assert own is not None
    assert own[1]["card"]["title"] == "☕ Title"


def test_no_letter_of_a_title_is_drawn_as_an_empty_box() -> None:
    letters = list_letters(FONT.read_bytes())
    drawable = [letter for letter in map(chr, range(0x21, 0x20000)) if DRAWABLE.fullmatch(letter) and not letter.isspace()]
    assert [hex(ord(letter)) for letter in drawable if letter not in letters and letter.isprintable()] == []
    for emoji in map(chr, (0x231A, *range(0x2600, 0x27C0), *range(0x1F300, 0x1FB00, 7))):
        planned = plan_card(f"A {emoji} b {emoji}", f"{emoji} Site", {})
        assert planned is not None
        assert {*planned[1]["card"]["title"], *planned[1]["card"]["site"]} <= letters, hex(ord(emoji))


@pytest.mark.parametrize("title", ["سلام", "שלום", "नमस्ते", "สวัสดี", "ខ្មែរ", "👩‍👩‍👧"])
def test_script_that_cannot_be_set_letter_by_letter_gets_no_card_whatever_the_font(tmp_path: Path, title: str) -> None:
    (tmp_path / "a.ttf").write_bytes(make_font(title + "Title"))
    assert plan_card(title, "Title", {}, load_font(str(tmp_path), "a.ttf")) is None


def read_card(card: dict[str, str], font: bytes | None = None) -> Image.Image:
    return Image.open(io.BytesIO(draw_card(card, font))).convert("RGB")


def test_lines_without_spaces_are_broken_within_the_card_and_the_font_is_used() -> None:
    card = {"title": TITLE, "site": "A"}
    drawn = read_card(card, make_font(TITLE + "A…"))
    paper = Image.new("RGB", drawn.size, drawn.getpixel((drawn.width - 1, 0)))  # type: ignore[arg-type]
    text = ImageChops.difference(drawn, paper).crop((30, 0, *drawn.size)).getbbox()
    assert text is not None
    assert (text[0] > 50, text[2] < drawn.width - 50, text[3] - text[1] > 200) == (True, True, True), "several lines within the margins"
    assert draw_card(card, make_font(TITLE + "A…")) == draw_card(card, make_font(TITLE + "A…"))
    assert ImageChops.difference(drawn, read_card(card)).getbbox() is not None


def test_words_are_broken_at_spaces_as_before_and_nothing_is_lost() -> None:
    from PIL import ImageDraw

    from cms_ssg.images.card import _wrap

    draw = ImageDraw.Draw(Image.new("RGB", (10, 10)))
    face = ImageFont.truetype(FONT, 84, layout_engine=ImageFont.Layout.BASIC)
    words = "The quick brown fox jumps over the lazy dog, and then over 水 again"
    lines = _wrap(draw, words, face)
    assert len(lines) > 2
    assert " ".join(lines) == words
    lines = _wrap(draw, TITLE, face)
    assert "".join(lines) == TITLE
    assert not any(line[0] in "、。" for line in lines)
