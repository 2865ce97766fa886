"""Looking for mistakes in templates without rendering them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jinja2.exceptions import TemplateRuntimeError

from cms_ssg.config.load import load_settings
from cms_ssg.kinds.load import list_verticals
from cms_ssg.render.entry_view import EntryView
from cms_ssg.render.filters import FILTERS
from cms_ssg.render.gallery import write_gallery
from cms_ssg.render.list_view import ListView
from cms_ssg.render.term_view import Term
from cms_ssg.render.theme import Theme
from cms_ssg.render.theme_chain import ThemeFolders, make_folders
from cms_ssg.render.theme_check import ATTRIBUTES, EVERYWHERE, SOMEWHERE, check_templates, list_attributes
from cms_ssg.render.tokens import KNOWN_TOKENS
from cms_ssg.render.views import Card
from cms_ssg.site import Site

BASE = Path(__file__).parents[2] / "themes/base"


def make_child(folder: Path, **templates: str) -> ThemeFolders:
    root = folder / "themes/mine/templates"
    for name, text in templates.items():
        path = root / f"{name.replace('__', '/')}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return make_folders([folder / "themes/mine", BASE], ("blog",))


def test_the_base_theme_has_no_problems() -> None:
    assert check_templates(make_folders([BASE], ("blog",))) == []


@pytest.mark.parametrize(
    ("text", "code", "line", "message", "hint"),
    [
        ("<p>\n{{ pagee.title }}", "theme.unknown-variable", 2, 'unknown variable "pagee"', 'Did you mean "page"?'),
        ("{{ page.titel }}", "theme.unknown-attribute", 1, "page has no titel", 'Did you mean "title"?'),
        ("{% if %}", "theme.syntax", 1, "Expected an expression, got 'end of statement block'", ""),
        ("\n{{ 1|nope }}", "theme.syntax", 2, "No filter named 'nope'.", ""),
        ('{% include "pagr.html" %}', "theme.missing-template", 1, 'there is no template "pagr.html"', 'Did you mean "page.html"?'),
        ("{{ asset('sites.css') }}", "theme.missing-asset", 1, 'there is no asset "sites.css"', 'Did you mean "site.css"?'),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_line_and_way_out(tmp_path: Path, text: str, code: str, line: int, message: str, hint: str) -> None:
    (problem,) = check_templates(make_child(tmp_path, page=text))
    assert (problem.code, problem.place, problem.line) == (code, "themes/mine/templates/page.html", line)
    assert problem.message == message
    assert problem.hint == hint


def test_an_entry_has_what_every_entry_has_and_the_fields_of_the_sites_types(tmp_path: Path) -> None:
    chain = make_child(
        tmp_path, page="{{ entry.title }}{{ entry.seats }}{{ entry.reading_time }}\n{{ entry.titel }}{{ entry.nope|default(1) }}"
    )
    (problem,) = check_templates(chain, {"seats"})
    assert (problem.line, problem.message, problem.hint) == (2, "entry has no titel", 'Did you mean "title"?')
    assert check_templates(chain) == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ nowhere|default('x') }}{{ page.extra|default('') }}{% if other is defined %}{% endif %}",
        "{% set mine = 1 %}{{ mine }}{% for page in list['items'] %}{{ page.anything }}{{ loop.index }}{% endfor %}",
        '{% extends "base.html" %}{% from "partials/card.html" import card as c %}{% block main %}{{ c(1, t) }}{{ super() }}{% endblock %}',
        '{% include "none.html" ignore missing %}{% include ["none.html", "partials/pager.html"] %}',
        "{% macro m(a) %}{{ a }}{{ caller() }}{% endmacro %}{% with b = 1 %}{{ b }}{% endwith %}{{ namespace(x=1).x }}",
    ],
)
def test_what_is_meant_is_not_a_mistake(tmp_path: Path, text: str) -> None:
    assert check_templates(make_child(tmp_path, page=text)) == []


def test_a_block_that_no_template_above_has_is_a_warning_with_the_nearest_name(tmp_path: Path) -> None:
    text = '{% extends "entry.html" %}\n{% block mian %}x{% endblock %}\n{% block title %}{% block own %}{% endblock %}{% endblock %}'
    (problem,) = check_templates(make_child(tmp_path, page=text))
    assert (problem.code, problem.place, problem.line) == ("theme.unknown-block", "themes/mine/templates/page.html", 2)
    assert (problem.message, problem.severity) == ('no template above has the block "mian", so nothing shows it', "warning")
    assert problem.hint == 'Did you mean "main"?'


@pytest.mark.parametrize(
    "text",
    [
        "{% block anything %}{% endblock %}",
        '{% extends "page_" ~ page.kind ~ ".html" %}{% block anything %}{% endblock %}',
        '{% extends "own.html" %}{% block extra %}{% endblock %}{% block title %}{% endblock %}',
    ],
)
def test_a_block_that_something_may_show_is_no_mistake(tmp_path: Path, text: str) -> None:
    own = '{% extends "base.html" %}{% block main %}{% block extra %}{% endblock %}{% endblock %}'
    assert check_templates(make_child(tmp_path, page=text, own=own)) == []


def test_an_included_template_sees_what_its_users_set(tmp_path: Path) -> None:
    chain = make_child(
        tmp_path,
        page='{% set mine = 1 %}{% include "partials/a.html" %}',
        partials__a='{% include "partials/b.html" %}',
        partials__b="{{ mine }}",
    )
    assert check_templates(chain) == []
    assert [problem.place for problem in check_templates(make_child(tmp_path, page="x"))] == ["themes/mine/templates/partials/b.html"]


def test_an_overridden_template_is_not_looked_at(tmp_path: Path) -> None:
    parent = make_child(tmp_path / "parent", page="{{ wrong }}").chain[0]
    child = make_child(tmp_path / "child", page="right").chain[0]
    assert check_templates(make_folders([child, parent, BASE], ("blog",))) == []


def test_the_gallery_is_written_even_where_a_template_fails(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(
        'title = "T"\n[[locales]]\ncode = "en"\n[[locales]]\ncode = "ar"\n[tokens]\naccent = "#b33"\n', "utf-8"
    )
    site = Site(tmp_path, load_settings(tmp_path, {}))
    page, (failed,) = write_gallery(site, make_child(tmp_path, page="{{ nowhere }}"), tmp_path / "gallery")
    assert (failed.place, failed.line, failed.severity) == ("themes/mine/templates/page.html", 1, "warning")
    text = page.read_text("utf-8")
    assert "UndefinedError: unknown variable &amp;#34;nowhere&amp;#34;" in text
    assert "Home (en)" in text
    assert "Home (ar)" in text
    assert (tmp_path / "gallery/assets/site.css").read_text("utf-8").startswith(":root{--accent:#b33;}\n")


def test_the_gallery_shows_the_sites_own_templates_with_the_fields_of_its_types(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('title = "T"\n', "utf-8")
    (tmp_path / "content_schema").mkdir()
    fields = '"place": {"type": "string"}, "kinds": {"type": "array", "items": {"enum": ["fair", "talk"]}}, "seats": {"type": "integer", "minimum": 7}'
    (tmp_path / "content_schema/event.json").write_text(f'{{"properties": {{{fields}}}}}', "utf-8")
    chain = make_child(
        tmp_path,
        event="{% extends 'entry.html' %}{% block before %}At {{ entry.place }}, {{ entry.kinds|join('+') }}, {{ entry.seats }}{% endblock %}",
        shortcodes__loud="<b>{{ args[0] }} {{ values.anything }} {{ inner }}</b>",
        partials__mine="{{ nowhere }}",
        post="{% extends 'entry.html' %}{% block before %}{{ entry.variants|length }} {{ entry.file }}{% endblock %}",
    )
    text = write_gallery(Site(tmp_path, load_settings(tmp_path, {})), chain, tmp_path / "gallery")[0].read_text("utf-8")
    assert "Entry: event (en) <small>event.html" in text
    assert "At Sample, fair+fair, 7" in text
    assert "&lt;b&gt;Sample Sample &lt;p&gt;Portugal" in text
    assert "0 content/sample.md" in text
    assert "Error" not in text


def test_the_docs_name_every_variable_filter_token_and_attribute() -> None:
    docs = (BASE.parents[1] / "docs/themes.md").read_text("utf-8")
    for name in [*EVERYWHERE, *SOMEWHERE, *FILTERS, *KNOWN_TOKENS]:
        assert re.search(rf"`[^`\n]*\b{re.escape(name)}\b", docs), name
    for owner, names in [*ATTRIBUTES.items(), *((view.__name__, list_attributes(view)) for view in (Card, EntryView, ListView, Term))]:
        for name in names:
            assert re.search(rf"[`.]{name}\b", docs), (owner, name)


def test_templates_of_every_vertical_are_shown_with_stand_ins_for_what_they_are_given(tmp_path: Path) -> None:
    names = list_verticals()
    (tmp_path / "site.toml").write_text(f"title = 'T'\nverticals = {json.dumps(list(names))}\n", "utf-8")
    site = Site(tmp_path, load_settings(tmp_path, {}))
    folders = make_folders([BASE], names)
    page, problems = write_gallery(site, folders, tmp_path / "gallery")
    assert "Entry: front (en)" in page.read_text("utf-8")
    assert [str(problem) for problem in problems if "/news/" in problem.place] == []
    make_child(tmp_path, front="{% extends 'front.html' %}{% block main %}{{ super() }}<p>Mine</p>{% fragment 'latest' %}{% endblock %}")
    page, problems = write_gallery(site, make_folders([tmp_path / "themes/mine", BASE], names), tmp_path / "gallery")
    assert "&lt;p&gt;Mine&lt;/p&gt;" in page.read_text("utf-8")
    assert [str(problem) for problem in problems if "front.html" in problem.place] == []


def test_a_key_of_theme_toml_that_means_nothing_is_told(tmp_path: Path) -> None:
    folders = make_child(tmp_path, page="{% extends 'page.html' %}")
    (tmp_path / "themes/mine/theme.toml").write_text('extends = "base"\n\ncss = ["extra.css"]\nimage = 1\n')
    css, image = check_templates(folders)
    assert (css.code, css.place, css.line, css.severity) == ("theme.unknown-key", "themes/mine/theme.toml", 3, "warning")
    assert "base.html" in css.hint and image.hint == 'Did you mean "images"?'


def test_templates_that_extend_each_other_are_told_for_each(tmp_path: Path) -> None:
    folders = make_child(tmp_path, page='{% extends "a.html" %}', a='\n{% extends "b.html" %}', b='{% extends "a.html" %}')
    found = [
        (p.place.rpartition("/")[2], p.line, p.message.partition(": ")[2]) for p in check_templates(folders) if p.code == "theme.cycle"
    ]
    assert found == [("a.html", 2, "a.html -> b.html -> a.html"), ("b.html", 1, "b.html -> a.html -> b.html")]


def test_files_of_a_theme_that_nobody_looks_for_are_told(tmp_path: Path) -> None:
    folders = make_child(tmp_path, page="{% extends 'page.html' %}")
    root = tmp_path / "themes/mine"
    (root / "theme.toml").touch()
    for name in ("templates/x.css", "assets/old.html", ".git/x.html", "node_modules/a/x.html", "postcss.config.js", "README.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    assert check_templates(folders) == []
    for name in ("post.html", "layouts/page.html", "site.css"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (problem,) = check_templates(folders)
    assert (problem.code, problem.place, problem.severity) == ("theme.misplaced", "themes/mine/layouts/page.html", "warning")
    assert "and 2 more" in problem.message


def test_range_is_bounded() -> None:
    theme = Theme([])
    assert theme.from_string("{{ range(3, 100003)|length }}").render() == "100000"
    for call in ("range(10**9)", "range(0, 10**40)", "range(10**6, 0, -1)"):
        with pytest.raises(TemplateRuntimeError, match="100,000"):
            theme.from_string(f"{{{{ {call}|list }}}}").render()
