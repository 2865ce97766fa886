"""The template environment: folders of templates, the strongest first, with every name asked for written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import cached_property
from pathlib import Path
from types import CodeType
from typing import Any, Final

from jinja2 import BytecodeCache, Environment, FileSystemLoader, Template, nodes
from jinja2.bccache import Bucket
from jinja2.environment import TemplateModule
from jinja2.exceptions import TemplateNotFound, TemplateRuntimeError, TemplateSyntaxError
from jinja2.runtime import Context
from markupsafe import _escape_inner  # type: ignore[attr-defined]

from cms_ssg.reads import digest
from cms_ssg.render.context import QuickContext
from cms_ssg.render.filters import FILTERS
from cms_ssg.render.fragment_tag import FragmentTag
from cms_ssg.render.limits import INCLUDE_STEPS, JOINS, LIMITED, Budget, Limiter, concat
from cms_ssg.render.reading import Reads
from cms_ssg.render.style_files import list_beside
from cms_ssg.render.theme_chain import PARENT
from cms_ssg.render.tokens import MARK, locate_tokens, render_tokens
from cms_ssg.render.unknown import Unknown
from cms_ssg.site import Site

MAX_RANGE: Final = 100_000
"""Numbers that one `range()` of a template may give, as in Jinja's own sandbox: a slip of the pen must not keep a build for hours."""


def bounded_range(*args: int) -> range:
    """`range` as templates know it. Raises TemplateRuntimeError for more than MAX_RANGE numbers."""
    found = range(*args)
    try:
        size = len(found)
    except OverflowError:
        size = MAX_RANGE + 1
    if size > MAX_RANGE:
        raise TemplateRuntimeError(
            f"range({', '.join(map(str, args))}) has more than {MAX_RANGE:,} numbers, the most that a template may ask for"
        )
    return found


def escape_text(value: Any) -> str:
    """What `{{ value }}` prints: as markupsafe's escape, but a plain text, since it is only joined.

    Jinja's own makes a Markup of every value, which costs more than escaping it.
    """
    if type(value) is str:
        return _escape_inner(value)
    if hasattr(value, "__html__"):
        return str(value.__html__())
    return _escape_inner(str(value))


class _Template(Template):
    """A template whose output is escaped by escape_text.

    An imported one is evaluated once and kept; everybody who imports it reads what it asked for then.
    """

    environment: Theme
    asked: frozenset[str] = frozenset()

    @classmethod
    def from_code(cls, environment: Environment, code: CodeType, globals: MutableMapping[str, Any], uptodate: Any = None) -> Template:
        template = super().from_code(environment, code, globals, uptodate)
        template.root_render_func.__globals__.update(escape=escape_text, **JOINS)
        return template

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        theme, reads = self.environment, self.environment.reads
        if reads is None:
            return super()._get_default_module(ctx)
        theme.reads = Reads()
        try:
            return super()._get_default_module(ctx)
        finally:
            self.asked |= frozenset(theme.reads.names.values())
            theme.reads = reads
            for name in self.asked:
                reads.name(name)


class _Compiled(BytecodeCache):
    """Code of templates for all themes of this process: compiling one takes longer than rendering some dozens of pages.

    It follows from name, file and text alone: every theme has the same filters and extensions.
    """

    MOST = 500

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            if len(self._codes) >= self.MOST:
                self._codes.clear()
            self._codes[bucket.key, bucket.checksum] = bucket.code


_compiled = _Compiled()


class _Loader(FileSystemLoader):
    """Finds templates in folders, the strongest first; ``parent:post.html`` is the second ``post.html`` there is."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        plain = template.removeprefix(PARENT)
        if plain == template:
            return super().get_source(environment, template)
        passed = 1
        while plain.startswith(PARENT):
            plain, passed = plain.removeprefix(PARENT), passed + 1
        having = [folder for folder in self.searchpath if (Path(folder) / plain).is_file()]
        if len(having) <= passed:
            raise TemplateNotFound(template, f"no theme below has a template {plain} that this one could extend")
        return FileSystemLoader(having[passed], followlinks=False).get_source(environment, plain)


def extend_parents(tree: nodes.Template, name: str) -> nodes.Template:
    """A template that extends or imports one of its own name means the next one of the chain: in its syntax tree it says so.

    An include of its own name stays: a list in a list is written so.
    """
    plain = name.replace(PARENT, "")
    users: list[nodes.Extends | nodes.Import | nodes.FromImport] = [*tree.find_all(nodes.Extends)]
    for node in (*users, *tree.find_all(nodes.Import), *tree.find_all(nodes.FromImport)):
        if isinstance(node.template, nodes.Const) and node.template.value == plain:
            node.template.value = PARENT + name
    return tree


class Theme(Environment):
    """Templates of a theme chain. While `reads` is set, every template asked for is a read, found or not.

    Recording is in `_load_template` because a loader is not asked for what the cache holds.
    """

    template_class = _Template
    context_class = QuickContext
    concat = staticmethod(concat)

    def __init__(self, folders: Sequence[Path], find_ids: Callable[[], set[str]] = set) -> None:
        """find_ids: gives the ids that the templates give to elements."""
        super().__init__(
            loader=_Loader(list(folders), followlinks=False),
            autoescape=True, undefined=Unknown, trim_blocks=True, lstrip_blocks=True, auto_reload=False, cache_size=-1, bytecode_cache=_compiled,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", FragmentTag],
        )  # fmt: skip
        self.filters.update(LIMITED)
        self.filters.update(FILTERS)
        self.globals["range"] = bounded_range
        self.reads: Reads | None = None
        self.budget = Budget()
        """What the templates of this output have taken: whoever renders the next one gives it another."""
        self.shows_terms = False
        """Whether a card in a list was asked for its terms: from then on they are loaded with the cards."""
        self._absent: set[str] = set()
        self._find_ids = find_ids

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return extend_parents(super()._parse(source, name, filename), name or "")

    def _generate(self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False) -> str:
        limited: nodes.Template = Limiter().visit(source)
        limited.set_environment(self)
        return super()._generate(limited, name, filename, defer_init)

    @cached_property
    def ids(self) -> frozenset[str]:
        """What no heading may be called."""
        return frozenset(self._find_ids())

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A template's globals, as one dict: each render copies them, and copying the ChainMap Jinja makes takes longer than a short page."""
        return {**self.globals, **(d or {})}

    def _load_template(self, name: str, globals: MutableMapping[str, Any] | None) -> Template:
        self.budget.spend(INCLUDE_STEPS)
        if self.reads is not None:
            self.reads.name(f"template/{name}")
        try:
            return super()._load_template(name, globals)
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise TemplateSyntaxError("it is not UTF-8", line, name) from None
        except SyntaxError as error:  # what Jinja made of it is no Python: a break outside a loop, too many levels
            raise TemplateSyntaxError(error.msg.partition(" (")[0], 0, name) from None

    def has_template(self, name: str) -> bool:
        """Whether a template exists; its absence is a read."""
        if name in self._absent:
            if self.reads is not None:
                self.reads.name(f"template/{name}")
            return False
        try:
            self._load_template(name, None)
        except TemplateNotFound:
            self._absent.add(name)
            return False
        return True

    def pick(self, names: Sequence[str]) -> Template:
        """The first of these templates that exists. Raises TemplateNotFound for the last."""
        for name in names[:-1]:
            if self.has_template(name):
                return self.get_template(name)
        return self.get_template(names[-1])


def list_assets(folders: Sequence[Path]) -> dict[str, Path]:
    """Files below folders of assets by name; the first folder that has a name wins."""
    found: dict[str, Path] = {}
    for root in folders:
        for path in sorted(root.rglob("*")) if root.is_dir() else ():
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                found.setdefault(path.relative_to(root).as_posix(), path)
    return found


def read_asset(path: Path, tokens: Mapping[str, str], fingerprints: bool = True) -> bytes:
    """An asset's bytes; in a style sheet the line ``/* tokens */`` becomes the site's tokens, and ``url("font.woff2")`` names the file beside it
    as it is published.
    """
    data = path.read_bytes()
    if path.suffix == ".css":
        data = data.replace(MARK.encode(), render_tokens(tokens).encode(), 1)
        for name, beside in list_beside(path, data).items() if fingerprints else ():
            published = asset_path(name, beside.read_bytes()).removeprefix("/assets/")
            data = data.replace(f'url("{name}")'.encode(), f'url("{published}")'.encode())
    return data


def make_asset_paths(site: Site, folders: Sequence[Path]) -> dict[str, str]:
    """Where each asset below these folders is published. Raises CmsError tokens.* with the line in site.toml."""
    with locate_tokens(site):
        files = {name: path for name, path in list_assets(folders).items() if _is_used(site, name, path)}
        return {name: asset_path(name, read_asset(path, site.settings.tokens)) for name, path in files.items()}


SEARCH_ASSETS = frozenset(("search.css", "search.js", "static-search.js"))
FORM_ASSET = "forms.css"


def _is_used(site: Site, name: str, path: Path) -> bool:
    """Whether an asset is to be published: the bundled theme's search, forms and counter of reads only where the site, or a vertical's page, has one."""
    search = site.settings.search
    if site.root in path.parents:
        return True
    if name == "views.js":
        return site.settings.statistics.beacon
    if name not in (*SEARCH_ASSETS, FORM_ASSET):
        return True
    if name != FORM_ASSET and search is not None and (name != "static-search.js" or search.is_static):
        return True
    return any(name in vertical.uses for vertical in site.features.verticals)


def asset_path(name: str, data: bytes) -> str:
    """Where an asset is published: its name with a fingerprint of its bytes, so that it never changes."""
    stem, dot, suffix = name.rpartition(".")
    mark = digest(data).hex()[:10]
    return f"/assets/{stem}.{mark}.{suffix}" if dot and stem else f"/assets/{name}.{mark}"
