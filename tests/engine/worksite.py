"""A site for counting work: small enough that every output an edit may reach can be named by hand."""

from __future__ import annotations

SETTINGS = """-- site.toml --
name = "work"
title = "Work"
base_url = "https://work.example"
theme = "child"
page_size = 2
feed_size = 3
feeds = ["rss"]

[params]
motto = "one"

[home]
list = "type/post"

[taxonomies.section]
field = "section"
url = "/{slug}/"
feeds = []

[taxonomies.tag]
field = "tags"
url = "/tags/{slug}/"
index = "/tags/"
feeds = []

[taxonomies.author]
field = "authors"
url = "/authors/{slug}/"
index = ""
feeds = []

[[menus.main]]
title = "About"
url = "/about/"

[[collection]]
name = "posts"
path = "content/posts"
type = "post"
url = "/{section}/{slug}/"

[[collection]]
name = "pages"
path = "content/pages"
type = "page"

[[collection]]
name = "authors"
path = "content/authors"
type = "author"
"""

THEME = """-- themes/child/theme.toml --
extends = "plain"
-- themes/child/templates/unused.html --
-- themes/plain/theme.toml --
extends = ""
-- themes/plain/assets/site.css --
body { color: black }
-- themes/plain/i18n/en.toml --
not_found = "Not found"
-- themes/plain/templates/base.html --
<title>{{ page.title }}</title>
<link href="{{ asset("site.css") }}">
{% for line in menus.main %}{{ line.title }} {{ line.url }}{% endfor %}
{% block main %}{% endblock %}
{% include "footer.html" %}
-- themes/plain/templates/footer.html --
the end
-- themes/plain/templates/card.html --
{% macro card(item) %}
{{ item.title }} {{ item.url }} {{ item.summary }} {{ item.date|iso }}
{% endmacro %}
-- themes/plain/templates/post.html --
{% extends "base.html" %}
{% block main %}
{{ entry.title }} {{ entry.date|iso }} {{ entry.content }}
{% if entry.section %}in {{ entry.section.title }}{% endif %}
{% for tag in entry.tags %}{{ tag.title }} {{ tag.url }}{% endfor %}
{% for author in entry.authors %}by {{ author.title }} {{ author.url }}{% endfor %}
{% if entry.newer %}newer {{ entry.newer.title }}{% endif %}
{% if entry.older %}older {{ entry.older.title }}{% endif %}
{% endblock %}
-- themes/plain/templates/entry.html --
{% extends "base.html" %}
{% block main %}
{{ entry.title }} {{ entry.content }}
{% if entry.slug == "about" %}{{ site.params.motto }} {{ data("facts", "about") }}{% endif %}
{% if entry.slug == "contact" %}{{ data("facts", "contact") }} {% for item in latest("section/sport", 1) %}{{ item.title }}{% endfor %}{% endif %}
{% endblock %}
-- themes/plain/templates/list.html --
{% extends "base.html" %}
{% import "card.html" as c %}
{% block main %}
{{ list.title }} {% for item in list['items'] %}{{ c.card(item) }}{% endfor %} {{ list.older_url }} {{ list.newer_url }}
{% endblock %}
-- themes/plain/templates/home.html --
{% extends "list.html" %}
-- themes/plain/templates/terms.html --
{% extends "base.html" %}
{% block main %}{% for term in terms %}{{ term.title }} {{ term.url }}{% endfor %}{% endblock %}
-- themes/plain/templates/404.html --
{{ page.title }}
-- themes/plain/templates/redirect.html --
to {{ target }}
"""

CONTENT = """-- data/facts.yaml --
about: first
contact: second
-- static/logo.svg --
<svg/>
-- content/pages/about.md --
---
title: About
---
All about it.
-- content/pages/contact.md --
---
title: Contact
---
Write to us.
-- content/authors/ada.md --
---
title: Ada
---
Writes.
-- content/posts/a.md --
---
title: A
date: 2025-01-01
section: news
tags: [red]
authors: [ada]
---
Lead of a.

Body of a.
-- content/posts/b.md --
---
title: B
date: 2025-01-02
section: news
tags: [red]
---
Lead of b.
-- content/posts/c.md --
---
title: C
date: 2025-02-03
section: sport
---
Lead of c.
-- content/posts/d.md --
---
title: D
date: 2025-02-04
section: news
aliases: [/old-d/]
---
Lead of d with [a](a.md).
-- content/posts/e.md --
---
title: E
date: 2025-03-05
section: news
authors: [ada]
---
Lead of e.
-- content/posts/f.md --
---
title: F
date: 2025-03-06
section: news
---
Lead of f.
"""

SITE = SETTINGS + THEME + CONTENT
