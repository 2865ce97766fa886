"""Gives content another file, slug or section, and sends visitors of its old address on."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from cms_ssg.authoring.change import Edit, describe, key_of
from cms_ssg.authoring.find import Content, find_content, list_content, read_bytes, read_fields
from cms_ssg.authoring.links import find_broken_links
from cms_ssg.authoring.patch import Value, patch_front_matter
from cms_ssg.authoring.write import move_file, refuse_symlink, write_file
from cms_ssg.content.collections.rules import INDEX_NAMES, find_collection
from cms_ssg.content.frontmatter.parse import look_up, parse_front_matter
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.site import Site
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Problem


def move(site: Site, what: str, *, to: str = "", slug: str = "", section: str = "", alias: bool = True) -> Edit:
    """Move content.

    to: a new file or folder, relative to the site's folder; slug, section: new values. A slug that stands in the
    front matter is changed there, else the file is renamed, unless it has translations, which share its name.
    alias: adds the old path to ``aliases``. Links that named the file are told, not changed. Raises UsageError, CmsError authoring.exists and as publish does.
    """
    if not (to or slug or section):
        raise UsageError(Problem("authoring.no-target", "", 0, "it is not said where to", "Give a file, --slug or --section."))
    content = find_content(site, what)
    old_path, target = content.path, content.file
    changes: dict[str, Value] = {}
    if section and content.rule.section == "folder":
        target = _in_section(content, section)
    elif section:
        changes[key_of(content, "section", read_fields(content))] = section
    if slug:
        target = _set_slug(content, target, slug, changes)
    if to:
        target = _read_target(content, to)
    if target != content.file and find_collection(target, site.settings.collection) is None:
        folders = ", ".join(rule.path for rule in site.settings.collection)
        raise UsageError(Problem("authoring.no-content", target, 0, "would belong to no collection", f"Content lies in {folders}."))
    return _apply(content, target, changes, old_path if alias else "")


def _apply(content: Content, target: str, changes: dict[str, Value], old_path: str) -> Edit:
    """Write the changed file, rename it, then add the alias if the address has really changed."""
    site = content.site
    data = read_bytes(content.place, content.file)
    patched = patch_front_matter(data, changes, content.file)
    source, goal = _list_renames(content, target)
    if source != goal:
        refuse_symlink(site.root / source, source)
        refuse_symlink(site.root / goal, goal)
    if source != goal and (site.root / goal).exists():
        raise CmsError(Problem("authoring.exists", goal, 0, "is there already", "Choose another name."))
    if patched != data:
        write_file(content.place, patched, content.file)
    if source != goal:
        move_file(site.root / source, site.root / goal, goal)
    moved = Content(site, target)
    if old_path and moved.path != old_path:
        fields = parse_front_matter(patched, target, site.rules.front_matter_bytes).fields
        key = key_of(moved, "aliases", fields)
        given = look_up(fields, key)
        aliases = [str(item) for item in given] if isinstance(given, list) else [str(given)] if given else []
        kept = [item for item in aliases if item != moved.path]
        if old_path not in kept:
            kept.append(old_path)
        write_file(moved.place, patch_front_matter(patched, {key: kept}, target), target)
        edit = describe(Content(site, target), f"{old_path} now leads to {moved.path}" if moved.path else "moved")
    else:
        edit = describe(moved, "moved" if target != content.file else "changed" if patched != data else "there already")
    if target == content.file:
        return edit
    return replace(edit, problems=(*edit.problems, *find_broken_links(site, content.file, target)))


def _list_renames(content: Content, target: str) -> tuple[str, str]:
    """What to rename: the file, or its whole folder where the other files of that folder belong to it."""
    source = content.file
    if source == target:
        return source, target
    if content.draft.bundle and Path(target).stem == Path(source).stem:
        return content.draft.bundle, target.rpartition("/")[0]
    return source, target


def _in_section(content: Content, section: str) -> str:
    """The file's place in another section's folder."""
    inner = content.site.rules.read_place(content.rule, content.file)
    parts = content.file.split("/")
    folder = make_slug(section)
    base = len(Path(content.rule.path.strip("/")).parts) + (1 if content.rule.locale == "folder" else 0)
    if inner.folder and inner.folder == parts[base]:
        parts[base] = folder
    else:
        parts.insert(base, folder)
    return "/".join(parts)


def _set_slug(content: Content, target: str, slug: str, changes: dict[str, Value]) -> str:
    """Notes the change of a slug, or returns the file's new name."""
    name = make_slug(slug)
    if not name:
        raise UsageError(Problem("authoring.no-slug", "", 0, f"no name can be made of {slug!r}", "Use letters or digits."))
    fields = read_fields(content)
    path_key, slug_key = key_of(content, "path", fields), key_of(content, "slug", fields)
    path = look_up(fields, path_key)
    if isinstance(path, str) and (path.startswith("/") or "{path}" in _pattern_of(content)):
        head, slash, _ = path.rstrip("/").rpartition("/")
        changes[path_key] = f"{head}{slash}{name}{'/' if path.endswith('/') else ''}"
    elif look_up(fields, slug_key) is not None or _has_translations(content):
        changes[slug_key] = name
    else:
        return _rename(target, name)
    return target


def _pattern_of(content: Content) -> str:
    schema = content.site.schemas.get(content.draft.type)
    return content.rule.url or (schema.url if schema is not None else "")


def _has_translations(content: Content) -> bool:
    """Whether other files share this one's name in another locale."""
    rules = content.site.rules
    if content.rule.locale not in ("folder", "suffix"):
        return False
    key = rules.read_place(content.rule, content.file).key
    return any(
        file != content.file and rules.read_place(content.rule, file).key == key
        for file in list_content(content.site)
        if find_collection(file, content.site.settings.collection) is content.rule
    )


def _rename(target: str, name: str) -> str:
    """The file's path with its last name changed; a date before it and a locale after it stay."""
    folder, _, last = target.rpartition("/")
    stem, dot, suffix = last.partition(".")
    if stem in INDEX_NAMES and folder:
        above, _, own = folder.rpartition("/")
        return f"{above}/{_keep_date(own, name)}/{last}"
    return f"{folder}/{_keep_date(stem, name)}{dot}{suffix}".lstrip("/")


def _keep_date(old: str, name: str) -> str:
    dated = re.match(r"\d{4}-\d{1,2}-\d{1,2}[-_ .]", old)
    return f"{dated[0]}{name}" if dated else name


def _read_target(content: Content, to: str) -> str:
    """A file's new path from what was given: a file, or a folder to put it in. Raises UsageError."""
    site = content.site
    if "\0" in to or "\\" in to:
        raise UsageError(Problem("authoring.no-target", "", 0, f"{to!r} is not a path", "Give a path relative to the site's folder."))
    place = Path(to) if Path(to).is_absolute() else site.root / to
    try:
        inner = Path(re.sub(r"/+", "/", place.as_posix())).relative_to(site.root)
    except ValueError:
        raise UsageError(
            Problem("authoring.no-target", "", 0, f"{to} lies outside the site", "Give a path relative to its folder.")
        ) from None
    if ".." in inner.parts:
        raise UsageError(Problem("authoring.no-target", "", 0, f"{to} lies outside the site", "Give a path without .."))
    is_folder = to.endswith("/") or place.is_dir() or not inner.suffix
    if not is_folder:
        return inner.as_posix()
    own = Path(content.file)
    if own.stem.partition(".")[0] in INDEX_NAMES and content.draft.bundle:
        return (inner / own.parent.name / own.name).as_posix()
    return (inner / own.name).as_posix()
