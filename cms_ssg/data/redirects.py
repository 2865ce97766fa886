"""Redirects from files: the lists other generators keep, reduced to what a static site can do."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cms_ssg.config.settings import Settings
from cms_ssg.content.url_patterns import SERVER_HINT, find_other_extension
from cms_ssg.files.toml_errors import split_toml_error
from cms_ssg.types import Problem

MAX_ALTERNATIVES = 64
_GROUP = re.compile(r"\(([^()]*)\)")
_PATTERN = re.compile(r"[*:()\[\]{}^$|\\]")
_TARGET = re.compile(r"/(?![/\\])|https?://[^\s/]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Redirects:
    """targets: old path -> path or http(s) URL; problems: one warning for each line that could not be used."""

    targets: dict[str, str]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    source: str
    target: str
    place: str
    line: int
    status: str = "301"


def read_redirects(root: Path, settings: Settings) -> Redirects:
    """All redirects of site.toml and of the files it names; the first for a path counts.

    Files: JSON (a table old -> new, a list of {source, destination} or {from, to}, or such lists in a
    table), ``_redirects`` text (``/old /new 301``), CSV (old, new). ``:locale`` stands for each locale,
    ``(a|b)`` for each word; other patterns need a server and are reported.
    """
    targets = dict(settings.redirects)
    problems = _check_sources(root, settings)
    for name in settings.redirect_files:
        try:
            rules = list(_read_file(root, name))
        except _UnreadableError as error:
            problems.append(Problem("redirects.unreadable", name, error.line, str(error), "See redirect_files in docs/configuration.md."))
            continue
        for rule in rules:
            _add_rule(rule, settings, targets, problems)
    return Redirects(targets, tuple(problems))


def _check_sources(root: Path, settings: Settings) -> list[Problem]:
    """A warning for each kind of file that site.toml redirects, which is no page: no browser follows it, a server may."""
    doubtful = {source: extension for source in settings.redirects if (extension := find_other_extension(source))}
    if not doubtful:
        return []
    from cms_ssg.config.explain import open_origin

    origin = open_origin(root, settings.env, os.environ)
    told: dict[str, list[str]] = {}
    for source, extension in doubtful.items():
        told.setdefault(extension, []).append(source)
    return [
        Problem(
            "redirects.no-page", *origin.locate(("redirects", sources[0])),
            f"{sources[0]}{f' and {len(sources) - 1:,} others are' if len(sources) > 1 else ' is'} no page ({extension}), so"
            f" {'they send' if len(sources) > 1 else 'it sends'} no visitor on", SERVER_HINT, "warning",
        )
        for extension, sources in told.items()
    ]  # fmt: skip


def _add_rule(rule: _Rule, settings: Settings, targets: dict[str, str], problems: list[Problem]) -> None:
    """Adds what the rule stands for; of its problems each kind is said once, not once a locale."""
    said: dict[str, str] = {}
    if rule.status.rstrip("!") not in ("301", "302", "303", "307", "308"):
        said[f"has status {rule.status}, which is not a redirect"] = "A static site can only send visitors on."
    else:
        for source, target in _expand(rule, settings):
            source = unquote(source) if "%20" in source else source
            if message := _find_obstacle(source, target):
                said[message] = "Set this redirect up at the web server or CDN."
            elif source.rstrip("/") == target.rstrip("/"):
                said["leads to itself"] = "Remove it."
            elif targets.setdefault(source, target) != target:
                said[f"already leads to {targets[source]}"] = "The first redirect of a path counts."
    for message, hint in said.items():
        problems.append(Problem("redirects.pattern", rule.place, rule.line, f"{rule.source} {message}", hint, "warning"))


def _expand(rule: _Rule, settings: Settings) -> Iterator[tuple[str, str]]:
    """The (source, target) pairs a rule stands for."""
    by_locale = [("", "")]
    if re.search(r"/:locale(?![\w*?+(])", rule.source):
        by_locale = [(locale.prefix or "", locale.code) for locale in settings.locales]
    for prefix, code in by_locale:
        source, target = rule.source, rule.target
        if code:
            source, target = (re.sub(r"/:locale(?![\w*?+(])", prefix, text) or "/" for text in (source, target))
        for alternative in _list_alternatives(source):
            yield alternative, target


def _list_alternatives(source: str) -> list[str]:
    """``/(a|b).html`` as ``/a.html`` and ``/b.html``; unchanged where a group is a real pattern."""
    groups = _GROUP.findall(source)
    options = [group.split("|") for group in groups]
    if not groups or any(re.search(r"[^\w./|-]", group) for group in groups) or _count(options) > MAX_ALTERNATIVES:
        return [source]
    parts = _GROUP.split(source)[::2]
    return ["".join(itertools.chain(*itertools.zip_longest(parts, choice, fillvalue=""))) for choice in itertools.product(*options)]


def _count(options: Iterable[list[str]]) -> int:
    count = 1
    for option in options:
        count *= len(option)
    return count


def _find_obstacle(source: str, target: str) -> str:
    """Why a pair cannot be a page that sends the visitor on, "" if it can."""
    if not source.startswith("/") or ".." in source.split("/") or "//" in source or re.search(r"[\x00-\x1f\x7f]|(?:^|/) | (?:/|$)", source):
        return "is not a path"
    if "?" in source or "#" in source:
        return "depends on the query, which a static site does not see"
    if _PATTERN.search(source):
        return "is a pattern, which a static site cannot match"
    if extension := find_other_extension(source):
        return f"is not a page ({extension}), so nothing can send the visitor on"
    if not _TARGET.match(target) or re.search(r"[\x00-\x1f\x7f\s<>\"\\]", target):
        return f"leads to {target!r}, which is neither a path nor an http(s) URL"
    return "leads to a pattern" if re.search(r"/:[A-Za-z]|\*$", re.sub(r"^https?://", "", target)) else ""


class _UnreadableError(Exception):
    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def _read_file(root: Path, name: str) -> Iterator[_Rule]:
    path = root / name
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            raise _UnreadableError("lies outside the site")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _UnreadableError("is not UTF-8") from None
    except (OSError, ValueError) as error:
        raise _UnreadableError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    reader = {".json": _read_json, ".csv": _read_csv}.get(path.suffix.lower(), _read_text)
    return reader(text, name)


def _read_json(text: str, place: str) -> Iterator[_Rule]:
    import json

    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise _UnreadableError(f"is not JSON: {error.msg.lower()}", error.lineno) from None
    except (ValueError, RecursionError) as error:
        raise _UnreadableError(f"is not JSON: {split_toml_error(error)[0]}") from None
    at = 0
    for source, target, status in _list_pairs(data):
        found = text.find(json.dumps(source, ensure_ascii=False), at)
        at = found if found >= 0 else at
        yield _Rule(source, target, place, text.count("\n", 0, at) + 1 if found >= 0 else 0, status)


def _list_pairs(data: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(value, str):
                yield key, value, "301"
            else:
                yield from _list_pairs(value)
        return
    if not isinstance(data, list):
        raise _UnreadableError("holds neither a table old -> new nor a list of redirects")
    for item in data:
        source = item.get("source", item.get("from")) if isinstance(item, dict) else None
        target = item.get("destination", item.get("to", item.get("target"))) if isinstance(item, dict) else None
        if not isinstance(source, str) or not isinstance(target, str):
            raise _UnreadableError(f"has a redirect without source and destination: {str(item)[:60]}")
        yield source, target, str(item.get("status", item.get("statusCode", 301)))


def _read_text(text: str, place: str) -> Iterator[_Rule]:
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split() if line.lstrip().startswith("#") else re.sub(r"\s#.*", "", line).split()
        if not words:
            continue
        if len(words) < 2:
            raise _UnreadableError("has a line without a target; a line is: /old /new 301", number)
        target = next((at for at, word in enumerate(words[1:], 1) if _TARGET.match(word)), 1)
        rest = words[target + 1 :]
        source = words[0] if target == 1 and all(re.fullmatch(r"\d{3}!?", word) for word in rest) else f"{words[0]}?"
        yield _Rule(source, words[target], place, number, rest[0] if rest and rest[0][:3].isdigit() else "301")


def _read_csv(text: str, place: str) -> Iterator[_Rule]:
    import csv
    import io

    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells) or (reader.line_num == 1 and not cells[0].startswith("/")):
                continue
            if len(cells) < 2 or not cells[1]:
                raise _UnreadableError("has a row without a target; a row is: /old,/new", reader.line_num)
            yield _Rule(cells[0], cells[1], place, reader.line_num, cells[2] if len(cells) > 2 and cells[2] else "301")
    except csv.Error as error:
        raise _UnreadableError(f"is not CSV: {error}", reader.line_num) from None
