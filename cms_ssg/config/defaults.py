"""What site.toml need not say: the collections and taxonomies of every site, beside those of its verticals, and names of languages."""

from __future__ import annotations

from typing import Any, Final

COLLECTIONS: Final[tuple[dict[str, Any], ...]] = (
    {"name": "pages", "path": "content/pages", "type": "page"},
    {"name": "terms", "path": "content/terms", "type": "term"},
)

TAXONOMIES: Final[dict[str, dict[str, Any]]] = {
    "section": {"field": "section", "url": "/{slug}/"},
    "tag": {"field": "tags", "url": "/tags/{slug}/", "index": "/tags/"},
}

RIGHT_TO_LEFT: Final = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "nqo", "prs", "ps", "sd", "syr", "ug", "ur", "yi"})

LANGUAGE_NAMES: Final[dict[str, str]] = {
    "af": "Afrikaans", "am": "አማርኛ", "ar": "العربية", "az": "Azərbaycanca", "be": "Беларуская", "bg": "Български",
    "bn": "বাংলা", "bs": "Bosanski", "ca": "Català", "ckb": "کوردی", "cs": "Čeština", "cy": "Cymraeg", "da": "Dansk",
    "de": "Deutsch", "el": "Ελληνικά", "en": "English", "en-gb": "English (UK)", "en-us": "English (US)", "eo": "Esperanto",
    "es": "Español", "et": "Eesti", "eu": "Euskara", "fa": "فارسی", "fi": "Suomi", "fil": "Filipino", "fr": "Français",
    "ga": "Gaeilge", "gl": "Galego", "gu": "ગુજરાતી", "he": "עברית", "hi": "हिन्दी", "hr": "Hrvatski", "hu": "Magyar",
    "hy": "Հայերեն", "id": "Bahasa Indonesia", "is": "Íslenska", "it": "Italiano", "ja": "日本語", "ka": "ქართული",
    "kk": "Қазақ тілі", "km": "ខ្មែរ", "kn": "ಕನ್ನಡ", "ko": "한국어", "ku": "Kurdî", "ky": "Кыргызча", "la": "Latina",
    "lb": "Lëtzebuergesch", "lo": "ລາວ", "lt": "Lietuvių", "lv": "Latviešu", "mk": "Македонски", "ml": "മലയാളം",
    "mn": "Монгол", "mr": "मराठी", "ms": "Bahasa Melayu", "mt": "Malti", "my": "မြန်မာ", "nb": "Norsk bokmål",
    "ne": "नेपाली", "nl": "Nederlands", "nn": "Norsk nynorsk", "no": "Norsk", "pa": "ਪੰਜਾਬੀ", "pl": "Polski", "ps": "پښتو",
    "pt": "Português", "pt-br": "Português (Brasil)", "ro": "Română", "ru": "Русский", "si": "සිංහල", "sk": "Slovenčina",
    "sl": "Slovenščina", "so": "Soomaali", "sq": "Shqip", "sr": "Српски", "sv": "Svenska", "sw": "Kiswahili",
    "ta": "தமிழ்", "te": "తెలుగు", "tg": "Тоҷикӣ", "th": "ไทย", "tk": "Türkmen", "tl": "Tagalog", "tr": "Türkçe",
    "ug": "ئۇيغۇرچە", "uk": "Українська", "ur": "اردو", "uz": "Oʻzbekcha", "vi": "Tiếng Việt", "yi": "ייִדיש",
    "zh": "中文", "zh-cn": "简体中文", "zh-hans": "简体中文", "zh-hant": "繁體中文", "zh-hk": "繁體中文（香港）", "zh-tw": "繁體中文",
    "zu": "isiZulu",
}  # fmt: skip
"""Languages that are recognized, and their names. They are not asked of babel, which every command would have to import; a test compares them with it."""


def text_direction(code: str) -> str:
    """``rtl`` or ``ltr`` for a locale's code; a script such as ``az-arab`` decides before the language."""
    parts = code.split("-")
    return "rtl" if "arab" in parts or "hebr" in parts or ("latn" not in parts and parts[0] in RIGHT_TO_LEFT) else "ltr"


def language_name(code: str) -> str:
    """A language's name in that language, the code where it is not known."""
    return LANGUAGE_NAMES.get(code) or LANGUAGE_NAMES.get(code.partition("-")[0]) or code


def language_tag(code: str) -> str:
    """A code in the customary case for ``lang`` and ``hreflang``: pt-br -> pt-BR, zh-hans -> zh-Hans."""
    first, *rest = code.split("-")
    return "-".join([first, *(part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part for part in rest)])
