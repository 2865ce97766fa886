"""The claims that could answer a reference, a link or a menu's path. Builds that render nothing look at menus too, so this imports no templates."""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from cms_ssg.content.schema.content_types import FIELD
from cms_ssg.paths import canonical_path, file_path
from cms_ssg.render.list_rules import described_paths
from cms_ssg.text.slugs import normal_form

if TYPE_CHECKING:
    from cms_ssg.site import Site

LINK_SUFFIXES = (".md", ".mdx", ".markdown")


def reference_names(site: Site, locale: str, name: str) -> tuple[str, ...]:
    """The claims that could answer a reference: a content file, else ``type:slug`` in this locale or the default one, or an id."""
    if "/" in name.partition(":")[0] or name.endswith(".md"):
        return _file_names(name)
    return tuple(dict.fromkeys((f"{locale}/{name}", f"{site.default_locale}/{name}", f"id:{name}")))


def menu_names(site: Site, locale: str, url: str) -> tuple[str, ...]:
    """The claims that could answer a menu's path, likeliest first: in this locale, as written, in the default one. None where there is no choice."""
    names = site.localized(url, locale)
    try:
        return tuple(canonical_path(name) for name in dict.fromkeys((*names[:1], url, *names[1:]))) if names else ()
    except ValueError:
        return ()


def link_names(site: Site, locale: str, file: str, page_path: str, target: str) -> tuple[str, ...]:
    """The claims that could answer a link, likeliest first: a reference, a content file, a file beside it, a path.

    A path without a locale's prefix is also looked for in the page's locale, then in the default one.

    file: source key of the entry that holds the link; target: as written (``ref:post:flood``,
    ``../about.md``, ``@/posts/a.md``, ``chart.png``, ``/about/``).
    """
    try:
        parts = urlsplit(target)
    except ValueError:
        return ()
    path = unquote(parts.path)
    if "\0" in path:
        return ()
    if parts.scheme == "ref":
        slug = normal_form(path)
        names = [f"{locale}/{slug}", f"{site.default_locale}/{slug}", f"id:{path}", *_term_pages(site, locale, slug)]
        return tuple(dict.fromkeys(names))
    if parts.scheme or parts.netloc or not path:
        return ()
    names = []
    others: tuple[str, ...] = ()
    root = file.partition("/")[0]
    if path.startswith("@/"):
        return _file_names(f"{root}/{path[2:]}")
    if not path.startswith("/"):
        names += _file_names(posixpath.join(posixpath.dirname(file), path))
        slash = "/" if path.endswith("/") else ""
        path = posixpath.normpath(posixpath.join(page_path if page_path.endswith("/") else posixpath.dirname(page_path), path)) + slash
    else:
        if path.endswith(LINK_SUFFIXES):
            names += _file_names(root + path)
        others = site.localized(path, locale)
    for candidate in (path, *others):
        try:
            names.append(canonical_path(candidate))
            exact = file_path(candidate)  # a file may have no extension, or an unusual one
            if exact not in names and not exact.endswith("/"):
                names.append(exact)
        except ValueError:
            continue
    return tuple(names)


def _file_names(file: str) -> tuple[str, ...]:
    """The claims of a file that a link names: as written, then in each of the forms that its name may have on disk."""
    file = posixpath.normpath(file)
    if file.isascii():
        return (f"file:{file}",)
    return tuple(dict.fromkeys(f"file:{name}" for name in (file, *(unicodedata.normalize(form, file) for form in ("NFC", "NFD")))))


def _term_pages(site: Site, locale: str, name: str) -> Iterator[str]:
    """The pages of the term or author that a reference names, which has one without a file of its own too."""
    kind, _, rest = name.partition(":")
    schema = site.schemas.get(kind)
    if schema is None or not schema.heads or not rest.rpartition("/")[2]:
        return
    taxonomy, _, slug = rest.rpartition("/")
    field = schema.heads.removeprefix(FIELD)
    for code in (locale, site.default_locale):
        if paths := described_paths(site, {"type": kind, "locale": code, "slug": slug, field: taxonomy}):
            yield canonical_path(paths[0])
