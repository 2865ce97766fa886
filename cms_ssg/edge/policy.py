"""Make a Content-Security-Policy of what the pages hold: the site's own files, and what stands in the pages, by its hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cms_ssg.config.target_settings import Headers
from cms_ssg.edge.inline import Inline
from cms_ssg.types import Problem

MOST_BYTES: Final = 3_500
"""Of the whole policy: nginx reads at most 4 kB as one word, and proxies refuse headers of more than 4 or 8 kB."""

MOST_STYLE_ATTRIBUTES: Final = 20
"""Different style attributes that are allowed one by one; beyond it all are, since no script can stand in one."""

DEFAULTS: Final[Mapping[str, str]] = {
    "default-src": "'self'",
    "img-src": "'self' data: https:",
    "media-src": "'self' https:",
    "script-src": "'self'",
    "style-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}

Policy = dict[str, list[str]]


def make_policy(inline: Inline, headers: Headers, *, runs_wasm: bool = False) -> tuple[str, list[Problem]]:
    """The header's value, "" where the site wants none, and what of the pages it will not let through. runs_wasm: a script of the site needs WebAssembly."""
    if headers.csp == "off":
        return "", []
    policy: Policy = {name: value.split() for name, value in {**DEFAULTS, **headers.sources}.items() if value.strip()}
    if runs_wasm and "script-src" in policy:
        policy["script-src"].append("'wasm-unsafe-eval'")
    problems = [*_list_refused_loads(inline, policy), *_list_handlers(inline)]
    hashes = {"script-src": inline.scripts, "style-src": inline.styles}
    kept: list[tuple[str, str]] = []
    for name, found in hashes.items():
        if name in policy and "'unsafe-inline'" not in policy[name]:  # which a hash would turn off
            kept += [(name, source) for source in found]
    if inline.style_attributes and "style-src" in policy and "'unsafe-inline'" not in policy["style-src"]:
        few = len(inline.style_attributes) <= MOST_STYLE_ATTRIBUTES
        policy.setdefault("style-src-attr", ["'unsafe-hashes'", *sorted(inline.style_attributes)] if few else ["'unsafe-inline'"])
    kept.sort(key=lambda item: (-hashes[item[0]][item[1]], item))
    room = MOST_BYTES - len(_write(policy))
    most = max(0, room // (len(kept[0][1]) + 1)) if kept else 0
    if left_out := kept[most:]:
        problems.append(_describe_left_out(inline, left_out))
    for name, source in sorted(kept[:most]):
        policy[name].append(source)
    return _write(policy), problems


def describe_files(inline: Inline, policy: str) -> list[Problem]:
    """A warning where pages that lie in the site as files hold what the policy refuses: it allows only what the theme makes.

    inline: what those files hold.
    """
    refused = [source for source in (*inline.scripts, *inline.styles) if source not in policy]
    if not refused or "'unsafe-inline'" in policy:
        return []
    page = min(inline.pages[source] for source in refused)
    said = f"{page} is a file of the site and holds scripts or styles of its own, which the policy refuses"
    hint = "Put them into files beside it, or allow them in [target.headers.sources]."
    return [Problem("target.file-scripts", page, 0, said, hint, "warning")]


def _write(policy: Policy) -> str:
    return "; ".join(f"{name} {' '.join(dict.fromkeys(values))}" for name, values in policy.items())


def _list_refused_loads(inline: Inline, policy: Policy) -> Iterator[Problem]:
    for (directive, origin), count in sorted(inline.loads.items()):
        sources = policy.get(directive, policy.get("default-src", ["*"]))
        scheme, _, host = origin.partition("://")
        if not {origin, host, "*", f"{scheme}:"}.intersection(sources):
            hint = f"""Allow it: [target.headers.sources] {directive} = "'self' {origin}"."""
            said = f"{_say_pages(count, inline.pages[directive, origin])} from {origin}, which the policy refuses"
            yield Problem("target.refused", "", 0, said, hint, "warning")


def _list_handlers(inline: Inline) -> Iterator[Problem]:
    for name, count in sorted(inline.handlers.items()):
        said = f"{_say_pages(count, inline.pages[name], 'has', 'have')} the attribute {name}, which the policy refuses"
        yield Problem("target.handler", "", 0, said, "Call addEventListener in a script of the theme instead.", "warning")


def _describe_left_out(inline: Inline, left_out: list[tuple[str, str]]) -> Problem:
    page = min(inline.pages[source] for _, source in left_out)
    said = f"of the scripts and styles that stand in pages, such as {page}, {len(left_out):,} do not fit into the policy, and browsers refuse them"
    return Problem(
        "target.policy-full", "", 0, said, "Put them into files of the theme or of static/, and load them from there.", "warning"
    )


def _say_pages(number: int, page: str, one: str = "loads", more: str = "load") -> str:
    return f"{page} {one}" if number == 1 else f"{number:,} pages, such as {page}, {more}"
