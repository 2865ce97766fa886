"""``cms migrate markdown``: any folder of Markdown as a site, each file at the address that its path gives."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from cms_ssg.errors import fail
from cms_ssg.migrate.folder import NewSite, clean_address
from cms_ssg.migrate.mdx_text import convert_mdx
from cms_ssg.migrate.other_markup import ORG, OTHER, note_markup
from cms_ssg.migrate.pages import list_source_files, list_words, make_fields, read_page, replace_outside_code
from cms_ssg.migrate.relative_links import follow_files
from cms_ssg.migrate.source_folder import TEXTS, make_types
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json, Problem

INDEXES: Final = frozenset(("index", "_index", "readme"))
_WIKI: Final = re.compile(r"(!?)\[\[([^\]\n|#]*)(#[^\]\n|]*)?(?:\|([^\]\n]*))?\]\]")
_MDX_LINK: Final = re.compile(r"(\]\([^()\s]+)\.mdx(?=[)#])")
SYSTEMS: Final = {
    "docusaurus.config.js": "docusaurus", "docusaurus.config.ts": "docusaurus", "astro.config.mjs": "astro", "astro.config.ts": "astro", ".eleventy.js": "eleventy",
    "eleventy.config.js": "eleventy", "_config.yml": "jekyll", "hugo.toml": "hugo", "zola.toml": "zola",
}  # fmt: skip
_DAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[-_ ]?(.*)")


def migrate_markdown(root: Path, site: NewSite, progress: Callable[[int], None]) -> list[Problem]:
    """Move a folder. Raises CmsError migrate.no-source where it holds no Markdown, migrate.unwritable."""
    files = list(list_source_files(root)) if root.is_dir() else []
    texts = [file for file in files if file.lower().endswith(TEXTS)]
    for name, system in SYSTEMS.items():
        if name in files:
            site.report.note(
                name,
                0,
                "sites of a system that has a command of its own",
                f"cms migrate {system} knows its addresses",
                "moved as plain files",
            )
    if not texts:
        raise fail("migrate.no-source", "holds no Markdown", place=str(root), hint="Name the folder whose .md files are to be moved.")
    site.begin()
    names = {posixpath.splitext(posixpath.basename(file))[0].casefold(): file for file in reversed(texts)}
    addresses = {file: _find_address(file) for file in texts}
    renamed = {file: address for file, address in addresses.items() if posixpath.basename(file).casefold() == "readme.md"}
    written: dict[str, bool] = {}
    has_home = "/" in addresses.values()
    for file in texts:
        page = read_page(root, file, site.report)
        if page is None:
            continue
        given = page.fields.get("permalink") or page.fields.get("url") or page.fields.get("path")
        page.address = clean_address(given) if isinstance(given, str) else addresses[file]
        page.aliases = [clean_address(alias) for alias in list_words(page.fields.get("aliases") or []) if "/" in alias]
        stem = posixpath.splitext(posixpath.basename(file))[0]
        dated = _DAY.fullmatch(stem)
        if dated:
            page.fields.setdefault("date", dated[1])
        fields = make_fields(page, site)
        is_post = bool(fields.get("date"))
        note = partial(_note, site, file)
        body = convert_mdx(page.body, (root, file, page.line), note, mdx=file.lower().endswith(".mdx"))
        body = follow_files(body, file, renamed)
        body = replace_outside_code(body, _MDX_LINK, lambda found: f"{found[1]}.md")  # they are .md here
        body = replace_outside_code(body, _WIKI, lambda found: _make_link(found, names, addresses, file, site))  # noqa: B023
        fields = {"title": fields.pop("title", None), "path": page.address or None, **fields}
        if not fields["title"] and not re.match(r"\s*# ", page.body):
            fields["title"] = (
                dated[2]
                if dated and dated[2]
                else stem
                if stem.casefold() not in INDEXES
                else posixpath.basename(posixpath.dirname(file)) or "Home"
            ).replace("-", " ")
        target = f"content/{posixpath.splitext(file)[0]}.md"
        if stem.casefold() == "readme" and f"{posixpath.dirname(file)}/index.md".lstrip("/") not in files:
            target = posixpath.join("content", posixpath.dirname(file), "index.md")
        target = site.choose_name(target, file)
        written[target.removeprefix("content/")] = is_post
        site.write_entry(target, fields, body)
        site.made["posts" if is_post else "pages"] += 1
        progress(1)
    for file in files:
        if file not in addresses:
            note_markup(file, site.report, OTHER | ORG, "copied as they are")
            site.copy(root / file, f"content/{file}")
            site.made["files"] += 1
    types = make_types(written)
    settings: dict[str, Json] = {
        "name": make_slug(root.resolve().name)[:40]
        if make_slug(root.resolve().name).isascii() and make_slug(root.resolve().name)
        else "site",
        "title": root.resolve().name,
        "base_url": "http://localhost:8000",
        "collection": [{"name": "content", "path": "content", "type": "page", "url": "/{path}/", **({"types": types} if types else {})}],
    }
    if has_home:
        settings["home"] = {"url": "/blog/"}
    site.finish(settings)
    return []


def _find_address(file: str) -> str:
    folder, name = posixpath.split(posixpath.splitext(file)[0])
    return clean_address(f"/{folder}/" if name.casefold() in INDEXES else f"/{folder}/{name}/")


def _note(site: NewSite, file: str, kind: str, line: int, detail: str, fate: str) -> None:
    site.report.note(file, line, kind, detail, fate)


def _make_link(found: re.Match[str], names: dict[str, str], addresses: dict[str, str], file: str, site: NewSite) -> str:
    """``[[Page|text]]`` of wikis and note-taking programs as a link."""
    embed, name, fragment, label = found[1], found[2].strip(), found[3] or "", found[4]
    text = label or name or fragment.lstrip("#")
    anchor = f"#{make_slug(fragment[1:])}" if fragment else ""
    if embed and re.search(r"\.(?:png|jpe?g|gif|webp|svg|avif)$", name, re.IGNORECASE):
        return f"![{label or ''}](<{name}>)"
    target = names.get(posixpath.basename(name).casefold()) if name else file
    if target is None:
        site.report.note(file, 0, "links", found[0], "kept as text")
        return text
    return f"[{text}](<{addresses[target]}{anchor}>)"
