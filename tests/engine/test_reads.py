"""Whatever a template asks for leaves a read: each documented value is shown by one page alone, changed, and found changed there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.siteonpage import NOW, Built, SiteOnPage, wipe

IMAGES = Path(__file__).parents[1] / "data/images"
DOCUMENT = Path(__file__).parents[2] / "docs/themes.md"

SETTINGS = """name = "reads"
title = "One"
description = "One"
base_url = "https://one.example"
author = "One"
timezone = "Europe/Rome"
theme = "plain"
page_size = 1
feeds = ["rss"]

[params]
motto = "one"

[tokens]
accent = "#111111"

[home]
list = "type/post"

[taxonomies.tag]
field = "tags"
url = "/tags/{slug}/"
index = "/tags/"
data = "tags"

[[locales]]
code = "en"
name = "One"

[[locales]]
code = "it"
hreflang = "it-CH"

[[menus.main]]
title = "One"
url = "/elsewhere/"

[[menus.by_ref]]
ref = "page:menu-ref"

[[collection]]
name = "pages"
path = "content/pages"
type = "page"
locale = "suffix"

[[collection]]
name = "posts"
path = "content/posts"
type = "post"
url = "/posts/{slug}/"

[[collection]]
name = "terms"
path = "content/terms"
type = "term"
"""

OTHER = 'ref("page:other")'
TERM = f"{OTHER[:-1].replace('other', 'tagged')}).tags[0]"
SHOWN: dict[str, str] = {
    # settings, menus, strings, data, assets
    "description": "{{ site.description }}", "author": "{{ site.author }}", "params": "{{ site.params.motto }}", "tokens": "{{ site.tokens.accent }}",
    "noindex": "{{ site.noindex }}", "search": "{{ site.search is none }}{{ site.statistics is none }}",
    "menu": "{% for line in menus.main %}{{ line.title }}{{ line.url }}{{ line.current }}{% endfor %}",
    "menu-by-ref": "{% for line in menus.by_ref %}{{ line.title }}{{ line.url }}{% endfor %}",
    "menu-absent": "{{ menus.later|default([])|length }}",
    "text": '{{ t("word") }}', "text-absent": '{{ t("later") }}', "plural": '{{ t("things", count=3) }}', "digits": '{{ t("number", number=3) }}',
    "t-date": '{{ t.date(page.published, "short") }}', "t-month": '{{ t.month("2025/03", "mine") }}', "filter-date": '{{ page.published|date("filtered") }}',
    "digits-of-date": '{{ page.published|date("plain") }}', "month-name": '{{ page.published|date("named") }}', "absent-style": '{{ page.published|date("later") }}',
    "asset": '{{ asset("site.css") }}',
    "image": '{{ image("/swapped.jpg", width=20, ratio="3:2") }}', "image-absent": '{{ image("/later.jpg", width=20) }}',
    "image-facts": '{{ image_facts("/swapped.jpg").placeholder }}{{ image_facts("/swapped.jpg").color }}',
    "image-facts-absent": '{{ image_facts("/later.jpg").height if image_facts("/later.jpg") }}',
    "card-image-facts": f"{{{{ {OTHER}.image_facts.width }}}}",
    "image-rules": '{{ image("/kept.jpg") }}', "card-picture": f"{{{{ {OTHER}.picture(20) }}}}",
    "data": '{{ data("whole") }}', "data-key": '{{ data("keys", "one") }}', "data-absent": '{{ data("later") }}', "key-absent": '{{ data("keys", "later") }}',
    "template": '{% include "part.html" %}', "import": '{% import "macros.html" as m %}{{ m.show() }}', "include-absent": '{% include "later.html" ignore missing %}',
    # names and lists
    "ref": '{{ ref("page:named").url }}', "ref-absent": '{{ ref("page:later") is none }}', "ref-file": '{{ ref("content/pages/filed.md").url }}',
    "ref-term": '{{ ref("term:tag/hue").title }}',
    "latest": '{% for item in latest("type/post", 2) %}{{ item.path }}{% endfor %}', "latest-absent": '{{ latest("tag/later", 1)|length }}',
    "latest-computed": '{% for item in latest("tag/" ~ "hue", 9) %}{{ item.path }}{% endfor %}',
    # another entry's card
    "card-title": f"{{{{ {OTHER}.title }}}}", "card-summary": f"{{{{ {OTHER}.summary }}}}", "card-date": f"{{{{ {OTHER}.date|iso }}}}",
    "card-updated": f"{{{{ {OTHER}.updated|iso }}}}", "card-image": f"{{{{ {OTHER}.image }}}}", "card-field": f"{{{{ {OTHER}.weight }}}}",
    "card-tags": f"{{% for term in {OTHER}.tags %}}{{{{ term.slug }}}}{{% endfor %}}",
    "card-authors": f"{{% for term in {OTHER}.authors %}}{{{{ term.title }}}}{{% endfor %}}", "card-section": f"{{{{ {OTHER}.section.name }}}}",
    # terms
    "term-title": f"{{{{ {TERM}.title }}}}", "term-description": f"{{{{ {TERM}.description }}}}",
    "term-entry": f"{{{{ {TERM}.entry.title }}}}", "term-data": '{{ ref("page:tagged").tags[1].data.color }}',
    "term-count": f"{{{{ {TERM}.count }}}}",
    # neighbours, variants, time
    "related": "{% for card in entry.related %}{{ card.title }}{% endfor %}",
    "series": "{{ entry.series.title }}{{ entry.series.url }}{{ entry.series.position }}{% for item in entry.series['items'] %}{{ item.title }}{% endfor %}",
    "alternates": "{{ page.alternates }}",
    "variants": "{% for card in entry.variants %}{{ card.title }}{% endfor %}", "clock": "{{ clock.year }}",
    # shortcodes and links in bodies: see BODIES
    "shortcode": "{{ entry.content }}", "shortcode-absent": "{{ entry.content }}", "link": "{{ entry.content }}", "link-absent": "{{ entry.content }}",
}  # fmt: skip
"""What the body of page ``/NAME/`` shows: one thing that something else decides."""

BODIES = {
    "shortcode": "{{< box >}}in{{< /box >}}", "shortcode-absent": "{{< later >}}in{{< /later >}}", "link": "[there](linked.md)",
    "link-absent": "[there](ref:page:later)",
}  # fmt: skip

OWN = """{{ entry.id }}{{ entry.file }}{{ entry.title }}{{ entry.url }}{{ entry.content }}{{ entry.anchor }}
{% for heading in entry.toc %}{{ heading.level }}{{ heading.text }}{{ heading.anchor }}{% endfor %}{{ entry.words }}{{ entry.reading_time }}{{ entry.fields }}
{{ entry.terms.tag[0].title }}{{ entry.is_fallback }}{{ entry.meta_title }}{{ entry.meta_description }}{{ entry.type }}{{ entry.locale }}{{ entry.dir }}
{{ page.kind }}{{ page.title }}{{ page.description }}{{ page.path }}{{ page.url }}{{ page.image }}{{ entry.social_image }}{{ page.noindex }}{{ page.updated }}{{ site.name }}
{{ entry }}{{ entry.tags }}{{ latest("type/post", 1) }}{{ entry.tags[0].url }}{{ entry.tags[0].name }}"""
"""What only the page's own file and the settings on which all pages rest decide."""

WITH_ALL: dict[str, tuple[str, str, str]] = {
    "site-title": ("{{ site.title }}", 'title = "One"', 'title = "Two"'),
    "base-url": ("{{ site.base_url }} {{ page.canonical }}", "https://one.example", "https://one.example/base"),
    "timezone": ("{{ site.timezone }} {{ page.published|iso }}", "Europe/Rome", "Asia/Tokyo"),
    "url": ('{{ url("/x/") }}', "https://one.example", "https://one.example/base"),
    "absolute": ('{{ url("/x/")|absolute(site.base_url) }}', "https://one.example", "https://two.example"),
    "locale-name": ("{{ locale.name }}", 'name = "One"', 'name = "Two"'),
    "locale-dir": ("{{ locale.dir }}", 'name = "One"', 'dir = "rtl"'),
    "locale-hreflang": ("{{ locale.hreflang }}", 'name = "One"', 'hreflang = "en-GB"'),
    "locale-fallback": ("{{ locale.fallback }} {{ locale.code }} {{ locale.prefix }}", 'name = "One"', 'prefix = "/en"'),
    "languages": ("{{ page.languages }}", 'hreflang = "it-CH"', 'name = "Svizzero"'),
    "feeds": ("{{ page.feeds }}", 'feeds = ["rss"]', 'feeds = ["atom"]'),
}
"""Settings on which every page rests: what the page shows, and the edit of site.toml."""

FILES = {
    "themes/plain/theme.toml": 'extends = ""\n',
    "themes/plain/assets/site.css": "one",
    "themes/plain/i18n/en.toml": 'not_found = "x"\n',
    "themes/plain/templates/part.html": "one",
    "themes/plain/templates/macros.html": "{% macro show() %}one{% endmacro %}",
    "themes/plain/templates/shortcodes/box.html": "<b>{{ args }}{{ values }}{{ inner }}{{ page.path }}</b>",
    "themes/plain/templates/entry.html": "{{ entry.title }}",
    "themes/plain/templates/post.html": "{% if entry.newer %}{{ entry.newer.path }}{% endif %}{% if entry.older %}{{ entry.older.path }}{% endif %}",
    "themes/plain/templates/404.html": '{{ t("word") }}',
    "themes/plain/templates/search.html": "{{ search }}",
    "themes/plain/templates/redirect.html": "{{ target }}",
    "themes/plain/templates/home.html": "{% for item in list['items'] %}{{ item.path }}{% endfor %}",
    "themes/plain/templates/list.html": """{% set show = list.name.rpartition("/")[2] %}
{% if show == "l-title" %}{{ list.title }}{% elif show == "l-description" %}{{ list.description }}
{% elif show == "l-entry" and list.entry %}{{ list.entry.content }}{% elif show == "l-items" %}{% for item in list['items'] %}{{ item.path }}{% endfor %}
{% elif show == "l-older" %}{{ list.older_url }}{{ list.newer_url }}{% elif show == "l-start" %}{{ list.start }}{% elif show == "l-parent" %}{{ list.parent.title }}
{% elif show == "l-children" %}{% for child in list.children %}{{ child.title }}{{ child.url }}{% endfor %}
{% elif show == "l-static" %}{{ list }}{{ list.kind }}{{ list.url }}{{ list.number }}{{ list.is_front }}{% endif %}""",
    "themes/plain/templates/terms.html": "{{ taxonomy }}{{ title }}{% for term in terms %}{{ term.title }}{{ term.url }}{% endfor %}",
    "i18n/en.toml": 'word = "one"\nthings = { one = "one", other = "{count} ones" }\nnumber = "{number}"\n[date]\nshort = "{day}"\nmine = "{year}"\n'
    'filtered = "{day2}"\nnamed = "{month_short}"\nplain = "{day}"\n',
    "data/whole.yaml": "one: 1\n",
    "data/keys.yaml": "one: 1\ntwo: 2\n",
    "data/tags.yaml": "tint: {color: one}\n",
}

EXTRA = {"series": "series: tale", "own": "tags: [hue]", "related": "tags: [kin]"}
"""A line more in the front matter."""

LISTS = ("l-title", "l-description", "l-entry", "l-items", "l-older", "l-start", "l-parent", "l-children", "l-static")


def content_files() -> Iterator[tuple[str, str]]:
    for name in (*SHOWN, *WITH_ALL, "control", "own"):
        yield (
            f"content/pages/{name}.md",
            f"---\ntitle: {name}\ndate: 2025-03-01\nlayout: show-{name}\n{EXTRA.get(name, 'weight: 1')}\n---\n{BODIES.get(name, 'Text.')}\n",
        )
    for name in ("named", "filed", "linked", "menu-ref"):
        yield f"content/pages/{name}.md", f"---\ntitle: {name}\n---\nText.\n"
    head = "date: 2025-01-01\nupdated: 2025-01-02\nimage: /one.png\nweight: 1\ntags: [one]\nauthors: [one]\nsection: one"
    yield "content/pages/other.md", f"---\ntitle: one\n{head}\n---\nOne.\n"
    yield "content/pages/second.md", "---\ntitle: one\nseries: tale\ntags: [kin]\n---\nOne.\n"
    yield "content/pages/aliased.md", "---\ntitle: aliased\naliases: [/old/]\n---\nOne.\n"
    yield "content/pages/tagged.md", "---\ntitle: tagged\ntags: [hue, tint]\n---\nOne.\n"
    yield "content/terms/tag/hue.md", "---\ntitle: one\n---\nOne.\n"
    for number in (1, 2):
        yield f"content/posts/p{number}.md", f"---\ntitle: p\ndate: 2025-01-0{number}\ntags: [hue, tint, {', '.join(LISTS)}]\n---\nText.\n"
    for name in ("l-title", "l-description", "l-entry"):
        yield f"content/terms/tag/{name}.md", "---\ntitle: one\nexcerpt: One.\n---\nOne.\n"
    yield "content/terms/tag/l-parent.md", "---\ntitle: parent\nparent: above\n---\n"
    yield "content/terms/tag/above.md", "---\ntitle: one\n---\n"
    yield "content/posts/above.md", "---\ntitle: a\ndate: 2024-01-01\ntags: [above]\n---\nText.\n"
    yield "content/terms/tag/below.md", "---\ntitle: one\nparent: l-children\n---\n"
    yield "content/posts/below.md", "---\ntitle: b\ndate: 2024-01-02\ntags: [below]\n---\nText.\n"


def write_site(site: SiteOnPage) -> None:
    site.write_file("site.toml", SETTINGS)
    for path, text in (*FILES.items(), *content_files()):
        site.write_file(path, text)
    for name, shown in {**SHOWN, **{name: row[0] for name, row in WITH_ALL.items()}, "control": "nothing", "own": OWN}.items():
        site.write_file(f"themes/plain/templates/show-{name}.html", shown)

    for name, image in (("one", "transparent"), ("two", "icc_profile")):
        site.write_file(f"static/{name}.png", (IMAGES / f"{image}.png").read_bytes())
    for name in ("swapped", "kept"):
        site.write_file(f"static/{name}.jpg", (IMAGES / "hopper.jpg").read_bytes())


def edit_everything(site: SiteOnPage) -> None:
    """Change every value that is shown once, but nothing on which all pages rest."""
    settings = (
        SETTINGS.replace('description = "One"', 'description = "Two"')
        .replace('author = "One"', 'author = "Two"')
        .replace('motto = "one"', 'motto = "two"')
    )
    settings = settings.replace("#111111", "#222222").replace('[[menus.main]]\ntitle = "One"', '[[menus.main]]\ntitle = "Two"')
    settings = settings.replace("theme =", "noindex = true\ntheme =") + '\n[[menus.later]]\ntitle = "Later"\nurl = "/l/"\n'
    site.write_file("site.toml", settings + "\n[images]\nwidths = [30]\n[search]\n")
    for name, image in (("swapped", "rgb.jpg"), ("later", "hopper_gray.jpg")):
        site.write_file(f"static/{name}.jpg", (IMAGES / image).read_bytes())
    for path in ("assets/site.css", "templates/part.html"):
        site.write_file(f"themes/plain/{path}", "two")
    site.edit("themes/plain/templates/macros.html", "one", "two")
    site.edit("themes/plain/templates/shortcodes/box.html", "<b>", "<i>")
    site.write_file("themes/plain/templates/later.html", "two")
    site.write_file("themes/plain/templates/shortcodes/later.html", "two")
    words = (site.root / "i18n/en.toml").read_text("utf-8")
    words = (
        words.replace('"one"\nthings', '"two"\nlater = "two"\ndigits = "abcdefghij"\nthings')
        .replace("ones", "twos")
        .replace('"{day}"', '"{day}."')
    )
    words = (
        words.replace('"{year}"', '"{year}."').replace('"{day2}"', '"{day2}."')
        + 'later = "{year}!"\nmonths_short = ["a","b","c","d","e","f","g","h","i","j","k","l"]\n'
    )
    site.write_file("i18n/en.toml", words)
    site.write_file("data/whole.yaml", "one: 2\n")
    site.write_file("data/keys.yaml", "one: 3\ntwo: 2\nlater: 1\n")
    site.write_file("data/tags.yaml", "tint: {color: two}\n")
    site.write_file("data/later.yaml", "one: 1\n")
    for name in ("named", "filed", "linked", "menu-ref"):
        site.edit(f"content/pages/{name}.md", f"title: {name}", f"title: {name}\npath: moved-{name}")
    site.write_file("content/pages/later.md", "---\ntitle: later\n---\n")
    head = "date: 2025-02-01\nupdated: 2025-02-02\nimage: /two.png\nweight: 2\ntags: [two]\nauthors: [two]\nsection: two"
    site.write_file("content/pages/other.md", f"---\ntitle: two\n{head}\n---\nTwo.\n")
    site.write_file("content/terms/tag/hue.md", "---\ntitle: two\n---\nTwo.\n")
    site.write_file("content/posts/p3.md", f"---\ntitle: p\ndate: 2025-01-03\ntags: [hue, tint, later, {', '.join(LISTS)}]\n---\nText.\n")
    for name in ("l-title", "l-description", "l-entry"):
        site.write_file(f"content/terms/tag/{name}.md", "---\ntitle: two\nexcerpt: Two.\n---\nTwo.\n")
    site.edit("content/pages/second.md", "title: one", "title: two")
    site.edit("content/pages/aliased.md", "title: aliased", "title: aliased\npath: moved-aliased")
    for name in ("alternates", "variants"):
        site.write_file(f"content/pages/{name}.it.md", "---\ntitle: altro\n---\n")
    site.edit("content/terms/tag/above.md", "title: one", "title: two")
    site.edit("content/terms/tag/below.md", "title: one", "title: two")


class Edited:
    """The site before and after everything was edited, and the build in between."""

    def __init__(self, site: SiteOnPage) -> None:
        self.site = site
        write_site(site)
        self.first = site.build()
        self.before = site.tree()
        edit_everything(site)
        self.built: Built = site.build(now=LATER)
        self.after = site.tree()


LATER = NOW.replace(year=NOW.year + 1)


@pytest.fixture(scope="module")
def edited(engine_urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Edited:
    wipe(engine_urls[0])
    return Edited(SiteOnPage(tmp_path_factory.mktemp("reads") / "site", *engine_urls))


def test_every_page_could_be_made(edited: Edited) -> None:
    assert [
        problem.message for built in (edited.first, edited.built) for problem in built.result.problems if problem.code.startswith("theme")
    ] == []


def test_page_that_shows_nothing_of_all_that_is_left_alone(edited: Edited) -> None:
    assert "/control/" not in edited.built.rendered


@pytest.mark.parametrize("name", SHOWN)
def test_value_that_changes_is_changed_where_it_is_shown(name: str, edited: Edited) -> None:
    assert f"/{name}/" in edited.built.rendered
    assert edited.before[f"{name}/index.html"] != edited.after[f"{name}/index.html"]


@pytest.mark.parametrize(
    "path", [f"tags/{name}/index.html" for name in LISTS[:-1]] + ["tags/index.html", "404.html", "old/index.html", "posts/p2/index.html"]
)
def test_lists_terms_and_redirects_change_with_what_they_show(path: str, edited: Edited) -> None:
    assert edited.before[path] != edited.after[path]


def test_all_of_it_is_what_a_clean_build_makes(edited: Edited) -> None:
    edited.site.assert_clean(now=LATER)


@pytest.mark.parametrize("name", WITH_ALL)
def test_setting_on_which_all_pages_rest_is_changed_where_it_is_shown(name: str, edited: Edited) -> None:
    def read() -> bytes:
        return next(path for path in sorted(edited.site.output.rglob("index.html")) if path.parent.name == name).read_bytes()

    _, old, new = WITH_ALL[name]
    edited.site.write_file("site.toml", SETTINGS)
    edited.site.build(now=LATER)
    before = read()
    edited.site.write_file("site.toml", SETTINGS.replace(old, new, 1))
    edited.site.build(now=LATER)
    assert read() != before


def test_everything_documented_is_shown_somewhere_here() -> None:
    text = DOCUMENT.read_text("utf-8")
    part = text[text.index("## Available in every template") : text.index("## Filters")]
    documented = {
        name for code in re.findall(r"`([^`]*)`", part) for name in re.findall(r"\.([a-z_]+)\b", code) if not code.endswith(".html")
    }
    shown = " ".join([*SHOWN.values(), OWN, *(row[0] for row in WITH_ALL.values()), *FILES.values()])
    missing = {name for name in documented if not re.search(rf"\.{name}\b|\['{name}'\]", shown)}
    assert missing <= {"anyfield", "html", "jpg", "md", "rows", "svg", "toml"}, (
        "show it in a page of this file"
    )  # rows: tests/verticals/events
