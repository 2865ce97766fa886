"""The site that random edits are made to: small, but with every kind of read in some template and only there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Template

SETTINGS_TEMPLATE = Template("""\
name = "$name"
title = $title
base_url = $base_url
theme = $theme
page_size = $page_size
feed_size = $feed_size
feeds = $feeds
feed_content = $feed_content
timezone = $timezone
redirect_files = $redirect_files

[home]
list = $home_list

[images]
widths = $widths
formats = $formats
cards = $cards

[params]
motto = $motto
unread = $unread

[[locales]]
code = "en"

[[locales]]
code = "it"
fallback = $fallback

[[menus.main]]
title = "Home"
url = "/"

[[menus.main]]
ref = "page:about"

[[collection]]
name = "posts"
path = "content/posts"
type = "post"
locale = "suffix"
glob = $glob
exclude = $exclude
url = $url
date = $date
section = $section

[[collection]]
name = "pages"
path = "content/pages"
type = "page"
locale = "suffix"

[[collection]]
name = "authors"
path = "content/authors"
type = "author"
locale = "suffix"

[[collection]]
name = "terms"
path = "content/terms"
type = "term"
locale = "suffix"
""")
VALUES: dict[str, tuple[str, ...]] = {
    "title": ('"Alpha"', '"Beta"'),
    "base_url": ('"https://alpha.example/base"', '"https://alpha.example"'),
    "theme": ('"child"', '"plain"'),
    "page_size": ("2", "3", "1"),
    "feed_size": ("3", "2"),
    "feeds": ('["atom"]', "[]", '["rss", "json"]'),
    "feed_content": ('"summary"', '"full"'),
    "timezone": ('"Europe/Rome"', '"UTC"', '"America/New_York"'),
    "redirect_files": ("[]", '["data/moved.csv"]'),
    "home_list": ('"type/post"', '"tag/red"'),
    "motto": ('"one"', '"two"'),
    "widths": ("[20, 40]", "[30]"),
    "formats": ('["webp"]', '["avif"]'),
    "cards": ("false", "true"),
    "unread": ('"one"', '"two"'),
    "fallback": ('"page"', '"none"', '"list"'),
    "url": ('"/{year}/{slug}/"', '"/posts/{slug}/"', '"/{section}/{slug}/"'),
    "date": ('""', '"filename"'),
    "section": ('""', '"folder"'),
    "glob": ('["**/*.md"]', '["**/*.md", "**/*.txt"]', '["[a-d]*.md", "d/*"]'),
    "exclude": ("[]", '["c*"]', '["d/**"]', '["*.svg", "index.md"]'),
}
"""Settings by name with the values they may have, the first one by default."""

TABLES: dict[str, str] = {
    "menu": '[[menus.main]]\ntitle = "More"\nref = "post:b"\n',
    "redirects": '[redirects]\n"/gone/" = "/about/"\n"/2026/a/" = "/about/"\n',
    "topics": '[taxonomies.topic]\nfield = "tags"\nurl = "/topics/{slug}/"\nindex = "/topics/"\n',
    "tags": '[taxonomies.tag]\nfield = "tags"\nurl = "/t/{slug}/"\npage_size = 1\n',
    "sections": '[taxonomies.section]\nfield = "section"\nurl = "/sections/{slug}/"\n',
    "authors": '[taxonomies.author]\nfield = "authors"\nurl = "/authors/{slug}/"\nindex = "/authors/"\ndata = "people"\n',
    "arabic": '[[locales]]\ncode = "ar"\nfallback = "list"\n',
    "tokens": '[tokens]\naccent = "#123456"\n',
    "recipes": '[[collection]]\nname = "recipes"\npath = "content/recipes"\ntype = "recipe"\nlocale = "suffix"\n',
}
"""Parts of site.toml that may be there or not."""


def render_settings(name: str, values: Mapping[str, str] | None = None, tables: Iterable[str] = ()) -> str:
    """site.toml with some settings other than by default."""
    defaults = {key: choices[0] for key, choices in VALUES.items()}
    return SETTINGS_TEMPLATE.substitute(defaults, name=name, **(values or {})) + "".join("\n" + TABLES[table] for table in sorted(tables))


THEME = """
-- themes/child/theme.toml --
extends = "plain"
-- themes/child/templates/unused.html --
-- themes/plain/theme.toml --
extends = ""
-- themes/plain/assets/site.css --
body { color: black }
-- themes/plain/assets/other.js --
let one = 1
-- themes/plain/i18n/en.toml --
note = "Note"
newer = "Newer"
not_found = "Not found"
-- themes/plain/i18n/it.toml --
note = "Nota"
-- themes/plain/templates/base.html --
<title>{% block title %}{{ page.title }}{% endblock %} | {{ site.title }}</title>
<link href="{{ asset("site.css") }}" lang="{{ locale.code }}"> {{ page.image }}
{% for other in page.alternates %}alternate {{ other.hreflang }} {{ other.url }}
{% endfor %}
{% for other in page.languages %}language {{ other.locale }} {{ other.url }}
{% endfor %}
{% for line in menus.main %}menu {{ line.url }} {{ line.title }} {{ line.current }}
{% endfor %}
{% block main %}{% endblock %}
{% include "footer.html" %}
-- themes/plain/templates/footer.html --
footer {{ site.params.motto }}
-- themes/plain/templates/macros.html --
{% import "parts.html" as parts %}
{% macro card(item) %}
card {{ item.url }} {{ parts.strong(item.title) }} {{ item.summary }} {{ item.date|iso if item.date }} {{ item.image }} {{ item.picture(24, "3:2") }}
{%- for tag in item.tags %} tag:{{ tag.title }}={{ tag.url }}{% endfor %}
{%- for author in item.authors %} by:{{ author.title }}={{ author.url }}{% endfor %}
{% endmacro %}
-- themes/plain/templates/parts.html --
{% macro strong(text) %}<b>{{ text }}</b>{% endmacro %}
-- themes/plain/templates/post.html --
{% extends "base.html" %}
{% import "macros.html" as m %}
{% block main %}
{{ m.card(entry) }}
{% if entry.metadata %}{{ 6 // entry.metadata.divisor }}{% endif %}
{% if entry.section %}section {{ entry.section.title }} {{ entry.section.url }}{% endif %}
{{ entry.content }}
words {{ entry.words }} {% for heading in entry.toc %}{{ heading.anchor }} {% endfor %}
{% if entry.newer %}{{ t("newer") }} {{ entry.newer.url }} {{ entry.newer.title }}{% endif %}
{% if entry.older %}older {{ entry.older.url }} {{ entry.older.title }}{% endif %}
{% if entry.series %}series {{ entry.series.title }} {{ entry.series.position }}{% for item in entry.series['items'] %} {{ item.title }}{% endfor %}{% endif %}
{% for item in entry.related %}related {{ item.title }} {{ item.url }}{% endfor %}
{% if entry.is_fallback %}fallback{% endif %}
{% for author in entry.authors %}{% if author.data %}works at {{ author.data.work }}{% endif %}{{ author.description }}{% endfor %}
{% endblock %}
-- themes/plain/templates/entry.html --
{% extends "base.html" %}
{% block main %}other {{ entry.title }} {{ entry.content }}{% endblock %}
-- themes/plain/templates/page.html --
{% extends "base.html" %}
{% from "macros.html" import card %}
{% block main %}
{{ entry.title }} {{ entry.content }}
{% for item in latest("type/post", 2) %}{{ card(item) }}{% endfor %}
{% if entry.slug == "about" %}year {{ clock.year }}{% for item in latest("tag/red", 1) %} red {{ item.title }}{% endfor %}{% endif %}
{% set fact = data("facts", entry.slug) %}{% if fact %}fact {{ fact }}{% endif %}
{% set card_of = ref("post:a") %}{% if card_of %}a is {{ card_of.title }}{% endif %}
{% endblock %}
-- themes/plain/templates/list.html --
{% extends "base.html" %}
{% import "macros.html" as m %}
{% block title %}{{ list.title }} {{ list.number }}{% endblock %}
{% block main %}
{{ list.kind }} {{ list.description }} {% if list.parent %}in {{ list.parent.title }} {{ list.parent.url }}{% endif %}
{% for child in list.children %}child {{ child.title }} {{ child.url }} {% endfor %}
{% if list.entry and list.is_front %}{{ list.entry.content }}{% endif %}
{% for item in list['items'] %}{{ m.card(item) }}{% endfor %}
{{ list.start }} {{ list.older_url }} {{ list.newer_url }}
{% endblock %}
-- themes/plain/templates/home.html --
{% extends "list.html" %}
{% block title %}home {{ t("note") }}{% endblock %}
-- themes/plain/templates/terms.html --
{% extends "base.html" %}
{% block main %}{% for term in terms %}{{ term.title }} {{ term.url }} {{ term.description }} {{ term.count }}
{% endfor %}{% endblock %}
-- themes/plain/templates/404.html --
{% extends "base.html" %}
-- themes/plain/templates/redirect.html --
to {{ target }}
-- themes/plain/templates/shortcodes/note.html --
<i>{{ t("note") }} {{ inner }} {{ page.path }}</i>
"""

CONTENT = """
-- data/facts.yaml --
about: first
contact: second
-- static/logo.svg --
<svg/>
-- content/pages/about.md --
---
title: About
---
See [a](../posts/a.md), [b](ref:post:b) and ![logo](/logo.svg) ![p](/p.jpg).
-- content/pages/contact.md --
---
title: Contact
---
{{< note >}}inside{{< /note >}}
-- content/pages/contact.it.md --
---
title: Contatti
---
Qui.
-- content/authors/ada.md --
---
title: Ada
---
Writes.
-- content/terms/tag/red.md --
---
title: Red things
---
All that is red.
-- content/terms/tag/crimson.md --
---
title: Crimson
parent: red
---
-- data/moved.csv --
from,to
/moved/,/about/
-- content/posts/a.md --
---
title: A
date: 2026-01-01
tags: [red, blue]
authors: [ada]
section: news
---
Text of a.
-- content/posts/a.it.md --
---
title: A in italiano
date: 2026-01-01
tags: [red]
authors: [ada]
section: news
---
Testo.
-- content/posts/b.md --
---
title: B
date: 2026-01-02
tags: [red, crimson]
authors: [ada, bob]
section: news
series: Colours
aliases: [/old-b/]
---
Text of b with [a link](a.md).
-- content/posts/c.md --
---
title: C
date: 2026-01-03
tags: [red]
section: news
series: Colours
---
Text of c.
-- content/posts/d/index.md --
---
title: D
date: 2026-01-04
section: sport
image: d.svg
---
![picture](d.svg) {{< note >}}in d{{< /note >}}
-- content/posts/d/d.svg --
<svg>d</svg>
-- content/posts/e.md --
---
title: E
date: 2026-02-05
section: sport
---
Text of e.
"""

SITE = f"-- site.toml --\n{render_settings('alpha')}" + THEME + CONTENT
