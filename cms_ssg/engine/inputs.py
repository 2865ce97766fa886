"""What comes from the checkout besides content: templates, settings, data keys, strings, assets, schemas, the renderer; name -> digest."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import msgspec

from cms_ssg.config.settings import Settings
from cms_ssg.data.files import Data, list_data_files, read_data, walk_folders
from cms_ssg.data.redirects import Redirects, read_redirects
from cms_ssg.errors import CmsError, fail
from cms_ssg.files.bundled import PACKAGE
from cms_ssg.kinds.load import load_vertical
from cms_ssg.reads import digest
from cms_ssg.render.style_files import list_beside
from cms_ssg.render.theme_chain import PARENT, load_image_rules, theme_folders
from cms_ssg.site import Site
from cms_ssg.types import Json, Problem

__all__ = ["Data", "Inputs", "Known", "Redirects", "list_inputs", "read_data", "read_redirects"]

Known = dict[str, tuple[bytes, dict[str, bytes]]]
"""What was read last time: group of files -> (digest of their stat, digests by input name)."""

RENDERER_SOURCES = (
    "render",
    "images/facts.py",
    "images/variants.py",
    "images/card_rules.py",
    "images/font.py",
    "content/markdown/body.py",
    "content/markdown/shortcodes.py",
    "content/markdown/highlight.py",
    "content/markdown/anchors.py",
    "content/markdown/placeholders.py",
    "search/asked.py",
    "search/narrowing.py",
    "search/results_page.py",
    "search/static_page.py",
    "engine/inputs.py",
    "data/files.py",
    "data/yaml_files.py",
    "content/frontmatter/yaml_fields.py",
    "content/frontmatter/values.py",
    "content/schema/checks.py",
)
RENDERER_PACKAGES = ("Jinja2", "MarkupSafe", "markdown-it-py", "mdit-py-plugins", "Pygments", "nh3", "icu4py")
SECRET_SETTINGS = frozenset({"api", "cache", "cdn", "database_url", "preview", "shared", "target", "workers", "workflow"})
"""Settings no page can read: they say where things are kept, not what they look like."""

LOCALE_WORDS = frozenset({"title", "description", "menus"})
"""Settings that a locale may have in its own language. A page reads them by the names that the site's have."""

RACY_NS = 50_000_000
"""A file changed so shortly before it was read may change again within the same tick of the clock."""

_ID = re.compile(rb"""\sid=["']?([^\s"'{}<>=]+)["'\s>]""")
_encode = msgspec.json.Encoder(order="sorted").encode
_Digests = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Inputs:
    """digests: input name -> blake2b-16; known: to be kept and given to the next call; problems: of files that keep their last digests."""

    digests: _Digests
    known: Known
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Reading:
    """One call of list_inputs. Files whose stat is known are not opened."""

    root: Path
    before: Mapping[str, tuple[bytes, _Digests]]
    digests: _Digests = field(default_factory=dict)
    known: Known = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, group: str, files: list[Path], read: Callable[[], _Digests], salt: bytes = b"") -> None:
        """Takes a group's digests from last time if its files look the same, else reads them."""
        stat = _stat_digest(files, salt)
        old = self.before.get(group)
        if old is not None and stat and old[0] == stat:
            self.known[group] = old
        else:
            try:
                self.known[group] = (stat, read())
            except CmsError as error:
                self.problems.extend(error.problems)
                self.known[group] = (b"", old[1] if old else {})
                # read by pages that fail for it, so that they are tried again when it is mended, to whatever
                self.digests.update({f"unreadable/{problem.place}": digest(problem.message.encode()) for problem in error.problems})
            except OSError as error:
                place = os.path.relpath(files[0], self.root) if files else group
                hint = "Until it can be read, pages keep what they show."
                self.problems.append(Problem("inputs.unreadable", place, 0, f"cannot be read: {error.strerror}", hint))
                self.known[group] = (b"", old[1] if old else {})
        self.digests.update(self.known[group][1])


def list_inputs(root: Path, settings: Settings, known: Mapping[str, tuple[bytes, _Digests]] | None = None) -> Inputs:
    """Every input of the site in root with its digest.

    Names: ``template/post.html`` and ``asset/site.css`` (the first theme of the chain that has it),
    ``setting/title``, ``setting/params.x``, ``menu/main``, ``data/authors``, ``data/authors#ada``,
    ``redirects/moved.csv``, ``string/it/date.long``, ``font/fonts/noto.otf``,
    ``schema/post``, ``images`` (how they are published), ``template-ids`` (of elements, in any template), ``renderer``. known: ``Inputs.known`` of the last call.
    A data or string file that cannot be read is a problem and keeps its last digests.
    Raises CmsError theme.missing, theme.cycle, theme.unreadable, inputs.unreadable.
    """
    folders = theme_folders(root, settings)
    reading = _Reading(root, known or {})
    reading.digests.update(_list_settings(settings))
    reading.digests["images"] = digest(_encode(load_image_rules(folders.chain, settings)))
    reading.digests["renderer"] = renderer_digest()
    placed: list[tuple[str, dict[str, str], dict[str, str]]] = []  # which templates they put on pages that are not theirs
    for vertical in map(load_vertical, settings.verticals):
        reading.digests[f"vertical/{vertical.name}"] = digest(vertical.digest, _encode(settings.vertical.get(vertical.name)))
        placed.append((vertical.name, dict(vertical.slots), dict(vertical.templates)))
    reading.digests["setting/verticals"] = digest(_encode(placed))
    for kind, places in (("template", folders.templates), ("asset", folders.assets)):
        salt = _encode(settings.tokens) if kind == "asset" else b""
        for name, path in sorted(list_theme_files(places, root).items()):
            _add_file(reading, f"{kind}/{name}", path, salt if name.endswith(".css") else b"")
    for name, path in list_parents(folders.templates, root).items() if len(folders.chain) > 1 else ():
        _add_file(reading, f"template/{name}", path, b"")
    templates = list_template_files(folders.templates, root)
    reading.add(
        "template-ids",
        templates,
        lambda: {"template-ids": digest(*map(str.encode, sorted(find_ids(templates))))},
    )
    _add_schemas(reading, root, settings)
    _add_data(reading, root, settings)
    if settings.images.cards and settings.images.card_font:
        _add_font(reading, root, settings.images.card_font)
    for name in settings.redirect_files:
        if (root / name).is_file():
            _add_file(reading, f"redirects/{name}", root / name, b"")
    _add_strings(reading, root, folders.strings, settings)
    return Inputs(reading.digests, reading.known, tuple(reading.problems))


def list_theme_files(folders: Sequence[Path], root: Path) -> dict[str, Path]:
    """Name -> file of all templates or assets: the first folder that has a name wins."""
    found: dict[str, Path] = {}
    for folder in folders:
        for name, path in _walk(folder, root):
            found.setdefault(name, path)
    return found


def list_parents(folders: Sequence[Path], root: Path) -> dict[str, Path]:
    """Name -> file of the templates that others of their name go before: ``parent:post.html``."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for name, path in _walk(folder, root):
            found.setdefault(name, []).append(path)
    return {PARENT * number + name: path for name, paths in found.items() for number, path in enumerate(paths) if number}


def list_template_files(folders: Sequence[Path], root: Path) -> list[Path]:
    """All templates; where themes share a name, all of them: one may extend the other."""
    return sorted(path for folder in folders for _, path in _walk(folder, root))


def find_ids(templates: list[Path]) -> set[str]:
    """The ids that templates give to elements, where they are written out."""
    return {match[1].decode("utf-8", "replace") for path in templates for match in _ID.finditer(path.read_bytes())}


def _walk(base: Path, root: Path) -> Iterator[tuple[str, Path]]:
    """(name below base, path) of each file, without hidden ones, editors' leftovers, pipes and sockets."""
    for folder, files in walk_folders(base, root):
        for file in files:
            if not file.startswith((".", "#")) and not file.endswith(("~", ".swp", ".tmp")) and os.path.isfile(path := f"{folder}/{file}"):
                yield os.path.relpath(path, base).replace(os.sep, "/"), Path(path)


def _add_file(reading: _Reading, name: str, path: Path, salt: bytes) -> None:
    """An asset or template; the fonts and pictures that a style sheet names are a part of it, since it names their bytes."""
    beside = [*list_beside(path, path.read_bytes()).values()] if path.suffix == ".css" else []
    reading.add(name, [path, *beside], lambda: {name: digest(salt, *(file.read_bytes() for file in (path, *beside)))}, salt)


def _add_font(reading: _Reading, root: Path, file: str) -> None:
    def read() -> _Digests:
        from cms_ssg.images.font import NoFont, load_font

        try:
            return {f"font/{file}": bytes.fromhex(load_font(str(root), file).digest)}
        except NoFont as error:
            hint = "Mend card_font below [images]. Until then cards are drawn with the font that comes with cms."
            raise fail("image.no-font", f"this font for cards {error}", place=file, hint=hint) from None

    reading.add(f"font/{file}", [root / file], read)


def _add_schemas(reading: _Reading, root: Path, settings: Settings) -> None:
    """The digest of a content type covers the shipped file and the site's own of the same name."""
    files: dict[str, list[Path]] = {}
    for base in Site(root, settings).schema_folders:
        for path in sorted(base.glob("*.json")) if base.is_dir() else ():
            if path.is_file():
                files.setdefault(path.stem, []).append(path)
    for name, paths in files.items():

        def read(name: str = name, paths: list[Path] = paths) -> _Digests:
            return {f"schema/{name}": digest(*(path.read_bytes() for path in paths))}

        reading.add(f"schema/{name}", paths, read)


def _add_data(reading: _Reading, root: Path, settings: Settings) -> None:
    files, problems = list_data_files(root, settings.data_files, settings.shared)
    reading.problems.extend(problems)
    data = Data(files, root, settings.shared)
    for name, path in files.items():

        def read(name: str = name) -> _Digests:
            digests = {f"data/{name}#{key}": digest(_encode(value)) for key, value in data.keys(name).items()}
            return digests | {f"data/{name}": digest(_encode(data.value(name)))}

        reading.add(f"data/{name}", [path], read, reading.digests["renderer"])


def _add_strings(reading: _Reading, root: Path, folders: Sequence[Path], settings: Settings) -> None:
    """Texts as a locale shows them, fallbacks filled in, so that a page reads one name whatever file it came from."""
    for locale in settings.locales:
        codes = ("en", locale.code.partition("-")[0], locale.code)
        files = [path for code in dict.fromkeys(codes) for folder in folders if (path := folder / f"{code}.toml").is_file()]

        def read(code: str = locale.code) -> _Digests:
            from cms_ssg.render.strings import dump_string, load_strings

            strings = load_strings(folders, code, root)
            return {f"string/{code}/{key}": digest(dump_string(strings, key)) for key in strings.texts}

        reading.add(f"string/{locale.code}", files, read, reading.digests["renderer"])


def _list_settings(settings: Settings) -> _Digests:
    """One digest a top-level key, and one a key of each table such as params."""
    plain: dict[str, Json] = msgspec.to_builtins(settings)
    if settings.search is not None:
        plain["search"] = msgspec.to_builtins(settings.search.as_shown)
    digests: _Digests = {}
    digests |= _list_words(plain)
    del plain["menus"]
    plain["locales"] = [{key: value for key, value in locale.items() if key not in LOCALE_WORDS} for locale in plain["locales"]]
    for key, value in plain.items():
        if key in SECRET_SETTINGS or key in LOCALE_WORDS:
            continue
        digests[f"setting/{key}"] = digest(_encode(value))
        if isinstance(value, dict):
            digests.update({f"setting/{key}.{inner}": digest(_encode(item)) for inner, item in value.items()})
    return digests


def _list_words(plain: dict[str, Json]) -> _Digests:
    """What the site is called and its menus, as each locale has them: ``setting/title`` of the default one, ``setting/title@it`` of another."""
    digests: _Digests = {}
    for number, locale in enumerate(plain["locales"] or [{"menus": {}}]):
        mark = f"@{locale['code']}" if number else ""
        menus = {**plain["menus"], **locale["menus"]}
        digests |= {f"menu/{name}{mark}": digest(_encode(items)) for name, items in menus.items()}
        digests |= {f"setting/{key}{mark}": digest(_encode(locale.get(key) or plain[key])) for key in ("title", "description")}
    return digests


@lru_cache(maxsize=1)
def renderer_digest() -> bytes:
    """Stands for the code that turns values into bytes: our sources, the libraries' versions, Python's minor version."""
    from importlib.metadata import PackageNotFoundError, version

    parts = [f"{sys.version_info[0]}.{sys.version_info[1]}".encode()]
    for pattern in RENDERER_SOURCES:
        base = PACKAGE / pattern
        for path in sorted(base.rglob("*.py") if base.is_dir() else PACKAGE.glob(pattern)):
            parts += [path.relative_to(PACKAGE).as_posix().encode(), path.read_bytes()]
    for package in RENDERER_PACKAGES:
        try:
            parts.append(f"{package} {version(package)}".encode())
        except PackageNotFoundError:
            parts.append(package.encode())
    return digest(*parts)


def _stat_digest(files: list[Path], salt: bytes) -> bytes:
    """Changes when a file of the group does; b"" where one was changed so recently that its times cannot be trusted."""
    parts, now = [salt], time.time_ns()
    for path in files:
        try:
            stat = path.stat()
        except OSError:
            return b""
        if now - max(stat.st_mtime_ns, stat.st_ctime_ns) < RACY_NS:
            return b""
        parts.append(f"{path}\0{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}".encode())
    return digest(*parts)
