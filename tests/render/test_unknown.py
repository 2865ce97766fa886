"""What a template is told that asks for something nobody gave."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import UndefinedError

from cms_ssg.render.entry_view import EntryView
from cms_ssg.render.theme import Theme


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ pagee }}", 'unknown variable "pagee"'),
        ("{{ page.titel }}", 'this has no "titel"; did you mean "title"?'),
        ("{{ page.tags.titel }}", 'a table has no "titel"; did you mean "title"?'),
        ("{{ page.section.title }}", 'none has no "title"; ask {% if %} first'),
        ("{{ entry.urll }}", 'entry has no "urll"; did you mean "url"?'),
        ("{{ entry.xyzzy }}", 'entry has no "xyzzy"'),
        ("{% for x in page.titel %}{% endfor %}", 'this has no "titel"; did you mean "title"?'),
    ],
)
def test_unknown_names_are_said_in_the_words_of_templates(tmp_path: Path, text: str, said: str) -> None:
    full = SimpleNamespace(fields={}, type="post")
    site = SimpleNamespace(schemas={"post": SimpleNamespace(properties={})})
    entry = EntryView.__new__(EntryView)
    entry._page, entry._full = SimpleNamespace(site=site), full  # type: ignore[assignment]
    page = SimpleNamespace(title="T", tags={"title": "t"}, section=None)
    with pytest.raises(UndefinedError) as caught:
        Theme([tmp_path]).from_string(text).render(page=page, entry=entry)
    assert str(caught.value) == said


def test_default_and_tests_may_ask_for_anything(tmp_path: Path) -> None:
    text = "{{ nothing|default('x') }}{{ page.nope|default('y') }}{% if z is defined %}z{% endif %}"
    assert Theme([tmp_path]).from_string(text).render(page=SimpleNamespace()) == "xy"
