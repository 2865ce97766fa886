"""``cms why``: for a file, a URL or an output path, which change reached it, by which read, and when."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cms_ssg.content.dates import say_moment
from cms_ssg.errors import fail
from cms_ssg.paths import canonical_path, file_path
from cms_ssg.plan.explain import Explanation, explain_paths, list_claims, list_paths_of_file
from cms_ssg.site import Site, open_site
from cms_ssg.store.connect import connect, database_url
from cms_ssg.store.migrate import migrate
from cms_ssg.store.sites import ensure_site


@dataclass(frozen=True, slots=True)
class WhyResult:
    """What is known of the outputs a person asked about. text: the same, to read."""

    asked: str
    outputs: list[Explanation]
    text: str


def why(root: Path, asked: str, env: str = "") -> WhyResult:
    """Explain a page. Raises CmsError why.unknown where no output has that path and no file that name."""
    site = open_site(root, os.environ, env)
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        migrate(connection)
        row = ensure_site(connection, site.settings.store_name)
        paths = list_paths_of_file(connection, row.id, _relative(site, asked)) or _paths(site, asked)
        found = explain_paths(connection, row.id, paths)
        claims = list_claims(connection, row.id, paths)
    if not found:
        if claims:
            raise fail(
                "why.not-built", f"{paths[0]} has not been built yet", hint="Run `cms build`, or `cms plan` to see what it would do."
            )
        raise fail(
            "why.unknown", f"no page and no content file is called {asked}", hint="Give a content file, a URL or a path such as /about/."
        )
    lost = [f"  also wanted by {key}" for name, _, _, key, wins in claims if not wins]
    return WhyResult(asked, found, "\n\n".join([_describe(e, site) for e in found] + lost))


def _relative(site: Site, asked: str) -> str:
    """A file as the store calls it, from the site folder or from where the person stands."""
    path = Path(asked)
    here = path if path.is_absolute() else Path.cwd() / path
    try:
        return here.resolve().relative_to(site.root).as_posix() if here.exists() and here.resolve() != site.root else asked
    except ValueError:
        return asked


def _paths(site: Site, asked: str) -> list[str]:
    path = unquote(urlsplit(asked).path)
    scheme, _, folder = site.settings.target.url.partition(":")
    if scheme == "folder":
        path = path.removeprefix(str(site.root / folder)).removeprefix(folder + "/")
    if site.base_path and path.startswith(site.base_path + "/"):
        path = path[len(site.base_path) :]
    try:
        asked = "/" + path.lstrip("/")
        return list(dict.fromkeys((canonical_path(asked), file_path(asked))))
    except ValueError:
        return []


def _describe(e: Explanation, site: Site) -> str:
    at = f" at {say_moment(datetime.fromisoformat(e.built_at), site.zone)}" if e.built_at else ""
    lines = [f"{e.path}  ({e.kind})", f"  {'tried' if e.error else 'made'} by build {e.build}{at}, because: {e.reason}"]
    if e.error:
        lines.append(f"  failing, its last good version stays: {e.error['message']} [{e.error['code']}]")
    if e.waiting:
        lines.append(f"  will be made again: {e.waiting}")
    elif not e.error:
        lines.append("  up to date")
    lines.append("  it reads:")
    lines += [f"    {read}" for read in e.reads]
    return "\n".join(lines)
