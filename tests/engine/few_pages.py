"""A site of some twenty objects, of every kind, for tests that make it often or where each object takes its time, as in a bucket."""

from __future__ import annotations

from tests.engine.sample import THEME
from tests.engine.siteonpage import parse_files

SETTINGS = """-- site.toml --
name = "few"
title = "Few"
base_url = "https://alpha.example/base"
theme = "plain"
page_size = 2
feeds = ["atom"]
menus.main = [{ title = "Home", url = "/" }]
redirects."/moved/" = "/about/"
params.motto = "one"

[taxonomies]
tag = false
author = false
section = { field = "section", url = "/{slug}/", feeds = [] }

[[collection]]
name = "posts"
path = "content/posts"
type = "post"
url = "/{year}/{slug}/"

[[collection]]
name = "pages"
path = "content/pages"
type = "page"
"""

CONTENT = """-- static/logo.svg --
<svg/>
-- content/pages/about.md --
---
title: About
---
See [a](../posts/a.md), [b](../posts/b.md) and ![logo](/logo.svg).
-- content/posts/a.md --
---
title: A
date: 2026-01-01
section: news
---
Text of a.
-- content/posts/b.md --
---
title: B
date: 2026-01-02
section: news
aliases: [/old-b/]
---
Text of b with [a link](a.md).
-- content/posts/c.md --
---
title: C
date: 2026-01-03
---
Text of c.
"""

PLAIN = "".join(f"-- {path} --\n{text}" for path, text in parse_files(THEME).items() if not path.startswith("themes/child/"))
SITE = SETTINGS + PLAIN + CONTENT
