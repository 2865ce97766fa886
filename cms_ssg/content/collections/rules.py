"""The rules of a site's collections: which file is which type and locale, its date and section, and its path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from cms_ssg.config.load import default_collections
from cms_ssg.config.settings import Collection, Locale, Settings
from cms_ssg.content.collections.leftovers import is_copy, is_leftover
from cms_ssg.content.schema.content_types import Schema, Schemas
from cms_ssg.content.url_patterns import DATE_NAMES, clean_path, date_values, make_path, pattern_names, text_value
from cms_ssg.content.version import reader_version
from cms_ssg.files.globs import compile_glob, matches_any
from cms_ssg.text.slugs import safe_path
from cms_ssg.types import Json

DATE_IN_NAME: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:[-_ .]+(?P<rest>.*))?", re.DOTALL)
DATE_IN_PATH: Final = re.compile(r"(?:^|/)(?P<year>\d{4})[/-](?P<month>\d{1,2})[/-](?P<day>\d{1,2})(?=[/_ .-]|$)")
MARKDOWN_SUFFIXES: Final = (".md", ".mdx", ".markdown")
INDEX_NAMES: Final = ("index", "_index")
MAY_BE_EMPTY: Final = frozenset(["path", "section", "folder", "locale"])
"""Names in a URL pattern that leave no segment where they are empty; others must have a value."""
PAGE_FILE: Final = re.compile(r"\.(?:html?|xml|json|txt|php|aspx?|jsp)$", re.IGNORECASE)


MOST_FOUND: Final = 4096
"""Files whose collection is remembered: those of a batch that is written are asked for several times."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a file's path says by itself.

    inner: path below the collection (and locale folder), without suffix and locale; key: the whole
    path so shortened, what translations share; stem: the last name, without a date where the date
    rule takes it from there; path: inner with that last name; folder: the first folder below the collection that is not the file's own;
    date: ``2015-05-15`` or ``""``; bundle: folder whose other files belong to the entry.
    """

    locale: str
    inner: str
    key: str
    stem: str
    folder: str
    date: str
    bundle: str
    path: str
    problem: str = ""


OWN_FILES: Final = frozenset({"site.toml", "hooks.py"})
"""Files of a site that say how it is made, where its folder is a collection itself: they may name what is secret."""


class Rules:
    """How a site's files become drafts and where entries live; all of it follows from settings and schemas."""

    def __init__(self, settings: Settings, schemas: Schemas) -> None:
        self.settings, self.schemas = settings, schemas
        self.zone = settings.timezone
        self.locales: tuple[Locale, ...] = settings.locales or (Locale(code="en"),)
        self.default_locale = self.locales[0].code
        self.prefixes = {
            locale.code: locale.prefix if locale.prefix is not None else ("" if number == 0 else f"/{locale.code}")
            for number, locale in enumerate(self.locales)
        }
        self.locale_codes = {fold_locale(locale.code): locale.code for locale in self.locales}
        self.collections = settings.collection or default_collections(settings.verticals)
        self.by_name = {collection.name: collection for collection in self.collections}
        self.data = frozenset((*settings.data_files, *settings.redirect_files))
        self._found: dict[str, Collection | None] = {}
        self._last_place: tuple[Collection, str, Place] | None = None
        self.term_fields = {rule.field: name for name, rule in settings.taxonomies.items()}
        self.front_matter_bytes = settings.limits.front_matter_kb * 1024
        self.types = _fit_types(schemas, tuple(self.term_fields), settings.limits.aliases)
        self.digest = blake2b(
            msgspec.json.encode([
                msgspec.to_builtins(self.collections), msgspec.to_builtins(self.locales), msgspec.to_builtins(settings.markdown),
                sorted(self.term_fields.items()), settings.timezone, msgspec.to_builtins(settings.limits), sorted(self.data), schemas.digest.hex(),
                {name: {"approvals": rule.approvals} for name, rule in settings.workflow.items()}, reader_version(),
            ]),
            digest_size=16,
        ).digest()  # fmt: skip

    def __reduce__(self) -> tuple[Any, ...]:
        return Rules, (self.settings, self.schemas)

    def entry_path(self, collection: str, type_name: str, locale: str, file: str, fields: Mapping[str, Json]) -> str:
        """The path that an entry wants, from what is stored of it. Raises ValueError where there is none that is safe."""
        rule = self.by_name.get(collection)
        schema = self.types.get(type_name)
        if rule is None or schema is None:
            raise ValueError(f"no collection {collection!r}" if rule is None else f"no content type {type_name!r}")
        if (given := str(fields.get("path") or "")).startswith("/"):
            return make_whole_path(given)
        pattern = rule.url or schema.url
        place = self.read_place(rule, file)
        names = pattern_names(pattern)
        values: dict[str, str] = {}
        for name in names:
            value = self._path_value(name, place, type_name, locale, fields)
            if value or name in MAY_BE_EMPTY:
                values[name] = value
        path = make_path(pattern, values, "" if "locale" in names else self.prefixes.get(locale, ""))
        # a path that names a file in front matter stays one
        if names and path.endswith("/") and PAGE_FILE.search(given) and pattern.rstrip("/").endswith("{path}"):
            return path[:-1]
        return path

    def takes_path(self, collection: str, type_name: str) -> bool:
        """Whether a path in front matter that does not begin with ``/`` has a place in the addresses of a collection's type."""
        rule, schema = self.by_name.get(collection), self.types.get(type_name)
        return rule is not None and schema is not None and "path" in pattern_names(rule.url or schema.url)

    def is_offered(self, file: str) -> bool:
        """Whether a file that is no content is published: not Markdown that no collection takes, nor what all collections around it
        exclude, nor what is read as data, nor what an editor or a merge left, nor the site's own settings and hooks. All of static/ is.
        """
        if below(file, "static"):
            return True
        if file in OWN_FILES:
            return False
        if file.lower().endswith(MARKDOWN_SUFFIXES) or file in self.data or is_leftover(file) or is_copy(file):
            return False
        around = self._list_around(file)
        return not around or not all(matches_any(below(file, rule.path), rule.exclude) for rule in around)

    def file_url(self, file: str) -> str:
        """Where a file that is no content and lies in no entry's folder is published: static/ is the root, others lie as they do in their
        collection, below the folders that its addresses begin with.

        ``docs/img/a.png`` is at ``/docs/img/a.png`` where pages are at ``/docs/{path}/``, and at ``/img/a.png`` where they are at ``/{path}/``.
        """
        if inner := below(file, "static"):
            return "/" + inner
        around = self._list_around(file)
        if not around:
            return "/" + file
        rule = max(around, key=lambda rule: len(rule.path.strip("/.")))  # of several with one folder the first
        schema = self.types.get(rule.type)
        pattern = rule.url or (schema.url if schema else "")
        return pattern.partition("{")[0].rpartition("/")[0] + "/" + below(file, rule.path)

    def _list_around(self, file: str) -> list[Collection]:
        """The collections in whose folder a file lies."""
        return [rule for rule in self.collections if below(file, rule.path)]

    def find_collection(self, file: str) -> Collection | None:
        """The first collection that a file belongs to, as find_collection says; remembered for files that were asked for last."""
        if file not in self._found:
            if len(self._found) >= MOST_FOUND:
                self._found = {}
            self._found[file] = find_collection(file, self.collections)
        return self._found[file]

    def read_place(self, collection: Collection, file: str) -> Place:
        """What a file's path says by itself."""
        known = self._last_place  # asked several times for a file while it is read
        if known is None or known[1] != file or known[0] is not collection:
            known = self._last_place = (collection, file, read_place(collection, file, self.locale_codes, self.default_locale))
        return known[2]

    def find_bundle(self, file: str) -> str:
        """The folder whose other files belong to a content file, as those beside an ``index.it.md`` do; ``""`` for none."""
        collection = self.find_collection(file)
        return self.read_place(collection, file).bundle if collection is not None else ""

    def rank_index(self, file: str) -> tuple[int, str]:
        """The order in which the content files of one bundle have a say in where its other files lie: by locale, then by name."""
        collection = self.find_collection(file)
        locale = self.read_place(collection, file).locale if collection is not None else ""
        return (list(self.prefixes).index(locale) if locale in self.prefixes else len(self.prefixes)), file

    def _path_value(self, name: str, place: Place, type_name: str, locale: str, fields: Mapping[str, Json]) -> str:
        if name in DATE_NAMES:
            date = fields.get("date")
            return date_values(date, self.zone)[name] if isinstance(date, str) else ""
        if name == "slug":
            return str(fields.get("slug") or "")
        if name == "path":
            given = fields.get("path")
            return clean_path(str(given).strip("/")) if given else clean_path(place.path)
        if name == "folder":
            return clean_path(place.path.rpartition("/")[0])
        if name == "locale":
            return locale
        if name == "type":
            return type_name
        return text_value(fields.get(name))


def make_whole_path(given: str) -> str:
    """The path that front matter names from its first ``/`` on. Raises ValueError where it is not safe."""
    plain = unquote(given)
    inner = clean_path((given if ".." in plain else plain).strip("/"))  # encoded dots are somebody's trick
    return safe_path(f"/{inner}" if PAGE_FILE.search(inner) else f"/{inner}/" if inner else "/")


def make_rules(settings: Settings, schemas: Schemas) -> Rules:
    """The rules of a site. They can be sent to another process."""
    return Rules(settings, schemas)


def find_collection(file: str, collections: tuple[Collection, ...]) -> Collection | None:
    """The first collection that a file (path relative to the site, with ``/``) belongs to; none for what an editor or a merge left."""
    if is_leftover(file):
        return None
    for collection in collections:
        inner = below(file, collection.path)
        if inner and matches_any(inner, collection.glob) and not matches_any(inner, collection.exclude):
            return collection
    return None


def find_type(collection: Collection, inner: str) -> str:
    """The content type of a file, by its path below the collection."""
    for pattern, name in collection.types.items():
        if compile_glob(pattern).fullmatch(inner):
            return name
    return collection.type


def below(file: str, folder: str) -> str:
    """A file's path below a folder of the site, ``""`` where it lies elsewhere."""
    folder = folder.strip("/")
    if folder in ("", "."):
        return file
    return file[len(folder) + 1 :] if file.startswith(folder + "/") else ""


def read_place(collection: Collection, file: str, codes: Mapping[str, str], default: str) -> Place:
    """What a file's path says. codes: folded locale code -> code; default: for files that name none."""
    inner = below(file, collection.path)
    locale, problem = default, ""
    head = file[: len(file) - len(inner)]
    if collection.locale == "folder":
        folder, slash, rest = inner.partition("/")
        if slash:
            inner = rest
            locale = codes.get(fold_locale(folder), "")
            if not locale:
                problem = folder
    folder, _, name = inner.rpartition("/")
    stem = re.sub(r"\.[A-Za-z0-9]+$", "", name) or name
    if collection.locale == "suffix":
        base, dot, code = stem.rpartition(".")
        if dot and base and fold_locale(code) in codes:
            stem, locale = base, codes[fold_locale(code)]
    own_folder = stem in INDEX_NAMES
    short = folder if own_folder else (folder + "/" + stem if folder else stem)
    holder = folder.rpartition("/")[0] if stem == "index" else folder
    bundle = ""
    if stem == "index" and folder:
        bundle = file.rpartition("/")[0]
    if own_folder:
        stem = folder.rpartition("/")[2] or "index"
    date, path = "", short
    if collection.date == "filename" and (match := DATE_IN_NAME.fullmatch(stem)):
        date, stem = _iso_day(match), match["rest"] or stem
        path = f"{short.rpartition('/')[0]}/{stem}".lstrip("/")
    elif collection.date == "path" and (match := DATE_IN_PATH.search(short)):
        date = _iso_day(match)
    return Place(locale, short, head + short, stem, holder.partition("/")[0], date, bundle, path, problem)


def _iso_day(match: re.Match[str]) -> str:
    return f"{match['year']}-{int(match['month']):02d}-{int(match['day']):02d}"


def fold_locale(code: str) -> str:
    """A locale's code for comparison: ``pt_BR`` and ``pt-br`` are one."""
    return code.lower().replace("_", "-")


def _fit_types(schemas: Schemas, fields: tuple[str, ...], aliases: int) -> dict[str, Schema]:
    """The types, each with the fields that the site's taxonomies read, and with the site's limit of aliases."""
    spec = {"type": "array", "items": {"type": "string", "minLength": 1}}
    types: dict[str, Schema] = {}
    for name, schema in schemas.items():
        added: dict[str, Json] = {field: spec for field in fields if field not in schema.properties} if schema.pages else {}
        if schema.properties.get("aliases", {}).get("maxItems", aliases) != aliases:
            added["aliases"] = {**schema.properties["aliases"], "maxItems": aliases}
        types[name] = Schema(name, {**schema.raw, "properties": {**schema.properties, **added}}) if added else schema
    return types
