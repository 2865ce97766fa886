"""A small site for what is broken, hostile or merely odd to be put into, and what is said of it."""

from __future__ import annotations

from cms_ssg.diagnostics.check import check
from cms_ssg.types import Problem
from tests.engine.siteonpage import Built, SiteOnPage, database

CONTENT = """\
-- content/posts/a.md --
---
title: First
date: 2025-01-01
tags: [red]
---
A [page](/about/), a [second](b.md).
-- content/posts/b.md --
---
title: Second
date: 2025-01-02
---
B
-- content/pages/about.md --
---
title: About
---
All about it.
"""

SITE = f"""\
-- site.toml --
title = "Odd"
base_url = "https://odd.example"
{CONTENT}-- data/social.yaml --
- {{name: Feed, url: /feed.xml}}
"""


def say(problem: Problem) -> str:
    """A problem's place, line and code."""
    return f"{problem.place}:{problem.line} {problem.code}"


def errors(built: Built) -> list[str]:
    return [say(problem) for problem in built.result.problems if problem.severity == "error"]


def check_site(site: SiteOnPage) -> list[Problem]:
    """What `cms check` says."""
    with database(site.url):
        return check(site.root)
