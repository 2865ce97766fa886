"""What the tests of previews share: a site with a theme of its own, and a look at all that a preview must leave alone."""

from __future__ import annotations

import re
import subprocess
from typing import Any

from cms_ssg.preview.make import PreviewOptions, PreviewResult, make_preview
from tests.engine.odd_site import CONTENT
from tests.engine.siteonpage import SiteOnPage, database

SETTINGS_AND_THEME = """\
-- site.toml --
title = "Valley"
base_url = "https://valley.example"
theme = "mine"
-- themes/mine/theme.toml --
extends = "base"
-- themes/mine/assets/own.css --
body { background: url(dot.svg) }
-- themes/mine/assets/dot.svg --
<svg xmlns="http://www.w3.org/2000/svg"/>
-- themes/mine/templates/post.html --
<!doctype html><html><head><title>{{ page.title }}</title><link rel="canonical" href="{{ page.canonical }}">
<link rel="stylesheet" href="{{ asset('own.css') }}"></head><body><a href="/">{{ site.title }}</a>{{ entry.content }}</body></html>
"""
SITE = SETTINGS_AND_THEME + CONTENT

DRAFT = "---\ntitle: Flood\ndate: 2025-02-01\ndraft: true\ntags: [water]\n---\nSee [one](a.md) and [about](../pages/about.md).\n"


def show(site: SiteOnPage, *files: str, **options: Any) -> PreviewResult:
    """Make a preview of files, or of what the options say."""
    with database(site.url):
        return make_preview(site.root, PreviewOptions(tuple(str(site.root / file) for file in files), **options))


def paths(result: PreviewResult) -> list[str]:
    return [page.path for page in result.pages]


def read_all(site: SiteOnPage) -> dict[str, list[Any]]:
    """Every row of every table but the previews' own."""
    tables = site.query(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'cms' AND c.relkind = 'r' AND c.relname <> 'previews'"
    )
    return {name: sorted(row[0] for row in site.query(f"SELECT t::text FROM {name} t")) for (name,) in tables}


def links(page: bytes) -> list[str]:
    """Where a page leads and what it loads."""
    return re.findall(r'(?:href|src)="([^"]*)"', page.decode())


def git(site: SiteOnPage, *arguments: str) -> str:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(command, cwd=site.root, check=True, capture_output=True, text=True).stdout


def commit(site: SiteOnPage, branch: str = "") -> None:
    """Commit all files, to a new branch if one is named."""
    if branch:
        git(site, "checkout", "-q", "-b", branch)
    git(site, "add", "-A")
    git(site, "commit", "-qm", "x")


def start_repository(site: SiteOnPage) -> None:
    """Make the site a repository, known to the store as it is committed."""
    git(site, "init", "-q", "-b", "main")
    site.write_file(".gitignore", "build\n.cms\n")
    commit(site)
    site.build(now=None)


def expire(site: SiteOnPage) -> None:
    site.query("UPDATE cms.previews SET expires_at = clock_timestamp() - interval '1 s'")
