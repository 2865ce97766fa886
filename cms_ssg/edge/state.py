"""Gather from the store what a web server cannot read off the published files: where old paths lead, and what was taken away on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString, NamedTuple
from urllib.parse import unquote, urlsplit

from psycopg import Connection

from cms_ssg.config.target_settings import Target
from cms_ssg.kinds.reference import resolve
from cms_ssg.kinds.vertical import OpenSite, Split
from cms_ssg.paths import canonical_path, encode_path
from cms_ssg.render.body import is_inner
from cms_ssg.render.list_rules import described_paths
from cms_ssg.render.reference_names import link_names
from cms_ssg.site import Site
from cms_ssg.store.arrays import text_array

REDIRECTS: Final[LiteralString] = """
SELECT c.name, c.locale, c.spec ->> 'target', k.path, CASE WHEN c.owner_kind = 'e' AND k.path IS NULL THEN c.owner END
FROM cms.claims c LEFT JOIN cms.cards k ON c.owner_kind = 'e' AND k.entry = c.owner
WHERE c.site = %(site)s AND c.wins AND c.spec ->> 'kind' = ANY(%(redirects)s) ORDER BY c.name"""

DESCRIPTIONS: Final[LiteralString] = "SELECT entry, card FROM cms.cards WHERE entry = ANY(%s)"

HOLDERS: Final[LiteralString] = """
SELECT n, CASE WHEN n LIKE '/%%' AND (c.owner_kind <> 'e' OR c.spec ->> 'kind' <> ALL(%(redirects)s)) THEN n
  WHEN c.owner_kind = 'f' THEN c.spec ->> 'path' ELSE k.path END, coalesce(c.spec ->> 'kind' = ANY(%(redirects)s), false)
FROM unnest(%(names)s::text[]) n JOIN cms.claims c ON c.site = %(site)s AND c.name = n COLLATE "C" AND c.wins
LEFT JOIN cms.cards k ON c.owner_kind = 'e' AND k.entry = c.owner"""

GONE: Final[LiteralString] = """
SELECT k.path, e.locale, e.fields -> 'aliases' FROM cms.entries e JOIN cms.cards k ON k.entry = e.id
WHERE e.site = %(site)s AND NOT k.live AND k.path IS NOT NULL AND (
  (e.status = 'trashed' AND e.removed_at IS NULL)
  OR (e.status = 'published' AND e.removed_at IS NULL AND e.fields ->> 'archived' = 'true')
  OR (e.status <> 'draft' AND e.removed_at IS NOT NULL AND (e.publish_at IS NULL OR e.publish_at < e.removed_at))
  OR (e.status = 'published' AND e.removed_at IS NULL AND e.expire_at <= %(now)s AND (e.publish_at IS NULL OR e.publish_at < e.expire_at)))"""

CLAIMED: Final[LiteralString] = """
SELECT n FROM unnest(%s::text[]) n WHERE EXISTS (SELECT FROM cms.claims c WHERE c.site = %s AND c.name = n COLLATE "C" AND c.wins)"""


@dataclass(frozen=True, slots=True)
class Edge:
    """What a server needs to know. All paths are those of the site, as claimed: without base_url's, decoded.

    name: of the site in the store; origin: ``https://example.org``; base: "" or ``/blog``; redirects: path -> the path, encoded and with
    its base, or URL it leads to; gone: paths that answer 410; not_found: start of paths -> the 404 page for those, the longest first;
    twins: redirects and gone paths that differ from another path in the case of letters alone; plain_files: files whose name has no
    extension, so that it looks like a page's; splits: pages that are answered in several ways;
    ssi: the server puts fragments into pages; attaches: there may be files that are to be saved and not shown.
    """

    name: str
    origin: str
    base: str
    redirects: Mapping[str, str]
    gone: tuple[str, ...]
    not_found: tuple[tuple[str, str], ...]
    twins: frozenset[str]
    plain_files: tuple[str, ...]
    target: Target
    policy: str = ""
    splits: tuple[Split, ...] = ()
    ssi: bool = False
    attaches: bool = False

    @property
    def host(self) -> str:
        """The name of base_url's host, without a port."""
        return urlsplit(self.origin).hostname or ""

    @property
    def secure(self) -> bool:
        return self.origin.startswith("https:")

    def list_headers(self) -> list[tuple[str, str]]:
        """The headers that go with everything, whatever it is; the policy goes with pages alone."""
        found = [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", self.target.headers.referrer)]
        return [
            (name, value)
            for name, value in [*found, ("Strict-Transport-Security", self.target.headers.hsts if self.secure else "")]
            if value
        ]

    @property
    def policy_header(self) -> str:
        return "Content-Security-Policy" + ("-Report-Only" if self.target.headers.csp == "report" else "")


class _Redirect(NamedTuple):
    source: str
    locale: str
    target: str | None
    entry_path: str | None
    pathless: int | None = None
    """An entry that has no page of its own."""


def load_edge(connection: Connection, site: Site, site_id: int, now: datetime, paths: Sequence[str]) -> Edge:
    """The state as a server must know it. now: the clock of the last build; paths: of everything that is published."""
    kinds = site.features.with_role("redirect")
    rows = [_Redirect(*row) for row in connection.execute(REDIRECTS, {"site": site_id, "redirects": kinds})]
    redirects = _resolve(connection, site, site_id, _find_described(connection, site, site_id, rows))
    gone = _list_gone(connection, site, site_id, now)
    plain_files = tuple(path for path in paths if not path.endswith("/") and canonical_path(path) != path)
    return Edge(
        site.settings.store_name, site.origin, unquote(site.base_path), redirects, gone, _list_not_found(site),
        _find_twins({*redirects, *gone}, paths), plain_files, site.settings.target, splits=_list_splits(connection, site, site_id),
        ssi=any(getattr(settings, "include", "") == "ssi" for settings in site.settings.vertical.values()),
        attaches=bool(site.settings.api.upload_types),
    )  # fmt: skip


def _list_splits(connection: Connection, site: Site, site_id: int) -> tuple[Split, ...]:
    """What verticals have under test, by path; of two about one page the first counts."""
    opened = OpenSite(site, connection, site_id)
    found = [split for vertical in site.features.verticals if vertical.splits for split in resolve(vertical.splits)(opened)]
    return tuple({split.path: split for split in sorted(found, reverse=True)}.values())[::-1]


def _find_described(connection: Connection, site: Site, site_id: int, rows: list[_Redirect]) -> list[_Redirect]:
    """With the pages of terms and authors: those of the lists they describe."""
    asked = [row.pathless for row in rows if row.pathless is not None and not row.target]
    if not asked:
        return rows
    paths = {entry: described_paths(site, card) for entry, card in connection.execute(DESCRIPTIONS, (asked,))}
    there = {row[0] for row in connection.execute(CLAIMED, (text_array(sorted({p for found in paths.values() for p in found})), site_id))}
    first = {entry: next((path for path in found if path in there), None) for entry, found in paths.items()}
    return [row if row.pathless is None else row._replace(entry_path=first.get(row.pathless)) for row in rows]


def _resolve(connection: Connection, site: Site, site_id: int, rows: list[_Redirect]) -> dict[str, str]:
    """Where each redirect leads, as its page would say it: a target that names a page of the site leads straight to it."""
    names = {
        row: link_names(site, row.locale or site.default_locale, "", row.source, row.target)
        for row in rows
        if row.target and is_inner(row.target)
    }
    wanted = text_array(sorted({name for found in names.values() for name in found}))
    values = {"names": wanted, "site": site_id, "redirects": site.features.with_role("redirect")}
    holders = {name: (path, is_redirect) for name, path, is_redirect in connection.execute(HOLDERS, values)}
    redirects = {}
    for row in rows:
        target = row.target
        if target is None:
            target = site.base_path + encode_path(row.entry_path or "/")
        elif row in names:
            held = [holders[name] for name in names[row] if name in holders and holders[name][0]]
            path = next((path for path, is_redirect in held if not is_redirect), held[0][0] if held else "")
            parts = urlsplit(target)
            rest = (f"?{parts.query}" if parts.query else "") + (f"#{parts.fragment}" if parts.fragment else "")
            target = site.base_path + encode_path(path + rest if path else target if target.startswith("/") else "/")
        if target != site.base_path + encode_path(row.source):
            redirects[row.source] = target
    return redirects


def _list_gone(connection: Connection, site: Site, site_id: int, now: datetime) -> tuple[str, ...]:
    """Paths and aliases of what was trashed, deleted or has expired, after it was public, and that nobody has now."""
    paths: set[str] = set()
    for path, locale, aliases in connection.execute(GONE, {"site": site_id, "now": now}):
        paths.add(path)
        if locale == site.default_locale:
            paths.update(site.path_in(path, locale, other) for other in site.fallback_locales)
        for alias in aliases or ():
            try:
                paths.add(canonical_path("/" + str(alias).lstrip("/")))
            except ValueError:
                continue
    taken = {row[0] for row in connection.execute(CLAIMED, (text_array(sorted(paths)), site_id))}
    return tuple(sorted(paths - taken))


def _list_not_found(site: Site) -> tuple[tuple[str, str], ...]:
    found = {f"{site.prefix(locale)}/": f"{site.prefix(locale)}/404.html" for locale in site.locales} | {"/": "/404.html"}
    return tuple(sorted(found.items(), key=lambda item: (-len(item[0]), item[0])))


def _find_twins(mine: set[str], paths: Iterable[str]) -> frozenset[str]:
    """Paths of mine that are another's, or one of mine's, in other letters: servers that ignore the case must not confuse them."""
    spellings: dict[str, list[str]] = {}
    for path in mine:
        spellings.setdefault(fold(path), []).append(path)
    found = {path for same in spellings.values() if len(same) > 1 for path in same}
    for path in paths:
        if path not in mine:
            found.update(spellings.get(fold(path), ()))
    return frozenset(found)


def fold(path: str) -> str:
    """A path in lower case as nginx has it: A-Z only. With its last slash, since without it it is redirected too."""
    return path.rstrip("/").encode().lower().decode() + "/"
