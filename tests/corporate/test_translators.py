"""Texts out to translators and back, as XLIFF and PO."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.entries.translate import import_units, list_units, load_originals
from cms_ssg.entries.translation_files import Unit, read_units, write_po, write_xliff
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError
from tests.corporate.conftest import Group
from tests.corporate.test_translations import look
from tests.entries.writing import writing

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(lambda text: text.strip() or "x")


@given(st.lists(st.tuples(TEXT, TEXT | st.just("")), min_size=1, max_size=5))
def test_what_is_written_is_read_again(texts: list[tuple[str, str]]) -> None:
    units = [Unit("content/pages/a.md", f"body:{number}", f"{one}\n- {one}", two) for number, (one, two) in enumerate(texts, 1)]
    assert read_units(write_po(units, "de"), "a.po") == ("de", units)
    assert read_units(write_xliff(units, "en", "de"), "a.xlf") == ("de", units)


def test_a_translation_comes_back_as_a_file_beside_its_original(group: Group) -> None:
    site = group["fjell"]
    site.build()
    assert ("missing", "it", "careers.md") in look(site, "it")
    with writing(site) as writer:
        originals = load_originals(writer, ["content/pages/careers.md", "content/posts/rain-test.md"])
        units = [unit for entry in originals.values() for unit in list_units(writer.site, entry)]
        translated = [
            unit._replace(target=f"[it] {unit.source}" if "careers" in unit.file or unit.name != "body:1" else "") for unit in units
        ]
        locale, back = read_units(write_xliff(translated, "en", "it"), "t.xlf")
        result = import_units(writer, locale, back)
    assert result.written == ["content/pages/careers.it.md"]
    assert [problem.code for problem in result.left] == ["i18n.incomplete"]
    assert (site.root.parents[1] / "shared/content/pages/careers.it.md").is_file()
    assert site.build().result.problems == []
    assert "[it] Careers" in (site.output / "it/careers/index.html").read_text("utf-8")
    assert ("missing", "it", "careers.md") not in look(site, "it")


def test_a_translation_of_a_text_that_was_changed_since_is_left_out(group: Group) -> None:
    site = group["lumen"]
    site.build()
    with writing(site) as writer:
        [entry] = load_originals(writer, ["content/pages/about.md"]).values()
        units = [unit._replace(target="x") for unit in list_units(writer.site, entry)]
        site.edit("content/pages/about.md", "stamped on it", "stamped on the part")
        site.build()
        result = import_units(writer, "de", units)
    assert (result.written, [problem.code for problem in result.left]) == ([], ["i18n.changed"])


def test_a_translation_of_an_entry_of_the_store_is_an_entry_of_the_store(group: Group) -> None:
    site = group["lumen"]
    site.build()
    with writing(site) as writer:
        number = writer.save_entry(EntryInput("page", {"title": "Guarantee"}, "Ten years.\n")).number
        units = [
            Unit("content/pages/guarantee.md", "field:title", "Guarantee", "Garantie"),
            Unit("content/pages/guarantee.md", "body:1", "Ten years.", "Zehn Jahre."),
        ]
        assert import_units(writer, "de", units).written == ["content/pages/guarantee.de.md"]
        assert import_units(writer, "de", units).written == ["content/pages/guarantee.de.md"]
    rows = site.query("SELECT locale, translation_key, version FROM cms.entries WHERE source = 'api' ORDER BY id")
    assert [(locale, version) for locale, _, version in rows] == [("en", 1), ("de", 1)]
    assert rows[0][1] == rows[1][1]
    assert number


CAT = b"""<?xml version="1.0"?>
<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" xmlns:mtc="urn:oasis:names:tc:xliff:matches:2.0" version="2.0" srcLang="en" trgLang="de">
<file id="f1" original="a.md">
<unit id="body-1" name="body:1"><mtc:matches><mtc:match ref="#s1"><source>Like it.</source><target>Wie es.</target></mtc:match></mtc:matches>
<notes><note>Short, please.</note></notes>
<segment id="s1"><source>One <pc id="1">bold</pc> thing.</source><target>Ein <pc id="1">fettes</pc> Ding.</target></segment>
<ignorable><source> </source></ignorable>
<segment id="s2"><source>Two.</source><target>Zwei.</target></segment></unit>
<unit id="body-2" name="body:2"><segment><source>Three. </source><target>Drei. </target></segment><segment><source>Four.</source></segment></unit>
</file></xliff>"""
FUZZY = b"""#, fuzzy
msgid ""
msgstr ""
"Language: pt_BR\\n"

#, fuzzy, c-format
msgctxt "a.md#field:title"
msgid "Careers"
msgstr "Corridas"

#, c-format
msgctxt "a.md#body:1"
msgid "One."
msgstr "Um."

#~ msgid "Old"
#~ msgstr "Velho"
"""


def test_what_programs_of_translators_add_is_understood() -> None:
    assert read_units(CAT, "a.xlf") == ("de", [
        Unit("a.md", "body:1", "One bold thing. Two.", "Ein fettes Ding. Zwei."), Unit("a.md", "body:2", "Three. Four.", ""),
    ])  # fmt: skip


def test_a_guess_of_a_program_is_no_translation() -> None:
    assert read_units(FUZZY, "a.po") == ("pt-BR", [Unit("a.md", "field:title", "Careers", ""), Unit("a.md", "body:1", "One.", "Um.")])


@pytest.mark.parametrize("data", [
    b"<xliff", b'<!DOCTYPE x [<!ENTITY a "b">]><xliff/>', b"<html/>", b"\xff\xfe", b'msgid "a"\nmsgstr "b"\n', b"nonsense", b'msgid ""\nmsgstr "Language: de\\n"\n\nmsgid "a\n',
])  # fmt: skip
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(CmsError) as caught:
        read_units(data, "t.xlf")
    assert caught.value.problems[0].code == "i18n.unreadable"
