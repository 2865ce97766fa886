"""Writes a new content file where its collection looks for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cms_ssg.authoring.change import Edit, describe
from cms_ssg.authoring.find import Content, list_content, read_bytes
from cms_ssg.authoring.patch import Value, nest, way_to
from cms_ssg.authoring.patch_yaml import patch_yaml
from cms_ssg.authoring.write import write_file
from cms_ssg.config.settings import Collection
from cms_ssg.content.collections.rules import find_collection
from cms_ssg.content.frontmatter.dates import load_zone
from cms_ssg.content.frontmatter.parse import parse_front_matter
from cms_ssg.errors import UsageError
from cms_ssg.site import Site
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Problem

_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is to be written. type: a content type or a collection; slug: by default made of the title; locale: by default the site's first."""

    type: str
    title: str
    slug: str = ""
    section: str = ""
    locale: str = ""
    draft: bool = True


def new_entry(site: Site, entry: NewEntry, now: datetime | None = None) -> Edit:
    """Write a content file and return where. now: by default the time it is.

    Raises UsageError authoring.no-type, authoring.no-locale, authoring.no-slug; CmsError authoring.exists, authoring.unwritable.
    """
    rule = _find_rule(site, entry.type)
    code = entry.locale.lower() or site.default_locale
    if code not in site.locales:
        raise UsageError(
            Problem("authoring.no-locale", "", 0, f'the site has no locale "{entry.locale}"', f"Locales: {', '.join(site.locales)}")
        )
    name = make_slug(entry.slug or entry.title)
    if not name:
        raise UsageError(Problem("authoring.no-slug", "", 0, "no name can be made of the title", "Give one: --slug NAME"))
    moment = (now or datetime.now(UTC)).astimezone(load_zone(site.settings.timezone)).replace(microsecond=0)
    file = _choose_file(site, rule, entry, name, code, moment)
    fields = _make_fields(site, rule, entry, code, moment)
    write_file(site.root / file, _write_head(fields, _find_dialect(site, rule)).encode(), file, new=True)
    return describe(Content(site, file), "a new draft" if entry.draft else "new, public from the next build on")


def _find_rule(site: Site, type_name: str) -> Collection:
    """The first collection for a type, or the one of that name."""
    for rule in site.settings.collection:
        if type_name == rule.type or type_name in rule.types.values():
            return rule
    for rule in site.settings.collection:
        if type_name == rule.name:
            return rule
    import difflib

    known = list(dict.fromkeys(name for rule in site.settings.collection for name in (rule.type, *rule.types.values())))
    near = difflib.get_close_matches(type_name, known, 1)
    hint = f'Did you mean "{near[0]}"?' if near else f"Types: {', '.join(known)}"
    raise UsageError(Problem("authoring.no-type", "", 0, f'no collection holds the type "{type_name}"', hint))


def _choose_file(site: Site, rule: Collection, entry: NewEntry, name: str, code: str, moment: datetime) -> str:
    """The first of the usual places that the collection's own rules read as meant."""
    tried: list[str] = []
    for file in list_places(site, rule, name, entry.section, code, moment):
        tried.append(file)
        if find_collection(file, site.settings.collection) is rule:
            return file
    hint = f"Tried {', '.join(tried[:4])}; see path, glob and exclude of [[collection]] {rule.name}."
    raise UsageError(Problem("authoring.no-place", "", 0, f"the collection {rule.name} takes no new file of type {entry.type}", hint))


def list_places(site: Site, rule: Collection, name: str, section: str, code: str, moment: datetime) -> Iterator[str]:
    """Where a new file of a collection may lie, the most usual place first."""
    base = rule.path.strip("/")
    base = f"{base}/" if base not in ("", ".") else ""
    if rule.locale == "folder":
        base += f"{code}/"
    if rule.section == "folder" and section:
        base += f"{make_slug(section)}/"
    if rule.date == "path":
        base += f"{moment:%Y/%m/%d}/"
    stem = f"{moment:%Y-%m-%d}-{name}" if rule.date == "filename" else name
    ending = f".{code}" if rule.locale == "suffix" and code != site.default_locale else ""
    for suffix in (".md", ".mdx", ".markdown"):
        yield f"{base}{stem}{ending}{suffix}"
        yield f"{base}{stem}/index{ending}{suffix}"


def _make_fields(site: Site, rule: Collection, entry: NewEntry, code: str, moment: datetime) -> dict[str, Value]:
    schema = site.schemas.get(entry.type) or site.schemas.get(rule.type)
    fields: dict[str, Value] = {rule.fields.get("title", "title"): entry.title}
    if (rule.date == "" or ":" in rule.date) and schema is not None and any(name.lstrip("-") == "date" for name in schema.sort):
        fields[rule.fields.get("date", "date")] = moment
    if rule.locale.startswith("field:") and code != site.default_locale:
        fields[rule.locale[6:]] = code
    if entry.section and rule.section != "folder":
        fields[rule.fields.get("section", "section")] = entry.section
    if entry.draft:
        fields[rule.fields.get("draft", "draft")] = True
    return fields


def _find_dialect(site: Site, rule: Collection) -> str:
    """The dialect that most of the collection's first files are written in."""
    files = [file for file in list_content(site) if find_collection(file, site.settings.collection) is rule][:_SAMPLES]
    dialects: list[str] = [
        parse_front_matter(read_bytes(site.root / file, file), file).dialect for file in files if (site.root / file).is_file()
    ]
    return max(("yaml", "toml", "json"), key=dialects.count)


def _write_head(fields: dict[str, Value], dialect: str) -> str:
    if dialect == "toml":
        import tomlkit

        return f"+++\n{tomlkit.dumps(nest(fields))}+++\n\n"
    if dialect == "json":
        return json.dumps(nest(fields), ensure_ascii=False, indent=2, default=lambda value: value.isoformat()) + "\n\n"
    return f"---\n{patch_yaml('', {way_to({}, key): value for key, value in fields.items()})}---\n\n"
