"""Theme strings: chain of folders, fallbacks, plurals, dates, what is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel import Locale

from cms_ssg.config.defaults import LANGUAGE_NAMES, language_tag
from cms_ssg.errors import CmsError
from cms_ssg.render.plurals import CATEGORIES, list_categories, plural_category
from cms_ssg.render.strings import Plural, check_strings, dump_string, load_strings, make_t, missing_keys, translate

BASE = Path(__file__).parents[2] / "themes/base/i18n"
LOCALES = sorted(path.stem for path in BASE.glob("*.toml"))
MARCH = datetime(2025, 3, 1, 9, tzinfo=UTC)


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder


# Samples from CLDR's plurals.xml, integers only.
@pytest.mark.parametrize(
    ("locale", "forms"),
    [
        ("en", {"one": [1], "other": [0, 2, 21, 100]}),
        ("it", {"one": [1], "many": [1_000_000], "other": [0, 2, 11]}),
        ("fr", {"one": [0, 1], "other": [2, 11, 1_000], "many": [1_000_000]}),
        ("pt", {"one": [0, 1], "other": [2]}),
        ("pt-br", {"one": [0, 1], "other": [2]}),
        ("pt-pt", {"one": [1], "other": [0, 2]}),
        ("ar", {"zero": [0], "one": [1], "two": [2], "few": [3, 10, 103, 110], "many": [11, 26, 111], "other": [100, 102, 202]}),
        ("fa", {"one": [0, 1], "other": [2, 11]}),
        ("ja", {"other": [0, 1, 2]}),
        ("zh-cn", {"other": [0, 1, 2]}),
        ("ro", {"one": [1], "few": [0, 2, 16, 102, 119], "other": [20, 35, 100, 120]}),
        ("uk", {"one": [1, 21, 101], "few": [2, 4, 22, 102], "many": [0, 5, 11, 19, 111, 112]}),
        ("ru", {"one": [1, 21], "few": [3, 24], "many": [0, 5, 12, 100]}),
        ("pl", {"one": [1], "few": [2, 24], "many": [0, 5, 12, 21, 112]}),
        ("cs", {"one": [1], "few": [2, 4], "other": [0, 5, 21]}),
        ("sl", {"one": [1, 101], "two": [2, 102], "few": [3, 4, 104], "other": [0, 5, 100]}),
        ("he", {"one": [1], "two": [2], "other": [0, 3, 10, 17, 20, 100]}),
        ("lt", {"one": [1, 21, 101], "few": [2, 9, 22], "other": [0, 10, 11, 19, 30, 111]}),
        ("lv", {"zero": [0, 10, 11, 19, 30, 111], "one": [1, 21, 101], "other": [2, 9, 22]}),
        ("ga", {"one": [1], "two": [2], "few": [3, 6], "many": [7, 10], "other": [0, 11, 100]}),
        ("tr", {"one": [1], "other": [0, 2]}),
        ("ta", {"one": [1], "other": [0, 2]}),
        ("xx-unknown", {"other": [0, 1, 2]}),
    ],
)
def test_plural_categories_follow_cldr(locale: str, forms: dict[str, list[int]]) -> None:
    assert {n: plural_category(locale, n) for numbers in forms.values() for n in numbers} == {
        n: form for form, numbers in forms.items() for n in numbers
    }


def test_a_fraction_takes_the_general_form() -> None:
    assert plural_category("en", 1.5) == "other"
    assert plural_category("en", 1.0) == "one"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_shipped_locale_has_every_text_and_plural_form(locale: str) -> None:
    assert missing_keys([BASE], locale) == ()
    assert check_strings([BASE], locale) == ()


@pytest.mark.parametrize("locale", LOCALES)
def test_shipped_texts_name_the_same_values_as_english(locale: str) -> None:
    english, own = load_strings([BASE], "en").texts, load_strings([BASE], locale).texts
    for key, text in english.items():
        if not key.startswith("date.") and isinstance(text, str):
            assert ("{" in text) == ("{" in str(own[key])), key
    assert isinstance(own["minutes"], Plural)
    assert set(own["minutes"].forms) >= set(list_categories(locale))
    assert set(own["minutes"].forms) <= set(CATEGORIES)


@pytest.mark.parametrize("locale", LOCALES)
def test_shipped_dates_show_day_and_year(locale: str) -> None:
    strings = load_strings([BASE], locale)
    t = make_t(strings)
    back = {ord(digit): str(code - 48) for code, digit in strings.digits.items()}
    for style in ("long", "short"):
        shown = t.date(MARCH, style).translate(back)
        assert "2025" in shown
        assert "1" in shown
        assert "{" not in shown


def test_a_sites_text_beats_the_childs_and_the_childs_the_bases(tmp_path: Path) -> None:
    base = write(tmp_path / "base", "en.toml", 'a = "base"\nb = "base"\nc = "base"')
    child = write(tmp_path / "child", "en.toml", 'b = "child"\nc = "child"')
    site = write(tmp_path / "site", "en.toml", 'c = "site"')
    t = make_t(load_strings([base, child, site, tmp_path / "none"], "en"))
    assert [t("a"), t("b"), t("c")] == ["base", "child", "site"]


def test_a_missing_text_falls_back_to_language_then_english_then_key(tmp_path: Path) -> None:
    folder = write(tmp_path / "i18n", "en.toml", 'own = "en"\nlanguage = "en"\nenglish = "en"')
    write(folder, "pt.toml", 'own = "pt"\nlanguage = "pt"')
    write(folder, "pt-br.toml", 'own = "pt-br"')
    t = make_t(load_strings([folder], "pt-br"))
    assert [t("own"), t("language"), t("english"), t("nowhere")] == ["pt-br", "pt", "en", "nowhere"]


def test_a_fallback_text_keeps_the_plural_rules_of_its_own_language(tmp_path: Path) -> None:
    folder = write(tmp_path / "i18n", "en.toml", 'days = { one = "{count} day", other = "{count} days" }')
    strings = load_strings([folder], "uk")
    assert translate(strings, "days", {"count": 21}, 21) == "21 days"


def test_values_are_filled_in_and_unknown_names_stay(tmp_path: Path) -> None:
    folder = write(tmp_path / "i18n", "en.toml", 'hello = "Hello {name}, {unknown} {name.__class__}"')
    assert make_t(load_strings([folder], "en"))("hello", name="<b>") == "Hello <b>, {unknown} {name.__class__}"


def test_numbers_take_the_locales_digits() -> None:
    t = make_t(load_strings([BASE], "fa"))
    assert t("page_number", number=12) == "صفحهٔ ۱۲"
    assert t.number(1209) == "۱۲۰۹"
    assert make_t(load_strings([BASE], "it")).number(12) == "12"
    assert t.date(MARCH) == "۱ مارس ۲۰۲۵"


def test_a_month_alone_stands_in_the_nominative() -> None:
    t = make_t(load_strings([BASE], "uk"))
    assert t.date(MARCH) == "1 березня 2025"
    assert t.month("2025/03") == "березень 2025"
    assert t.month("2025-03", "month_name") == "березень"


@pytest.mark.parametrize("text", ["March", "2025/13", "2025/00", "0000/01", "2025/3", ""])
def test_what_is_no_month_is_shown_as_it_is(text: str) -> None:
    assert make_t(load_strings([BASE], "en")).month(text) == text


def test_no_date_shows_nothing_and_an_unknown_style_the_iso_day() -> None:
    t = make_t(load_strings([BASE], "en"))
    assert t.date(None) == ""
    assert t.date(MARCH, "nonsense") == "2025-03-01"
    assert t.date(MARCH, "iso") == "2025-03-01"


def test_a_site_adds_a_date_style_of_its_own(tmp_path: Path) -> None:
    site = write(tmp_path / "i18n", "en.toml", '[date]\nstamp = "{day2}.{month2}.{year} {hour2}:{minute2} {month_short} {what}"')
    assert make_t(load_strings([BASE, site], "en")).date(MARCH, "stamp") == "01.03.2025 09:00 Mar {what}"


def test_every_key_that_is_looked_up_is_told(tmp_path: Path) -> None:
    reads: list[str] = []
    t = make_t(load_strings([BASE], "uk"), reads.append)
    t("skip")
    t("nowhere")
    t.date(MARCH)
    t.date(MARCH, "month")
    t("minutes", count=3)
    assert reads == [
        "skip",
        "nowhere",
        "date.long",
        "date.months",
        "digits",
        "date.month",
        "date.months_alone",
        "digits",
        "minutes",
        "digits",
    ]


def test_a_texts_bytes_change_when_it_does(tmp_path: Path) -> None:
    folder = write(tmp_path / "i18n", "en.toml", 'days = { other = "d", one = "e" }\nlist = ["a", "b"]')
    before = load_strings([folder], "en")
    assert dump_string(before, "nowhere") == b""
    assert dump_string(before, "days") == b"en\x1fone=e\x1fother=d"
    write(folder, "en.toml", 'days = { other = "d", one = "f" }\nlist = ["a", "c"]')
    after = load_strings([folder], "en")
    assert all(dump_string(before, key) != dump_string(after, key) for key in ("days", "list"))


def test_missing_keys_and_forms_are_one_warning_a_locale(tmp_path: Path) -> None:
    folder = write(tmp_path / "i18n", "en.toml", 'a = "A"\nb = "B"\ndays = { one = "{count} day", other = "{count} days" }')
    write(folder, "uk.toml", 'a = "А"\ndays = { one = "{count} день", other = "{count} дня" }')
    assert missing_keys([folder], "uk") == ("b", "days.few", "days.many")
    (problem,) = check_strings([folder], "uk")
    assert (problem.code, problem.place, problem.severity) == ("strings.missing", "i18n/uk.toml", "warning")
    assert problem.message == "no text for 3 keys: b, days.few, days.many"


def test_a_locale_without_any_texts_is_told_all_its_keys(tmp_path: Path) -> None:
    keys = [f"key{number:02d}" for number in range(30)]
    folder = write(tmp_path / "i18n", "en.toml", "\n".join(f'{key} = "x"' for key in keys))
    (problem,) = check_strings([folder], "uk")
    assert [key for key in keys if key not in problem.message] == []


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('a = "ok"\nb = oops\n', "strings.syntax", 2),
        ('b = "x"\na = 1\n', "strings.type", 2),
        ('a = { one = "x" }\n', "strings.type", 1),
        ("[c]\na = [1]\n", "strings.type", 2),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, text: str, code: str, line: int) -> None:
    folder = write(tmp_path / "i18n", "en.toml", text)
    with pytest.raises(CmsError) as caught:
        load_strings([folder], "en", tmp_path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.place, problem.line) == (code, "i18n/en.toml", line)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (write(tmp_path / "i18n", "en.toml", "") / "en.toml").write_bytes(b'a = "\xff"')
    with pytest.raises(CmsError, match=r"strings\.syntax"):
        load_strings([tmp_path / "i18n"], "en", tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (write(tmp_path / "i18n", "en.toml", "") / "en.toml").write_bytes(b'\xef\xbb\xbfa = "A"\r\nb = "B"\r\n')
    t = make_t(load_strings([tmp_path / "i18n"], "en"))
    assert t("a") + t("b") == "AB"


SHORTER = {"ckb", "en-gb", "en-us", "id", "ku", "ms", "tk", "tl", "uz", "zh-cn", "zh-hans", "zh-hant", "zh-hk", "zh-tw", "az"}
"""Languages that call themselves by a shorter or more usual name than CLDR has."""


@pytest.mark.parametrize("code", sorted(LANGUAGE_NAMES.keys() - SHORTER))
def test_names_of_languages_are_those_of_cldr(code: str) -> None:
    assert (Locale.parse(language_tag(code), sep="-").get_display_name() or "").casefold() == LANGUAGE_NAMES[code].casefold()
