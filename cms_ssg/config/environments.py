"""Environments of one site.toml that would publish over each other."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

from cms_ssg.config.settings import Settings
from cms_ssg.config.tables import FILE, merge_tables, parse_site_toml, read_site_toml
from cms_ssg.config.target_settings import Target
from cms_ssg.config.toml_lines import find_line, list_key_lines
from cms_ssg.types import Problem


def list_shared_targets(root: Path, settings: Settings, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Say of each other environment that has the target of the settings: only the one that is built first may publish there."""
    if "CMS_TARGET" in environ:  # then every environment may be told another
        return
    text = read_site_toml(root)
    data = parse_site_toml(text)
    envs = data.pop("env", {})
    for name in ("", *envs):
        merged = merge_tables(data, envs[name] if name else {})
        target = merged.get("target", {})
        url = target if isinstance(target, str) else target.get("url", Target().url)
        theirs, ours = _normalize(url), _normalize(settings.target.url)
        if name == settings.env:
            continue
        line = find_line(list_key_lines(text), ("env", name or settings.env))
        both = [f"[env.{one}]" if one else "the site without an environment" for one in sorted((name, settings.env))]
        if f"{theirs}/".startswith(f"{ours}/") != f"{ours}/".startswith(f"{theirs}/"):
            said = (
                f"one target of {both[0]} and {both[1]} is inside the other: {min(theirs, ours, key=len)} and {max(theirs, ours, key=len)}"
            )
            hint = "Visitors of the outer one can find the pages of the inner one: use separate folders, side by side."
            yield Problem("settings.shared-target", FILE, line, said, hint, "warning")
        elif theirs == ours:
            yield Problem("settings.shared-target", FILE, line, f"{both[0]} and {both[1]} have the same target, {settings.target.url}",
                          "A target belongs to the one that is built first, the other is refused: give it a target of its own.", "warning")  # fmt: skip


def _normalize(url: str) -> str:
    scheme, _, rest = url.partition(":")
    return f"{scheme}:{posixpath.normpath(rest)}"
