"""A site as the rest of the program sees it: its folder, settings, schemas and the rules that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

from cms_ssg.config.settings import ListWords, Locale, Settings
from cms_ssg.files.bundled import PACKAGE
from cms_ssg.files.bundled import folder as bundled_folder
from cms_ssg.reads import digest
from cms_ssg.types import Json, Problem

if TYPE_CHECKING:
    from cms_ssg.content.collections.rules import Rules
    from cms_ssg.content.schema.content_types import Schema, Schemas
    from cms_ssg.kinds.features import Features

NO_WORDS: Final = ListWords()


@dataclass(frozen=True, eq=False)
class Site:
    """root: the site folder, absolute; settings: after defaults and overrides; seen_at: where ``cms serve`` shows it, if it does: links in e-mails lead
    there.
    """

    root: Path
    settings: Settings
    seen_at: str = ""

    @cached_property
    def _loaded_schemas(self) -> Schemas:
        from cms_ssg.content.schema.content_types import load_schemas

        return load_schemas(*self.schema_folders)

    @cached_property
    def features(self) -> Features:
        """The kinds of outputs, lists, rows and facts that this site has."""
        from cms_ssg.kinds.features import load_features

        return load_features(self.settings.verticals)

    @property
    def schema_folders(self) -> tuple[Path, ...]:
        """Folders of content types: the core's, those of the verticals, those that sites share, the site's own."""
        own = (vertical.find_folder("content_schema") for vertical in self.features.verticals)
        shared = (self.root / folder / "content_schema" for folder in reversed(self.settings.shared))
        core = bundled_folder("content_schema") / "core"
        return (core, *(folder for folder in own if folder is not None), *shared, self.root / "content_schema")

    @cached_property
    def rules(self) -> Rules:
        """How files become drafts."""
        from cms_ssg.content.collections.rules import make_rules

        return make_rules(self.settings, self._loaded_schemas)

    @property
    def schemas(self) -> Mapping[str, Schema]:
        """Content types by name: the shipped ones, then the site's own, with the fields of the site's taxonomies."""
        return self.rules.types

    @property
    def type_problems(self) -> tuple[Problem, ...]:
        """What was not understood in content_schema/, and what cannot work with these types in the collections of site.toml."""
        return self._loaded_schemas.problems or tuple(problem for problem in self._rule_problems if problem.severity == "error")

    @property
    def rule_warnings(self) -> tuple[Problem, ...]:
        """What looks misspelt in the collections of site.toml."""
        return tuple(problem for problem in self._rule_problems if problem.severity == "warning")

    @cached_property
    def _rule_problems(self) -> tuple[Problem, ...]:
        from cms_ssg.content.collections.check_rules import list_rule_problems

        return () if self._loaded_schemas.problems else list_rule_problems(self.root, self.rules)

    @property
    def schemas_digest(self) -> bytes:
        return self._loaded_schemas.digest

    @cached_property
    def default_locale(self) -> str:
        return self.settings.locales[0].code

    @cached_property
    def locales(self) -> dict[str, Locale]:
        return {locale.code: locale for locale in self.settings.locales}

    @cached_property
    def fallback_locales(self) -> tuple[str, ...]:
        """Locales that show the default locale's entries where they have none of their own."""
        return tuple(locale.code for locale in self.settings.locales[1:] if locale.fallback != "none")

    def list_fallback_locales(self, locale: str) -> tuple[str, ...]:
        """Locales whose lists also hold this locale's entries."""
        if locale != self.default_locale:
            return ()
        return tuple(other.code for other in self.settings.locales[1:] if other.fallback == "list")

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.timezone)

    def local_month(self, date: str) -> str:
        """'2025/03' of an ISO time, in the site's zone."""
        moment = datetime.fromisoformat(date).astimezone(self.zone)
        return f"{moment.year:04d}/{moment.month:02d}"  # strftime does not pad years below 1000 on every platform

    def card_fields(self, type_name: str) -> tuple[str, ...]:
        """The fields of a type that other pages may show."""
        return self.schemas[type_name].card_fields if type_name in self.schemas else ()

    @cached_property
    def known_on_cards(self) -> frozenset[str]:
        """The fields that cards of any of the site's types have: a list may hold several."""
        return frozenset(field for schema in self.schemas.values() for field in schema.card_fields)

    @cached_property
    def shared_fields(self) -> dict[str, frozenset[str]]:
        """By type, the fields that translations have of their original where they say nothing themselves; only types that have some."""
        return (
            {name: schema.shared_fields for name, schema in self.schemas.items() if schema.shared_fields} if len(self.locales) > 1 else {}
        )

    def neighbours_of(self, type_name: str) -> str:
        """The list in which a type's entries have a previous and a next one, '' for none."""
        return self.schemas[type_name].neighbours if type_name in self.schemas else ""

    def entry_path(self, collection: str, type_name: str, locale: str, file: str, fields: dict[str, Json]) -> str:
        """The path an entry wants. Raises ValueError where its fields give none that is safe."""
        return self.rules.entry_path(collection, type_name, locale, file, fields)

    def __reduce__(self) -> tuple[Any, ...]:
        return Site, (self.root, self.settings, self.seen_at)

    def title(self, locale: str) -> str:
        """The site's title in a locale."""
        return (self.locales[locale].title if locale in self.locales else "") or self.settings.title

    def words(self, locale: str, table: Literal["lists", "taxonomies", "home"], name: str = "") -> ListWords:
        """What a page of lists is called in a locale, by its table and name in ``[locales.LOCALE]``; empty where that says nothing."""
        found = getattr(self.locales[locale], table) if locale in self.locales else NO_WORDS
        return found if isinstance(found, ListWords) else found.get(name, NO_WORDS)

    def prefix(self, locale: str) -> str:
        """Start of a locale's paths: '' or '/it'."""
        return (self.locales[locale].prefix or "") if locale in self.locales else ""

    def localized(self, path: str, locale: str) -> tuple[str, ...]:
        """A path that names no locale as it would be in this one, then in the default one; nothing where prefixes make no difference."""
        if any(locale.prefix and f"{path}/".startswith(f"{locale.prefix}/") for locale in self.settings.locales):
            return ()
        prefixes = dict.fromkeys((self.prefix(locale), self.prefix(self.default_locale)))
        return tuple(prefix + path for prefix in prefixes if prefix)

    def path_in(self, path: str, locale: str, other: str) -> str:
        """The same path under another locale's prefix; a whole path of front matter may have none of its own."""
        own = self.prefix(locale)
        return self.prefix(other) + (path[len(own) :] if path.startswith(f"{own}/") else path)

    @cached_property
    def base_path(self) -> str:
        """The path of base_url without a final '/': '' or '/blog'."""
        from urllib.parse import urlsplit

        return urlsplit(self.settings.base_url).path.rstrip("/")

    @property
    def link_url(self) -> str:
        """What links in e-mails begin with, without a final '/': base_url, or where ``cms serve`` shows the site."""
        return self.seen_at or self.settings.base_url

    def locate(self, file: str) -> str:
        """Where a file of the site lies, below its root: a shared one as ``../shared/static/logo.svg``, which the site's own of that name hides."""
        if self.settings.shared and not (self.root / file).exists():
            for folder in self.settings.shared:
                if (self.root / folder / file).is_file():
                    return f"{folder}/{file}"
        return file

    @cached_property
    def origin(self) -> str:
        """base_url without its path: 'https://example.com'."""
        from urllib.parse import urlsplit

        parts = urlsplit(self.settings.base_url)
        return f"{parts.scheme}://{parts.netloc}"


SEEN_AT: Final = "CMS_API_SEEN_AT"
"""How `cms serve` tells the API behind it where the site is seen."""


def open_site(root: Path, environ: Mapping[str, str], env: str = "") -> Site:
    """The site in a folder. env: name of an [env.NAME] table. Raises CmsError settings.*."""
    from cms_ssg.config.load import load_settings

    return Site(root.resolve(), load_settings(root.resolve(), environ, env), environ.get(SEEN_AT, ""))


@cache
def source_digest(files: tuple[str, ...]) -> bytes:
    """Stands for some of our own code: when it changes, what it made must be made again."""
    return digest(*((PACKAGE / file).read_bytes() for file in files))
