"""``cms import``: rows become entries, again and again without a needless write; wrong ones are set aside; all of it can be taken back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.bulk.conftest import Query
from tests.cli.small_site import Cms

ROWS = """id,name,city,rating,open,kinds,phone,notes
1,Alpha,Turin,4.5,true,pub;brewery,+39 011 1,first
2,Beta,Milan,3,no,pub,,second
3,Alpha,Rome,,,,,"third, with a comma"
"""
MAP = '[columns]\nname = "title"\nnotes = "body"\n[defaults]\ntags = ["place"]\n'


def write(site: Path, rows: str = ROWS) -> None:
    (site / "places.csv").write_text(rows)
    (site / "map.toml").write_text(MAP)


def run(cms: Cms, *more: str) -> tuple[int, dict[str, object], str]:
    return cms("import", "csv", "places.csv", "--type", "place", "--map", "map.toml", *more)


def test_rows_are_added_then_unchanged_then_changed(site: Path, cms: Cms, query: Query) -> None:
    write(site)
    code, result, _ = run(cms, "--dry-run")
    assert code == 0 and (result["added"], result["number"]) == (3, 0)
    assert query("SELECT count(*) FROM cms.entries WHERE source LIKE 'import%%'") == [(0,)]
    code, result, said = run(cms)
    assert code == 0, said
    assert (result["added"], result["changed"], result["unchanged"], result["failed"], result["key"]) == (3, 0, 0, 0, "id")
    code, result, _ = run(cms)
    assert (result["added"], result["changed"], result["unchanged"]) == (0, 0, 3)
    assert query("SELECT max(version) FROM cms.entries WHERE source = 'import:place'") == [(1,)]
    write(site, ROWS.replace("Milan", "Genoa").replace("3,no", "3.5,no"))
    assert run(cms, "--dry-run")[1]["fields"] == {"city": 1, "rating": 1}
    code, result, _ = run(cms)
    assert (result["changed"], result["unchanged"], result["fields"]) == (1, 2, {"city": 1, "rating": 1})
    assert cms("build", "--jobs", "1")[0] == 0
    assert sorted(path.name for path in (site / "build/places").iterdir()) == ["alpha", "alpha-3", "beta"]
    fields = query("SELECT fields FROM cms.entries WHERE external_key = '1'")[0][0]
    for one in cms("import", "list")[1]["imports"]:
        assert cms("import", "undo", str(one["number"]))[0] == 0
    assert query("SELECT count(*) FROM cms.entries WHERE source = 'import:place'") == [(0,)]
    assert cms("build", "--jobs", "1", "--confirm-removals")[0] == 0
    assert not (site / "build/places").exists()
    assert (fields["rating"], fields["open"], fields["kinds"], fields["phone"], fields["tags"]) == (
        4.5, True, ["pub", "brewery"], "+39 011 1", ["place"],
    )  # fmt: skip


def test_wrong_rows_are_written_beside_the_file_and_go_in_once_they_are_mended(site: Path, cms: Cms) -> None:
    write(site, ROWS + "4,Delta,Bari,11,,,,\n5,Epsilon\n1,Twice,,,,,,\n,No key,,,,,,\n6,Zeta,,,,,=cmd(),ok\n")
    code, result, said = run(cms)
    assert code == 3 and (result["added"], result["failed"]) == (4, 4)
    errors = site / "places.errors.csv"
    lines = errors.read_text().splitlines()
    assert lines[0].startswith("error_line,error_reason,id,name,city")
    assert [line.split(",")[0] for line in lines[1:]] == ["5", "6", "7", "8"]
    assert "too large" in lines[1] and "cells" in lines[2] and "line 2 already" in lines[3] and "is empty" in lines[4]
    assert "too large" in said and "[import.row]" in said
    errors.write_text("\n".join([lines[0], lines[1].replace(",11,", ",5,")]) + "\n")
    (site / "places.csv").unlink()
    errors.rename(site / "places.csv")
    code, result, said = run(cms)
    assert (code, result["added"]) == (0, 1), said
    assert not errors.exists()


def test_stopping_at_a_wrong_row_keeps_none_of_its_batch(site: Path, cms: Cms, query: Query) -> None:
    write(site, ROWS + "4,Delta,Bari,11,,,,\n5,Epsilon,,,,,,\n")
    code, result, _ = run(cms, "--on-error", "stop", "--batch", "2")
    assert code == 3 and (result["stopped_at"], result["added"], result["failed"]) == (5, 2, 1)
    assert query("SELECT count(*) FROM cms.entries WHERE source = 'import:place'") == [(2,)]


def test_batches_that_are_checked_while_others_are_written_take_no_name_twice(site: Path, cms: Cms, query: Query) -> None:
    rows = [f"{number},Alpha,City {number},1,,,,\n" for number in range(1, 10)]
    write(site, ROWS.splitlines()[0] + "\n" + "".join(rows[:4]))
    run(cms)
    mixed = rows[0], rows[4], rows[1].replace("City", "Town"), *rows[5:], rows[8], rows[3].replace("City", "Town")
    write(site, ROWS.splitlines()[0] + "\n" + "".join(mixed))
    code, result, said = run(cms, "--batch", "2")
    assert code == 3 and (result["added"], result["changed"], result["unchanged"], result["failed"]) == (5, 2, 1, 1), said
    names = query("SELECT source_key FROM cms.entries WHERE source = 'import:place' ORDER BY source_key")
    assert [name for (name,) in names] == [
        f"content/places/alpha{ending}.md" for ending in ("-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9", "")
    ]


def test_undo_takes_back_what_the_import_did_and_keeps_later_edits(site: Path, cms: Cms, query: Query) -> None:
    write(site)
    run(cms)
    write(site, ROWS.replace("Turin", "Aosta").replace("Milan", "Genoa").replace("3,no", "2,no") + "7,Eta,Pisa,,,,,\n8,Theta,Pisa,,,,,\n")
    number = str(run(cms)[1]["number"])
    beta, theta = (query("SELECT id FROM cms.entries WHERE external_key = %s", key)[0][0] for key in ("2", "8"))
    cms("entry", "set", str(beta), "city=Venice")
    cms("entry", "set", str(theta), "phone=1")
    assert len(cms("import", "show", number)[1]["entries"]) == 4
    code, result, _ = cms("import", "undo", number)
    assert code == 0 and (result["removed"], result["restored"], result["kept"]) == (1, 2, 1)
    rows = query("SELECT external_key, fields ->> 'city', fields ->> 'rating' FROM cms.entries WHERE source = 'import:place' ORDER BY 1")
    assert rows == [("1", "Turin", "4.5"), ("2", "Venice", "3"), ("3", "Rome", None), ("8", "Pisa", None)]
    undo, *_, imported = [act for act in cms("audit")[1]["acts"] if act["kind"] in ("undo", "import")][:2]
    assert (undo["kind"], undo["what"], undo["id"]) == ("undo", f"import {number}: 1 removed, 2 restored, 1 kept", result["act"])
    assert (imported["what"], imported["undone_by"]) == (f"import {number}: places.csv", undo["id"])
    assert cms("import", "undo", number)[1]["problems"][0]["code"] == "import.undone"
    assert cms("import", "undo", "99")[1]["problems"][0]["code"] == "import.not-found"
    assert [one["undone_at"] is not None for one in cms("import", "list")[1]["imports"]] == [True, False]
    assert run(cms)[1]["added"] == 1


def test_an_import_that_was_killed_goes_on_where_it_was(site: Path, cms: Cms, query: Query) -> None:
    count = 1500
    write(site, ROWS.splitlines()[0] + "\n" + "".join(f"{n},Place {n},,{'9' if n % 500 == 7 else 1},,,,\n" for n in range(count)))
    command = [sys.executable, "-m", "cms_ssg", "import", "csv", "places.csv", "--type", "place", "--map", "map.toml", "--batch", "20"]
    process = subprocess.Popen(command, cwd=site, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until and not query("SELECT 1 FROM cms.imports WHERE position >= 100"):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = query("SELECT position FROM cms.imports")[0][0]
    assert 0 < done < count
    code, result, said = run(cms, "--batch", "500")
    assert (code, result["resumed_at"], result["rows"], result["added"], result["failed"]) == (3, done, count, count - 3, 3), said
    lines = (site / "places.errors.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["error_line", "9", "509", "1009"]
    assert query("SELECT count(*) FROM cms.entries WHERE source = 'import:place'") == [(count - 3,)]


def test_json_lines_are_imported_with_their_own_values(site: Path, cms: Cms, query: Query) -> None:
    (site / "places.jsonl").write_text(
        '{"id": 1, "title": "Alpha", "kinds": ["a, b"], "rating": 4}\n[]\n{"id": 2, "title"\n\n{"id": 3, "title": "C", "x": {"y": 1}}\n'
    )
    code, result, _ = cms("import", "jsonl", "places.jsonl", "--type", "place")
    assert code == 3 and (result["added"], result["failed"]) == (2, 2)
    assert query("SELECT fields -> 'kinds', fields -> 'metadata' FROM cms.entries WHERE external_key IN ('1', '3') ORDER BY external_key") == [
        (["a, b"], None), (None, {"x": {"y": 1}}),
    ]  # fmt: skip
    assert cms("import", "jsonl", "places.jsonl", "--type", "place")[1]["unchanged"] == 2


def test_what_cannot_be_imported_at_all_is_said(site: Path, cms: Cms) -> None:
    write(site)
    assert cms("import", "csv", "places.csv", "--type", "nothing")[1]["problems"][0]["code"] == "import.no-type"
    assert run(cms, "--key", "nothing")[1]["problems"][0]["code"] == "import.no-key"
    (site / "places.csv").write_text("name,city\nA,B\n")
    assert run(cms)[1]["problems"][0]["code"] == "import.no-key"
    (site / "map.toml").write_text("[columns]\nname = 1\n")
    assert run(cms)[1]["problems"][0]["code"] == "import.map"
    assert cms("import", "csv", "none.csv", "--type", "place")[1]["problems"][0]["code"] == "import.unreadable"
    write(site)
    assert run(cms, "--errors", "none/errors.csv")[0] == 0
    write(site, ROWS + "4,Delta,Bari,11,,,,\n")
    assert run(cms, "--errors", "none/errors.csv")[1]["problems"][0]["code"] == "import.errors-file"


def test_keys_and_files_that_nothing_can_store_are_errors_of_their_rows(site: Path, cms: Cms) -> None:
    rows = ['{"file": "content/places/a\\u0000.md", "title": "A"}', '{"file": "../up.md", "title": "B"}', '{"file": "content/elsewhere/x.md", "title": "C"}',
            '{"file": "content/places/d.md", "title": "D"}']  # fmt: skip
    (site / "rows.jsonl").write_text("\n".join(rows))
    code, result, said = cms("import", "jsonl", "rows.jsonl", "--type", "place")
    assert (code, result["added"], result["failed"]) == (3, 2, 2), said
    (site / "rows.jsonl").write_text(
        '{"id": "a\\u0000b", "title": "A"}\n{"id": "n", "title": 7, "rating": "NaN"}\n{"id": "\\ud800", "title": "x"}\n'
    )
    code, result, said = cms("import", "jsonl", "rows.jsonl", "--type", "place")
    assert (code, result["added"], result["failed"]) == (3, 1, 2), said
