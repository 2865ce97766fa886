"""Finds a site's hooks, in its hooks.py and among installed packages, and calls them so that none can do harm. Without any, no pluggy."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from cms_ssg.config.settings import Settings
from cms_ssg.reporting.printed import capture_prints
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from pluggy import PluginManager

GROUP: Final = "cms_ssg"
FILE: Final = "hooks.py"


def find_plugins(root: Path, settings: Settings) -> Plugins | None:
    """The hooks of a site, loaded; None where it has none. What cannot be loaded is among the problems."""
    own = root / FILE
    installed = _list_installed(_stamp_packages()) if settings.plugins != () else ()
    if settings.plugins is not None:
        installed = tuple(point for point in installed if point.name in settings.plugins)
    missing = sorted(set(settings.plugins or ()) - {point.name for point in installed})
    has_own = own.is_file()
    if not has_own and not installed and not missing:
        return None
    plugins = Plugins(root)
    for name in missing:
        message = f'no installed package has an entry point "{name}" of the group {GROUP}'
        plugins.problems.append(Problem("hooks.missing", "site.toml", 0, message, "Install it, or take it out of plugins.", "warning"))
    if has_own:
        plugins.load(FILE, own)
    for point in installed:
        plugins.load(point.name, point)
    plugins.check_names()
    return plugins


@lru_cache(maxsize=1)
def _list_installed(stamp: tuple[tuple[str, int], ...]) -> tuple[EntryPoint, ...]:
    """The plugins among installed packages. stamp: of _stamp_packages; finding them reads a file of every package, in each build of a watch."""
    return tuple(sorted(entry_points(group=GROUP)))


def _stamp_packages() -> tuple[tuple[str, int], ...]:
    """Changes when a package is installed or removed: each is a folder beside the others."""
    times = []
    for place in sys.path:
        try:
            times.append((place, os.stat(place or ".").st_mtime_ns))
        except OSError:
            continue
    return tuple(times)


@dataclass(slots=True)
class Plugins:
    """The loaded hooks of one site. problems: what went wrong since they were last taken."""

    root: Path
    problems: list[Problem] = field(default_factory=list)
    manager: PluginManager = field(init=False)

    def __post_init__(self) -> None:
        import pluggy

        from cms_ssg.hooks import PROJECT, Specs

        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(Specs)

    def load(self, name: str, source: Path | EntryPoint) -> None:
        """Import a plugin and take its hooks; one that fails is reported and left out."""
        import pluggy

        try:
            with capture_prints():
                module = _import_file(source) if isinstance(source, Path) else source.load()
            self.manager.register(module, name)
        except pluggy.PluginValidationError as error:
            text = " ".join(str(error).split())
            self._report("hooks.wrong", error, name, text, "The hooks and their arguments are in docs/extending.md.")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it is somebody else's code
            self._report("hooks.import", error, name, f"cannot be imported: {_say(error)}", "The build goes on without its hooks.")

    def check_names(self) -> None:
        """Report functions that are marked as hooks and have the name of none."""
        import difflib

        from cms_ssg.hooks import Specs

        known = [name for name in vars(Specs) if not name.startswith("_")]
        for name, plugin in self.manager.list_name_plugin():
            if plugin is None:
                continue
            for attribute in dir(plugin):
                if attribute not in known and self.manager.parse_hookimpl_opts(plugin, attribute) is not None:
                    near = difflib.get_close_matches(attribute, known, 1)
                    hint = f'Did you mean "{near[0]}"?' if near else f"Hooks: {', '.join(known)}."
                    self._add(getattr(plugin, attribute), "hooks.wrong", name, f"there is no hook {attribute}", hint)

    def has(self, *names: str) -> bool:
        """Whether any of these hooks has an implementation."""
        return any(getattr(self.manager.hook, name).get_hookimpls() for name in names)

    def list_implementations(self) -> list[tuple[str, str]]:
        """(hook, plugin) of every implementation."""
        callers = sorted(vars(self.manager.hook).items())
        return [(name, impl.plugin_name) for name, caller in callers for impl in caller.get_hookimpls()]

    def call(self, name: str, **arguments: Any) -> None:
        """Call every implementation of a hook, each alone: what one raises is reported and keeps nothing from the others."""
        plugins = [plugin for _, plugin in self.manager.list_name_plugin() if plugin is not None]
        for plugin in plugins:
            caller = self.manager.subset_hook_caller(name, [other for other in plugins if other is not plugin])
            if not caller.get_hookimpls():
                continue
            try:
                with capture_prints():
                    caller(**arguments)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it is somebody else's code
                message = f"the hook {name} failed: {_say(error)}"
                self._report("hooks.failed", error, self.manager.get_name(plugin) or FILE, message, "What was built stays as it is.")

    def take_problems(self) -> list[Problem]:
        """What went wrong, once."""
        problems, self.problems = self.problems, []
        return problems

    def _report(self, code: str, error: BaseException, name: str, message: str, hint: str) -> None:
        place, line = self._locate(error, name)
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "opentelemetry":
            hint = f"Spans need more: pip install 'cms-ssg[otel]'. {hint}"
        self.problems.append(Problem(code, place, line, message, hint, "warning"))

    def _add(self, function: Any, code: str, name: str, message: str, hint: str) -> None:
        inner = getattr(function, "__code__", None)
        place, line = (self._shorten(inner.co_filename), inner.co_firstlineno) if inner is not None else (name, 0)
        self.problems.append(Problem(code, place, line, message, hint, "warning"))

    def _locate(self, error: BaseException, name: str) -> tuple[str, int]:
        """The line of the plugin that was at work: the innermost of the site's own file, else the innermost that is not ours."""
        if isinstance(error, SyntaxError) and error.filename:
            return self._shorten(error.filename), error.lineno or 0
        frames = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
        own = [frame for frame in frames if Path(frame[0]) == self.root / FILE]
        other = [
            frame for frame in frames if not frame[0].startswith("<") and "/pluggy/" not in frame[0] and Path(frame[0]) != Path(__file__)
        ]
        if name == FILE and own:
            return FILE, own[-1][1]
        inside = [frame for frame in other if "importlib" not in frame[0]]
        return (self._shorten(inside[0][0]), inside[0][1]) if inside else (name, 0)

    def _shorten(self, file: str) -> str:
        path = Path(file)
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else file


def _import_file(path: Path) -> Any:
    """The site's hooks.py as a module of its own, as it is now, without leaving a __pycache__ beside it."""
    module = ModuleType("site_hooks")
    module.__file__ = str(path)
    exec(compile(path.read_bytes(), str(path), "exec"), vars(module))  # noqa: S102 - the site's own code
    return module


def _say(error: BaseException) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
