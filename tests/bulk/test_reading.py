"""Files of rows as people have them: of any encoding, dialect and kind of damage."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.bulk.errors_file import ErrorsFile
from cms_ssg.bulk.guard import ACTIVE, NUMBER, guard_cell, unguard_cell
from cms_ssg.bulk.lines import examine_file, find_delimiter
from cms_ssg.bulk.mapping import MapFile, RowMap, write_cell
from cms_ssg.bulk.records import MOST_CHARACTERS, Record, open_records, take_records
from cms_ssg.content.schema.content_types import Schema
from cms_ssg.errors import CmsError

DATA = Path(__file__).parents[1] / "data" / "csv"


def read(path: Path, encoding: str = "") -> list[Record]:
    file = examine_file(path, encoding)
    with open_records(file, "csv", find_delimiter(file.sample)) as records:
        return list(records.rows)


def cells(path: Path) -> list[list[str]]:
    return [list(record.cells.values()) for record in read(path)]


def test_odd_files_are_read_as_people_mean_them() -> None:
    assert cells(DATA / "dummy.tsv") == [["1", "2", "3"]]
    assert cells(DATA / "mac_newlines.csv") == [["1", "2", "3"], ["Once upon\na time", "5", "6"]]
    assert [record.cells for record in read(DATA / "test_utf8_bom.csv")][1] == {"foo": "4", "bar": "5", "baz": "ʤ"}
    assert cells(DATA / "test_latin1.csv")[1] == ["4", "5", "©"]
    assert examine_file(DATA / "test_latin1.csv").encoding == "cp1252"
    assert next(iter(read(DATA / "test_header_newline.csv")[0].cells)) == "start end"
    assert [list(record.cells) for record in read(DATA / "test_empty_columns.csv")] == [["a", "b", "c"]] * 2
    assert cells(DATA / "test_skip_lines.csv") == [["1", "2", "3"]]
    assert len(read(DATA / "test_geo.csv")) == 17


def test_a_row_that_is_wrong_is_told_with_its_line_and_the_rest_is_read(tmp_path: Path) -> None:
    assert [record.problem for record in read(DATA / "bad.csv")] == [
        "it has 4 cells, the header has 3", "it has 2 cells, the header has 3", "",
    ]  # fmt: skip
    assert [record.problem for record in read(DATA / "null_byte.csv")] == ["it holds a NUL character"]
    path = tmp_path / "broken.csv"
    path.write_bytes(
        'a,b\n1,é\n2,ü\n3,'.encode() + b'\xff\n4,"open\n5,x\n6,"a"b\n7,"two\nlines"\n' + b"8," + b"y" * (9 << 20) + b"\n9,z\n"
    )  # fmt: skip
    found = [(record.line, record.problem, record.cells.get("a")) for record in read(path)]
    assert [(line, value) for line, problem, value in found if not problem] == [(2, "1"), (3, "2"), (6, "5"), (8, "7"), (11, "9")]
    told = {line: problem for line, problem, _ in found if problem}
    assert "0xff" in told[4] and "closing quote" in told[5] and "closing quote" in told[7] and "longer than 8 MB" in told[10]


def test_a_quote_that_is_never_closed_costs_its_own_row_only(tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    path.write_text('a,b\n1,"open\n2,x\n3,y\n')
    assert [(record.line, record.problem, record.cells.get("a")) for record in read(path)] == [
        (2, "a quote that opens in this row is not closed", None), (3, "", "2"), (4, "", "3"),
    ]  # fmt: skip


def test_utf_16_is_read_and_a_file_without_a_header_or_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_bytes("name;city\r\nØl;Århus\r\n".encode("utf-16"))
    assert [record.cells for record in read(path)] == [{"name": "Øl", "city": "Århus"}]
    for text in ("", "\n\n", "a,a\n1,2\n", '"open\n'):
        path.write_text(text)
        with pytest.raises(CmsError, match=r"import\.header"):
            read(path)
    with pytest.raises(CmsError, match=r"import\.encoding"):
        read(path, "klingon")
    with pytest.raises(CmsError, match=r"import\.unreadable"):
        read(tmp_path / "none.csv")


@given(st.text(max_size=20) | st.from_regex(r"\A'*[=+\-@\t\r].*"))
def test_a_guarded_cell_is_no_formula_and_comes_back_as_it_was(text: str) -> None:
    guarded = guard_cell(text)
    assert unguard_cell(guarded) == text
    assert guarded[:1] not in "=+-@\t\r" or guarded == "" or NUMBER.fullmatch(guarded)
    assert ACTIVE.match("=1+1")


FIELDS = {
    "title": {"type": "string"}, "rating": {"type": "number"}, "open": {"type": "boolean"},
    "kinds": {"type": "array", "items": {"type": "string", "minLength": 1}}, "extra": {}, "table": {"type": "object"},
}  # fmt: skip
JSON_VALUES = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1),
    lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=4,
)  # fmt: skip


@given(
    st.fixed_dictionaries({
        "title": st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1),
        "rating": st.integers(-100, 100) | st.floats(-10, 10, allow_nan=False),
        "open": st.booleans(),
        "kinds": st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1).filter(lambda t: t == t.strip()), min_size=1),
        "extra": JSON_VALUES,
        "table": st.dictionaries(st.text(min_size=1, max_size=3).filter(str.isascii), JSON_VALUES, max_size=2),
    })
)  # fmt: skip
def test_what_is_written_as_a_cell_is_read_as_the_same_value(values: dict[str, object]) -> None:
    schema = Schema("thing", {"properties": FIELDS})
    rows = RowMap(schema, "csv", MapFile(), "title")
    text = io.StringIO()
    csv.writer(text).writerow([write_cell(schema, name, value) for name, value in values.items()])
    back = next(csv.reader(io.StringIO(text.getvalue(), newline="")))
    for (name, value), cell in zip(values.items(), back, strict=True):
        parsed = rows.parse_cell(name, unguard_cell(cell))
        assert schema.checks[name](parsed, "UTC") == schema.checks[name](value, "UTC"), name


def test_large_rows_are_taken_a_few_at_once_and_wrong_ones_beyond_a_size_are_counted(tmp_path: Path) -> None:
    large = Record(1, {"text": "x" * (MOST_CHARACTERS // 3)})
    rows = iter([large] * 10)
    assert [len(take_records(rows, 8)) for _ in range(4)] == [4, 4, 2, 0]
    rows = iter([Record(1, {"text": "x"})] * 10)
    assert [len(take_records(rows, 8)) for _ in range(3)] == [8, 2, 0]
    errors = ErrorsFile(tmp_path / "errors.csv", 100)
    for _ in range(5):
        errors.add(["text"], [(Record(2, {"text": "x" * 60}), "wrong")])
    errors.close()
    assert (len((tmp_path / "errors.csv").read_text().splitlines()), errors.left_out) == (3, 3)
