"""What a Hugo site's configuration says, from every place where it may stand."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cms_ssg.data.files import read_data_file
from cms_ssg.errors import fail
from cms_ssg.migrate.pages import as_table, is_language

NAMES: Final = ("hugo", "config")
SUFFIXES: Final = (".toml", ".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of the site that stands for another one. target: content/blog, static …; language: of all that is in it, "" for none."""

    source: str
    target: str
    language: str = ""

    @property
    def component(self) -> str:
        return self.target.split("/")[0]

    def find_target(self, file: str) -> str:
        """The path that a file of the folder stands for, "" for others."""
        return f"{self.target}{file[len(self.source) :]}" if file.startswith(f"{self.source}/") else ""


@dataclass(frozen=True, slots=True)
class Permalinks:
    """Patterns of addresses by the name of a section or taxonomy: of pages, and of the lists of sections, taxonomies and terms."""

    page: dict[str, str] = field(default_factory=dict)
    section: dict[str, str] = field(default_factory=dict)
    taxonomy: dict[str, str] = field(default_factory=dict)
    term: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class HugoConfig:
    """The settings that matter here. languages: code -> its table, the default one first; permalinks: of languages without their own ones.

    plain_paths, keeps_case: letters in addresses lose their accents, and keep their case.
    """

    values: dict[str, Any]
    file: str
    languages: dict[str, dict[str, Any]] = field(default_factory=dict)
    permalinks: Permalinks = field(default_factory=Permalinks)
    own_permalinks: dict[str, Permalinks] = field(default_factory=dict)
    plain_paths: bool = False
    keeps_case: bool = False
    taxonomies: dict[str, str] = field(default_factory=dict)
    menus: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    default_language: str = "en"
    default_in_folder: bool = False
    content: str = "content"
    page_size: int = 10
    page_path: str = "page"
    date_in_name: bool = False
    sections: set[str] = field(default_factory=set)
    beside: list[str] = field(default_factory=list)
    """Folders below the content that have an _index, which read_pages finds."""
    mounts: list[Mount] = field(default_factory=list)
    """Those of folders of the site, the deepest first."""

    def patterns(self, language: str) -> Permalinks:
        """The patterns of a language: its own take the place of all others."""
        return self.own_permalinks.get(language, self.permalinks)


def read_hugo_config(root: Path) -> HugoConfig:
    """Read the configuration. Raises CmsError migrate.no-source where there is none, data.unreadable."""
    values: dict[str, Any] = {}
    file = ""
    for name in [f"{stem}{suffix}" for stem in NAMES for suffix in SUFFIXES]:
        if not file and (root / name).is_file():
            values, file = _read(root, name), name
    for folder in ("config/_default", "config/production"):
        for path in sorted((root / folder).glob("*")) if (root / folder).is_dir() else ():
            if path.suffix in SUFFIXES:
                file = file or f"{folder}/{path.name}"
                found = _read(root, f"{folder}/{path.name}")
                stem, _, language = path.stem.partition(".")
                whole = found if stem in NAMES else {stem: found}
                _merge(values, {"languages": {language: whole}} if language else whole)
    if not file:
        hint = "It has a hugo.toml, a config.toml (yaml, json) or a folder config/_default."
        raise fail("migrate.no-source", "is no Hugo site", place=str(root), hint=hint)
    folded = {key.lower(): value for key, value in values.items()}
    config = HugoConfig(folded, file)
    config.content = str(folded.get("contentdir") or "content").strip("/")
    config.default_language = str(folded.get("defaultcontentlanguage") or "en").lower()
    config.default_language = config.default_language if is_language(config.default_language) else "en"
    config.default_in_folder = folded.get("defaultcontentlanguageinsubdir") is True
    pages = as_table(folded.get("pagination"))
    size = pages.get("pagerSize", folded.get("paginate", 10))
    config.page_path = str(pages.get("path") or folded.get("paginatepath") or "page").strip("/") or "page"
    dates = as_table(folded.get("frontmatter")).get("date")
    config.date_in_name = isinstance(dates, list) and ":filename" in dates
    config.page_size = size if isinstance(size, int) and 1 <= size <= 1000 else 10
    config.plain_paths, config.keeps_case = folded.get("removepathaccents") is True, folded.get("disablepathtolower") is True
    _read_tables(config, folded)
    config.mounts = sorted(_read_mounts(root, as_table(folded.get("module"))), key=lambda mount: -mount.source.count("/"))
    return config


def _read_mounts(root: Path, module: dict[str, Any]) -> Iterator[Mount]:
    rows = module.get("mounts")
    for row in rows if isinstance(rows, list) else []:
        table = {key.lower(): value for key, value in as_table(row).items()}
        source, target = (posixpath.normpath(str(table.get(key) or "")).strip("/") for key in ("source", "target"))
        if source.split("/")[0] in ("..", ".") or not (root / source).is_dir():
            continue  # read_pages says so
        languages = as_table(as_table(as_table(table.get("sites")).get("matrix"))).get("languages") or table.get("lang") or ""
        code = languages[0] if isinstance(languages, list) and languages else languages
        yield Mount(source, target, code.lower() if isinstance(code, str) and "*" not in code else "")


def _read_tables(config: HugoConfig, folded: dict[str, Any]) -> None:
    languages = as_table(folded.get("languages"))
    rows = {
        code.lower(): {key.lower(): value for key, value in table.items()}
        for code, table in languages.items()
        if isinstance(table, dict) and is_language(code)
    }
    kept = {code: table for code, table in rows.items() if not table.get("disabled")} or {config.default_language: {}}
    if config.default_language not in kept:
        config.default_language = min(kept, key=lambda code: (kept[code].get("weight") or 9999, code))
    config.languages = dict(sorted(kept.items(), key=lambda row: (row[0] != config.default_language, row[1].get("weight") or 9999, row[0])))
    taxonomies = folded.get("taxonomies")
    if isinstance(taxonomies, dict):
        config.taxonomies = {name: plural for name, plural in taxonomies.items() if isinstance(plural, str)}
    else:
        config.taxonomies = {"tag": "tags", "category": "categories"}
    config.permalinks = _read_permalinks(as_table(folded.get("permalinks")), config)
    config.own_permalinks = {
        code: _read_permalinks(as_table(table["permalinks"]), config) for code, table in config.languages.items() if "permalinks" in table
    }
    menus = folded.get("menu") or folded.get("menus") or config.languages[config.default_language].get("menu") or {}
    menus = menus or config.languages[config.default_language].get("menus") or {}
    config.menus = (
        {name: [row for row in rows if isinstance(row, dict)] for name, rows in menus.items() if isinstance(rows, list)}
        if isinstance(menus, dict)
        else {}
    )


def _read_permalinks(table: dict[str, Any], config: HugoConfig) -> Permalinks:
    flat, terms = {**table, **as_table(table.get("page"))}, as_table(table.get("term"))
    own = {name: terms.get(name, flat.get(name)) for name in config.taxonomies.values()}
    sections, taxonomies = as_table(table.get("section")), as_table(table.get("taxonomy"))
    return Permalinks(_keep_patterns(flat), _keep_patterns(sections), _keep_patterns(taxonomies), _keep_patterns(own))


def _keep_patterns(table: dict[str, Any]) -> dict[str, str]:
    return {name: pattern for name, pattern in table.items() if isinstance(pattern, str)}


def _read(root: Path, file: str) -> dict[str, Any]:
    value = read_data_file(root / file, root)
    if not isinstance(value, dict):
        raise fail("migrate.no-source", "holds no settings", place=file, hint="Hugo's settings are a table.")
    return value


def _merge(values: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            _merge(values[key], value)
        else:
            values[key] = value
