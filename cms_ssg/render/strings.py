"""The words of a theme in each language: read from ``i18n/<locale>.toml`` along the theme chain, then asked for by key.

A text is flat under a dotted key (``date.long``). What a locale lacks comes from its language (``pt`` for ``pt-br``),
then from English, then the key itself is shown, so that a page never fails for want of a word.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cms_ssg.config.toml_lines import find_line, list_key_lines
from cms_ssg.content.scan.changed_files import LFS_HINT, LFS_SAID, is_lfs_pointer
from cms_ssg.errors import CmsError
from cms_ssg.files.toml_errors import split_toml_error
from cms_ssg.render.dates import DateFormat, compile_format, parse_month
from cms_ssg.render.plurals import CATEGORIES, list_categories, plural_category
from cms_ssg.types import Problem


@dataclass(frozen=True, slots=True)
class Plural:
    """A text with forms. language: whose plural rules it follows, since it may be a fallback; forms: category -> text."""

    language: str
    forms: dict[str, str]


Text = str | tuple[str, ...] | Plural


@dataclass(frozen=True, slots=True)
class Strings:
    """All texts of one locale, fallbacks filled in. digits: ten characters that replace 0-9, ``""`` keeps them."""

    locale: str
    texts: dict[str, Text]
    digits: dict[int, str] = field(default_factory=dict)
    formats: dict[str, DateFormat] = field(default_factory=dict, compare=False, repr=False)


class Unreadable(dict[str, Text]):
    """The texts of a locale whose file is broken: whoever asks for one is told why, and nothing else fails."""

    def __init__(self, error: CmsError) -> None:
        super().__init__()
        self.error = error

    def get(self, key: str, default: Any = None) -> Any:
        raise self.error

    __getitem__ = __contains__ = get  # type: ignore[assignment]


def load_strings(folders: Sequence[Path], locale: str, root: Path | None = None) -> Strings:
    """Read the texts of a locale.

    folders: the ``i18n`` folders, weakest first (base theme, child themes, the site's own); locale: ``pt-br``;
    root: the site folder, for places in errors. Raises CmsError ``strings.syntax`` or ``strings.type``
    with file and line where a file cannot be read as texts.
    """
    texts: dict[str, Text] = {}
    for code in _chain(locale):
        for folder in folders:
            texts.update(_read_file(folder / f"{code}.toml", code, root))
    digits = texts.get("digits")
    table = {48 + i: digit for i, digit in enumerate(digits)} if isinstance(digits, str) and len(digits) == 10 else {}
    return Strings(locale, texts, table)


def translate(strings: Strings, key: str, values: Mapping[str, Any], count: float | None = None) -> str:
    """The text of a key with ``{name}`` replaced from values. count picks the plural form. Plain text, not HTML.

    An unknown key gives the key; a name without a value stays as written.
    """
    text = strings.texts.get(key, key)
    if isinstance(text, Plural):
        form = plural_category(text.language, count if count is not None else 0)
        if count == 1 and form == "other":
            form = "one"  # of a language that ICU does not know: whoever wrote a form for one means it
        text = text.forms.get(form) or text.forms["other"]
    elif isinstance(text, tuple):
        text = ", ".join(text)
    return _fill(text, values, strings.digits) if "{" in text else text


class Translator:
    """What templates know as ``t``: ``t("skip")``, ``t("minutes", count=3)``, ``t.date(value, "short")``, ``t.month("2025/03")``, ``t.number(12)``.

    Every key looked up is told to on_read first, missing ones too.
    """

    __slots__ = ("_on_read", "_strings")

    def __init__(self, strings: Strings, on_read: Callable[[str], None]) -> None:
        self._strings = strings
        self._on_read = on_read

    def __call__(self, key: str, /, **values: Any) -> str:
        self._on_read(key)
        if values:
            self._on_read("digits")
        return translate(self._strings, key, values, values.get("count"))

    def date(self, value: datetime | None, style: str = "long") -> str:
        """A day in words, in the zone value carries. style: ``iso`` or a key below ``date.``; None gives ``""``."""
        if value is None:
            return ""
        if style == "iso":
            return f"{value:%Y-%m-%d}"
        found = self._strings.formats.get(style)
        if found is None:
            found = self._strings.formats[style] = compile_format(self._strings.texts, style)
        for key in (*found.reads, "digits"):
            self._on_read(key)
        text = found.render(value)
        return text.translate(self._strings.digits) if self._strings.digits else text

    def number(self, value: int) -> str:
        """A whole number in the language's digits."""
        self._on_read("digits")
        return str(value).translate(self._strings.digits)

    def month(self, text: str, style: str = "month") -> str:
        """``2025/03`` or ``2025-03`` in words (style ``month`` or ``month_name``); any other text as it is."""
        value = parse_month(text)
        return text if value is None else self.date(value, style)


def forget(_key: str) -> None:
    """The on_read of a caller that keeps no record."""


def make_t(strings: Strings, on_read: Callable[[str], None] = forget) -> Translator:
    """The ``t`` of one output. on_read: told the key of each text used (``minutes``, ``date.long`` …)."""
    return Translator(strings, on_read)


def dump_string(strings: Strings, key: str) -> bytes:
    """The value behind a key as bytes, the same in every process: what a digest of a read is made of. b"" if missing."""
    text = strings.texts.get(key)
    if text is None:
        return b""
    if isinstance(text, Plural):
        return "\x1f".join([text.language, *(f"{form}={text.forms[form]}" for form in sorted(text.forms))]).encode()
    return (text if isinstance(text, str) else "\x1f".join(text)).encode()


def missing_keys(folders: Sequence[Path], locale: str, root: Path | None = None) -> tuple[str, ...]:
    """Keys that English has and neither the locale nor its language has, sorted; a plural form as ``minutes.few``."""
    english: dict[str, Text] = {}
    own: dict[str, Text] = {}
    for folder in folders:
        english.update(_read_file(folder / "en.toml", "en", root))
    for code in _chain(locale)[1:] or ("en",):
        for folder in folders:
            own.update(_read_file(folder / f"{code}.toml", code, root))
    missing = [key for key in english if key not in own]
    for key, text in own.items():
        if isinstance(text, Plural):
            missing += [f"{key}.{form}" for form in list_categories(locale) if form not in text.forms]
    return tuple(sorted(missing))


def check_strings(folders: Sequence[Path], locale: str, root: Path | None = None) -> tuple[Problem, ...]:
    """For ``cms check``: the errors of load_strings, or a warning ``strings.missing`` that names the keys that fall back to English."""
    try:
        missing = missing_keys(folders, locale, root)
    except CmsError as error:
        return error.problems
    if not missing:
        return ()
    said = f"no text for {len(missing)} {'key' if len(missing) == 1 else 'keys'}: {', '.join(missing)}"
    hint = f"Add them to i18n/{locale}.toml; until then English is shown."
    return (Problem("strings.missing", f"i18n/{locale}.toml", 0, said, hint, "warning"),)


def _chain(locale: str) -> tuple[str, ...]:
    """Weakest first: en, the language, the locale, each once."""
    code = locale.lower()
    return tuple(dict.fromkeys(("en", code.partition("-")[0], code)))


_NAME = re.compile(r"\{(\w+)\}")


def _fill(text: str, values: Mapping[str, Any], digits: dict[int, str]) -> str:
    def put(match: re.Match[str]) -> str:
        value = values.get(match[1])
        if value is None:
            return match[0]
        return str(value).translate(digits) if digits and isinstance(value, int) else str(value)

    return _NAME.sub(put, text)


def _read_file(path: Path, language: str, root: Path | None) -> dict[str, Text]:
    place = path.relative_to(root).as_posix() if root and path.is_relative_to(root) else path.as_posix()
    try:
        data_read = path.read_bytes()
        if is_lfs_pointer(data_read):
            raise CmsError(Problem("strings.unreadable", place, 0, LFS_SAID, LFS_HINT))
        source = data_read.decode("utf-8-sig").replace("\r\n", "\n")
        data = tomllib.loads(source)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError as error:
        raise CmsError(Problem("strings.syntax", place, 0, "not UTF-8 text", f"Byte {error.start} is not valid UTF-8.")) from None
    except (ValueError, RecursionError) as error:
        message, line = split_toml_error(error, source)
        raise CmsError(Problem("strings.syntax", place, line, f"is not TOML: {message}", 'Write texts as key = "text".')) from None
    except OSError as error:
        raise CmsError(Problem("strings.unreadable", place, 0, error.strerror or str(error))) from None
    texts: dict[str, Text] = {}
    problems: list[Problem] = []
    for key, value in _flatten(data, ""):
        text = _read_text(value, language)
        if text is None:
            hint = 'A text is "…", a list of texts, or forms such as { one = "…", other = "…" } with "other" among them.'
            line = find_line(list_key_lines(source), tuple(key.split(".")))
            problems.append(Problem("strings.type", place, line, f"{key} is not a text", hint))
        else:
            texts[key] = text
    if problems:
        raise CmsError(*problems)
    return texts


def _flatten(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, dict) and not (value and value.keys() <= set(CATEGORIES)):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _read_text(value: Any, language: str) -> Text | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if isinstance(value, dict) and "other" in value and all(isinstance(form, str) for form in value.values()):
        return Plural(language, dict(value))
    return None
