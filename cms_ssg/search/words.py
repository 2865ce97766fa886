"""Text as search compares it: plain, in lower case, cut into words; what a person typed as terms.

The same rules make documents and queries, so that neither depends on the database's locale or on its parser.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import Final, NamedTuple

from cms_ssg.content.markdown.placeholders import CLOSE, OPEN

MOST_CONTENT_BYTES: Final = 200_000
"""Of a document's text: a tsvector of more than 1 MB is refused by Postgres."""

MOST_WORD: Final = 100
MOST_QUERY, MOST_TERMS = 200, 20
"""Characters and terms of a query; what is beyond them is ignored."""

CONFIGURATIONS: Final = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "eu": "basque",
    "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Text search configurations that every Postgres 15 has, by language. Others are ``simple``: words as they are written."""

_TAGS: Final = re.compile(
    r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|<(/?(?:a|abbr|b|bdi|code|em|i|kbd|mark|s|small|span|strong|sub|sup|u)\b[^>]*)>|<[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
_HEADING_END: Final = re.compile(r"</h[1-6]\s*>", re.IGNORECASE)
_LINK: Final = re.compile(f"{OPEN}[^{CLOSE}]*{CLOSE}")
_SPACE: Final = re.compile(r"\s+")
MARKS: Final = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff\u0f00-\u0fff"
"""Vowel signs and accents: parts of words that the class of word characters does not know."""

_NO_WORD: Final = re.compile(rf"(?:[^\w{MARKS}]|_)+")
_ASCII: Final = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
_INVISIBLE: Final = str.maketrans("", "", "\u00ad\u200b\u200c\u200d\ufeff")
_CJK: Final = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"
_CJK_RUN: Final = re.compile(f"[{_CJK}]+")
_LONG: Final = re.compile(rf"\w{{{MOST_WORD + 1},}}")
_TERM: Final = re.compile(r'(-?)"([^"]*)"?|(\S+)')
_QUOTES: Final = str.maketrans("“”„«»‟", '""""""')


def make_plain(html: str) -> str:
    """A body's text without markup, bounded, on one line. A dot ends headings, so that pieces of it read well."""
    text = _TAGS.sub(lambda tag: "" if tag[2] else " ", _HEADING_END.sub(" · ", _LINK.sub("", html)))
    return cut_bytes(_SPACE.sub(" ", unescape(text).replace("\0", "")).strip(), MOST_CONTENT_BYTES)


def cut_bytes(text: str, most: int) -> str:
    """The beginning of a text whose UTF-8 has at most so many bytes."""
    data = text.encode("utf-8", "replace")
    return text if len(data) <= most else data[:most].decode("utf-8", "ignore")


def fold(text: str) -> str:
    """Lower case, without differences of form: ``Straße`` and ``STRASSE`` are one. Accents stay."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())


def strip_accents(text: str) -> str:
    """``café`` as ``cafe``. Marks that are letters of their own, as in Hindi or Thai, stay."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", "".join(c for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f"))


def make_text(text: str) -> str:
    """A text for a language's stemmer: folded words, with their accents, between single spaces."""
    if text.isascii():
        return " ".join([word[:MOST_WORD] for word in text.translate(_ASCII).split()])
    return _LONG.sub(lambda word: word[0][:MOST_WORD], _NO_WORD.sub(" ", fold(text).translate(_INVISIBLE))).strip()


def make_words(text: str) -> str:
    """A text as single words: folded, without accents, scripts without spaces as pairs of neighbouring characters."""
    if text.isascii():
        return make_text(text)
    return " ".join(_CJK_RUN.sub(_cut_run, strip_accents(make_text(text))).split())


def _cut_run(run: re.Match[str]) -> str:
    text = run[0]
    pairs = [text] if len(text) == 1 else [text[at : at + 2] for at in range(len(text) - 1)]
    return f" {' '.join(pairs)} "


def find_configuration(locale: str) -> str:
    """The name of a text search configuration for a locale's code."""
    return CONFIGURATIONS.get(locale.partition("-")[0], "simple")


class Term(NamedTuple):
    """A part of a query. kind: word, phrase or prefix (what is still being typed); text and word: as make_text and make_words have it."""

    kind: str
    text: str
    word: str
    wanted: bool = True


def parse_query(query: str) -> tuple[Term, ...]:
    """The terms of what a person typed: words, ``"phrases"`` and ``-unwanted``. Anything is a query; what means nothing is left out."""
    text = query[:MOST_QUERY].translate(_QUOTES).replace("\0", " ")
    terms: list[Term] = []
    for match in _TERM.finditer(text):
        if match[3] is None:
            given, wanted, kind = match[2], not match[1], "phrase"
        else:
            given = match[3]
            wanted = not (given.startswith("-") and len(given) > 1)
            kind = "word"
        folded, word = make_text(given), make_words(given)
        if word and len(terms) < MOST_TERMS:
            kind = "phrase" if kind == "word" and " " in word and not _CJK_RUN.search(word) else kind
            is_open = kind == "word" and wanted and match.end() == len(text) and " " not in word
            terms.append(Term("prefix" if is_open and len(word) > 1 else kind, folded, word, wanted))
    return tuple(terms) if any(term.wanted for term in terms) else ()
