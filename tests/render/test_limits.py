"""A slip of the pen in a template ends in an error with its line, never in a hang or without memory; what templates really do stays as it was."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2.exceptions import TemplateRuntimeError

from cms_ssg.render import limits
from cms_ssg.render.limits import Budget
from cms_ssg.render.output import find_template
from cms_ssg.render.theme import Theme
from tests.growth import MOST, find_growth

TOO_MUCH = {
    "power": "{{ 10**10**10**10**10 }}", "power of a power": "{{ 10**(10**10) }}",
    "product": "{% set ns = namespace(n=3) %}{% for i in range(60) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
    "text": '{{ "x" * 10**9 }}',
    "text the other way": '{{ 10**9 * "x" }}',
    "list": "{{ [1] * 10**9 }}",
    "named": '{% set n = 10**9 %}{{ title * n }}',
    "center": "{{ title|center(10**9) }}",
    "center by name": "{{ title|center(width=10**9) }}",
    "mapped": "{{ [title]|map('center', 10**9)|join }}",
    "indent": "{{ title|indent(10**9, true) }}",
    "percent": '{{ "%999999999d" % 1 }}',
    "star": '{{ "%*d" % (10**9, 1) }}',
    "precision": '{{ "%.999999999f" % 1 }}',
    "format filter": '{{ "%999999999s"|format(title) }}',
    "round": "{{ 5|round(-(10**9)) }}",
    "ljust": "{{ title.ljust(10**9) }}",
    "item": '{{ title["zfill"](10**9) }}',
    "attr": '{{ (title|attr("rjust"))(10**9) }}',
    "tabs": '{{ "\t".expandtabs(10**9) }}',
    "braces": '{{ "{:>999999999}".format(1) }}',
    "nested braces": '{{ "{:>{w}}".format(1, w=10**9) }}',
    "replace": '{{ ("x" * 10000)|replace("", "y" * 10000) }}',
    "replace method": '{{ ("x" * 10000).replace("", "y" * 10000) }}',
    "join": '{{ range(100000)|join("y" * 1000) }}',
    "join method": '{{ ("y" * 1000).join(["x"] * 100000) }}',
    "doubling": '{% set ns = namespace(x="xx") %}{% for i in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}',
    "adding": '{% set ns = namespace(x="xx") %}{% for i in range(40) %}{% set ns.x = ns.x + ns.x %}{% endfor %}',
    "set": '{% set ns = namespace(x="xx") %}{% for i in range(40) %}{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}{% endfor %}',
    "extend": "{% set l = [1] %}{% for i in range(40) %}{% do l.extend(l) %}{% endfor %}",
    "batch": "{{ [1]|batch(10**9, 0)|list }}",
    "slice": "{{ [1]|slice(10**9)|list }}",
    "tojson": "{{ {'a': 1}|tojson(indent=10**9) }}",
    "output": '{% set x = "x" * 10**6 %}{% for i in range(1000) %}{{ x }}{% endfor %}',
    "loops": "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "filtered loops": "{% for a in range(100000) %}{% for b in range(100000) if b < 0 %}{% endfor %}{% endfor %}",
    "macros": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "includes": '{% for a in range(100000) %}{% for b in range(100000) %}{% include "empty.html" %}{% endfor %}{% endfor %}',
}  # fmt: skip


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_would_not_end_is_an_error_with_its_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_STEPS", 200_000)
    folder = tmp_path / "themes/mine/templates"
    folder.mkdir(parents=True)
    (folder / "empty.html").touch()
    (folder / "page.html").write_text(f"one\ntwo\n{TOO_MUCH[name]}\nfour\n")
    with pytest.raises(TemplateRuntimeError) as caught:
        Theme([folder]).get_template("page.html").render(title="T")
    assert find_template(caught.value) == ("themes/mine/templates/page.html", 3)


@pytest.mark.parametrize(
    "page",
    [
        '{% include "part.html" %}',
        '{% for a in range(3) %}{% include "between.html" %}{% endfor %}',
        '{% include "empty.html" %}{% block main %}{% include "part.html" %}{% endblock %}',
        '{% extends "between.html" %}',
    ],
)
def test_too_much_text_of_an_included_template_is_an_error_with_the_line_there(page: str, tmp_path: Path) -> None:
    folder = tmp_path / "themes/mine/templates"
    folder.mkdir(parents=True)
    (folder / "empty.html").touch()
    (folder / "between.html").write_text('one\n{% include "part.html" %}\n')
    (folder / "part.html").write_text(f"one\ntwo\nthree\n{TOO_MUCH['output']}\n")
    (folder / "page.html").write_text(page)
    with pytest.raises(TemplateRuntimeError, match="10,000,000 is the most") as caught:
        Theme([folder]).get_template("page.html").render()
    assert find_template(caught.value) == ("themes/mine/templates/part.html", 4)


def test_the_clock_ends_what_takes_few_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_S", 0.0)
    text = "{% set r = range(1000)|list %}{% for a in range(100000) %}{{ r|sort|length }}{% endfor %}"
    with pytest.raises(TemplateRuntimeError, match="more than 0 seconds"):
        Theme([tmp_path]).from_string(text).render()


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{ 2**10 }} {{ 2**-1 }} {{ 1**1000000 }} {{ 2.5**2 }}", "1024 0.5 1 6.25"), ("{{ 3 * 4 }} {{ 'ab' * 2 }} {{ [1] * 2 }} {{ 1.5 * 2 }}", "12 abab [1, 1] 3.0"),
        ("{{ 1 + 2 }} {{ 'a' + '<' }} {{ [1] + [2] }} {{ ('<b>'|safe) + '<' }}", "3 a&lt; [1, 2] <b>&lt;"), ("{{ 7 % 3 }} {{ '%05.1f %s' % (1.25, 'x') }}", "1 001.2 x"),
        ("{{ '%s-%s'|format('a', 'b') }} {{ '%(a)s'|format(a=1) }}", "a-b 1"), ("{{ ('<b>%s</b>'|safe)|format('<') }}", "<b>&lt;</b>"),
        ("{{ 'a'.ljust(3, '.') }}{{ '7'.zfill(3) }} {{ '{:>3}|{a}'.format('x', a=1) }}", "a..007   x|1"),
        ("{{ 'a-b'|replace('-', '+') }} {{ 'a-b'.replace('-', '+') }}", "a+b a+b"),
        ("{{ ', '.join(['a', 'b']) }} {{ ['a', '<']|join(', ') }}", "a, b a, &lt;"), ("{{ [{'n': 1}, {'n': 2}]|join('-', attribute='n') }}", "1-2"),
        ("{{ d.join }} {{ d.format }} {{ d['replace'] }} {{ d.extend is defined }}", "1 2 3 False"), ("{{ 2.456|round(1) }} {{ 2.4|round(0, 'ceil') }}", "2.5 3.0"),
        ("{% for x in [1, 2, 3] if x > 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% else %}none{% endfor %}", "1/2:2 2/2:3 "),
        ("{% for x in [] %}{% else %}none{% endfor %}", "none"), ("{% macro m(a='x') %}{{ a }}{{ caller() }}{% endmacro %}{% call m() %}y{% endcall %}", "xy"),
        ("{% for x in tree recursive %}{{ x.n }}{{ loop(x.c) }}{% endfor %}", "12"), ("{{ 'x'|center(3) }}{{ 'a\\nb'|indent(2) }}", " x a\n  b"),
        ("{{ low ~ 1 ~ (low|safe) }}", "&lt;1<"), ("{% set l = [1] %}{% do l.extend([2]) %}{{ l }} {{ [1, 2, 3]|batch(2, 0)|list }}", "[1, 2] [[1, 2], [3, 0]]"),
        ("{{ ns.titel|default('x') }} {{ 'x'|attr('upper') is callable }}", "x True"),
    ],
)  # fmt: skip
def test_what_templates_do_every_day_is_as_in_jinja(text: str, made: str, tmp_path: Path) -> None:
    values = {"d": {"join": 1, "format": 2, "replace": 3}, "tree": [{"n": 1, "c": [{"n": 2, "c": []}]}], "ns": {}, "low": "<"}
    assert Theme([tmp_path]).from_string(text).render(values) == made
    plain = Environment(autoescape=True, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
    assert plain.from_string(text).render(values) == made


def test_each_output_has_a_budget_of_its_own() -> None:
    budget = Budget()
    budget.spend(limits.MOST_STEPS)
    with pytest.raises(TemplateRuntimeError, match="5,000,000 turns"):
        budget.spend(limits.LOOK_EVERY)
    Budget().spend(limits.MOST_STEPS)


@pytest.mark.parametrize("part", ["%(", "%9", "% ", ":", "{:", ":1", "%%"])
def test_looking_for_widths_takes_no_longer_than_the_text_is(part: str) -> None:
    def look(text: str) -> None:
        for call in (partial(limits.modulo, text, ()), limits.take_method(Theme([]), text, "format")):
            with suppress(ValueError, TypeError, KeyError, IndexError, TemplateRuntimeError):
                call()

    assert find_growth(look, lambda size: part * size, 5_000) < MOST
