"""A template calls things as jinja2's own context lets it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import jinja2
import pytest
from jinja2 import Environment, pass_context, pass_environment, pass_eval_context
from jinja2.runtime import Context

from cms_ssg.render.context import QuickContext


@pass_context
def show_name(context: Context, more: str = "") -> str:
    return f"{context['name']}{context.get('inner', '')}{more}"


@pass_environment
def show_environment(environment: Environment) -> str:
    return type(environment).__name__


@pass_eval_context
def show_escaping(context: Any) -> str:
    return str(context.autoescape)


class Aware:
    @pass_context
    def __call__(self, context: Context) -> str:
        return f"aware of {context['name']}"

    @pass_context
    def told(self, context: Context) -> str:
        return f"told {context['name']}"


class Plain:
    def __call__(self, *args: str, **kwargs: str) -> str:
        return f"plain {args} {kwargs}"


@pass_context
class Named:
    def __init__(self, context: Context) -> None:
        self.name = context["name"]


def stop() -> str:
    rows: Iterator[str] = iter(())
    return next(rows)


TEMPLATES = (
    "{{ show_name() }}{% for inner in [1, 2] %}{{ show_name(more='!') }}{% endfor %}",
    "{{ show_environment() }}{{ show_escaping() }}",
    "{{ aware() }} {{ aware.told() }} {{ plain(1, a='b') }} {{ dict(self='a', called='b') }} {{ half(2) }} {{ Named().name }}",
    "{% macro m(x) %}<{{ x }}{{ caller() if caller else '' }}{{ kwargs }}>{% endmacro %}{{ m('&', a=1) }}{% call m(2) %}inside{% endcall %}",
    "{{ stop() is undefined }} {{ range(3)|list }} {{ dict(a=1) }} {% set c = cycler('a', 'b') %}{{ c.next() }}{{ joiner(',')() }} {{ lipsum is defined }}",
    "{% block b %}{{ show_name() }}{{ self.c() }}{% endblock %}{% block c %}{% for inner in 'xy' %}{{ plain(inner) }}{% endfor %}{% endblock %}",
)


@pytest.mark.parametrize("text", TEMPLATES)
def test_what_is_called_gets_what_it_gets_from_jinja(text: str) -> None:
    class Quick(Environment):
        context_class = QuickContext

    Quick.__name__ = "Environment"
    values = {
        "show_name": show_name, "show_environment": show_environment, "show_escaping": show_escaping, "aware": Aware(), "plain": Plain(),
        "half": partial(str.format, "{} and {}", 1), "Named": Named, "stop": stop, "name": "n",
    }  # fmt: skip
    for _ in range(2):  # classes are remembered from the first time on
        assert Quick(autoescape=True).from_string(text).render(values) == Environment(autoescape=True).from_string(text).render(values)


@pytest.mark.parametrize("text", ["{{ nothing() }}", "{{ name() }}", "{{ (1)() }}"])
def test_what_cannot_be_called_is_an_error(text: str) -> None:
    class Quick(Environment):
        context_class = QuickContext

    with pytest.raises((jinja2.UndefinedError, TypeError)) as quick:
        Quick().from_string(text).render(name="n")
    with pytest.raises((jinja2.UndefinedError, TypeError)) as own:
        Environment().from_string(text).render(name="n")
    assert str(quick.value) == str(own.value)
