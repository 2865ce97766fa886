"""``cms export csv|jsonl`` and ``cms bulk``: what is exported and imported again changes nothing; many entries are changed at once."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.bulk.conftest import Query
from tests.bulk.test_importing import ROWS, run, write
from tests.cli.small_site import Cms

NAUGHTY = json.loads((Path(__file__).parents[1] / "data/naughty/blns.json").read_text("utf-8"))


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_export_then_import_changes_nothing(form: str, site: Path, cms: Cms, query: Query) -> None:
    write(site)
    run(cms)
    texts = ["=1+1", "'=1+1", "-5", "@x", "[1]", '"q"', "a;b", "two\nlines", "\ttab", "<script>", "0x1F", "\\", "’", *NAUGHTY]
    rows = [{"id": f"t{number}", "title": f"T{number}", "phone": text, "unknown": text, "body": text} for number, text in enumerate(texts)]
    (site / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert cms("import", "jsonl", "texts.jsonl", "--type", "place", "--name", "texts")[1]["added"] == len(texts)
    query('UPDATE cms.entries SET fields = fields || \'{"kinds": ["a, b", "c;d"]}\' WHERE external_key = \'1\'')
    before = query("SELECT id, version, fields FROM cms.entries ORDER BY id")
    assert cms("export", form, "--type", "place", "--out", f"out.{form}")[1]["entries"] == 3 + len(texts)
    code, result, said = cms("import", form, f"out.{form}", "--type", "place")
    assert (code, result["unchanged"], result["failed"]) == (0, 3 + len(texts), 0), (result, said)
    assert query("SELECT id, version, fields FROM cms.entries ORDER BY id") == before


def test_entries_of_two_sources_with_one_key_stay_two_when_an_export_is_imported_elsewhere(site: Path, cms: Cms, query: Query) -> None:
    rows = [("content/places/one.md", "7", "One"), ("content/places/two.md", "7", "Two"), ("content/places/three.md", "8", "Three")]
    text = "".join(f"{','.join(row)}\n" for row in (("file", "external_id", "title"), *rows))
    (site / "all.csv").write_text(text)
    code, result, said = cms("import", "csv", "all.csv", "--type", "place")
    assert (code, result["added"], result["failed"]) == (0, 3, 0), said
    assert query("SELECT fields ->> 'title', external_key FROM cms.entries WHERE type = 'place' ORDER BY id") == [
        ("One", "7"),
        ("Two", None),
        ("Three", "8"),
    ]
    (site / "again.csv").write_text(text + "content/places/four.md,9,Four\n")
    result = cms("import", "csv", "again.csv", "--type", "place")[1]
    assert (result["added"], result["changed"], result["unchanged"]) == (1, 0, 3)


def test_entries_of_files_are_exported_with_their_text_and_refused_when_they_differ(site: Path, cms: Cms) -> None:
    cms("build", "--jobs", "1")
    cms("export", "csv", "--type", "post", "--out", "posts.csv")
    text = (site / "posts.csv").read_text()
    assert "Water.\n" in text
    assert cms("import", "csv", "posts.csv", "--type", "post")[1]["unchanged"] == 2
    (site / "posts.csv").write_text(text.replace("Water.", "Wine."))
    code, result, said = cms("import", "csv", "posts.csv", "--type", "post")
    assert (code, result["failed"]) == (3, 1) and "that of a file" in said


def test_no_cell_of_an_export_is_a_formula(site: Path, cms: Cms, capsys: pytest.CaptureFixture[str]) -> None:
    for number, text in enumerate(["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)"]):
        cms("entry", "create", "place", "--set", f"title={text} {number}", "--body-file", str(site / "site.toml"))
    cms("export", "csv", "--type", "place", "--out", "out.csv")
    with (site / "out.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any(cell.startswith("'=cmd") for cell in cells)
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_conditions_choose_entries_and_a_wrong_one_is_said(site: Path, cms: Cms) -> None:
    write(site)
    run(cms)

    def export(*conditions: str) -> int:
        words = [word for condition in conditions for word in ("--where", condition)]
        return int(cms("export", "csv", "--type", "place", "--out", "out.csv", *words)[1]["entries"])

    assert export("city=Turin") == 1
    assert export("city!=Turin") == 2
    assert export("rating>=4") == 1 and export("rating<4") == 1 and export("rating=") == 1 and export("rating!=") == 2
    assert export("kinds=pub") == 2 and export("kinds=pub", "open=true") == 1
    assert export("title~ALPH") == 2 and export("external_id=2") == 1 and export("status=draft") == 0
    assert export("city = 'Turin'") == export('city="Turin"') == export("rating >= '4'") == 1
    assert export("title = 'O''Brien'") == 0 and export("kinds = 'pub'") == 2 and export("city = ''") == export("city=")
    wrongs = ("city == Turin", "city <> Turin", "city =~ Tu", "city = 'Turin' AND open=true", "city=Turin and rating>4", "city LIKE 'T%'")
    for wrong in ("city", "nothing=1", "rating>many", *wrongs):
        code, result, _ = cms("export", "csv", "--type", "place", "--out", "out.csv", "--where", wrong)
        assert code == 2 and result["problems"][0]["code"] == "bulk.where"


def test_many_entries_are_changed_and_the_pages_are_named_before(site: Path, cms: Cms, query: Query) -> None:
    write(site, ROWS)
    run(cms)
    cms("build", "--jobs", "1")
    code, result, _ = cms("bulk", "update", "--type", "place", "--where", "title=Alpha", "--set", "city=Bologna", "--dry-run")
    assert code == 0 and (result["matched"], result["changed"]) == (2, 2)
    pages = {path for path, _ in result["pages"]}
    assert {"/places/alpha/", "/places/alpha-3/"} <= pages and "/places/beta/" not in pages
    assert query("SELECT count(*) FROM cms.entries WHERE fields ->> 'city' = 'Bologna'") == [(0,)]
    assert query("SELECT count(*) FROM cms.dirty") == [(0,)]
    cms("bulk", "update", "--type", "place", "--where", "title=Alpha", "--set", "city=Bologna")
    built = cms("build", "--jobs", "1")[1]
    assert built["planned"] == len(pages)
    idle = cms("bulk", "update", "--type", "place", "--where", "title=Alpha", "--set", "city=Bologna")[1]
    assert (idle["unchanged"], idle["act"]) == (2, 0)
    assert query("SELECT DISTINCT origin FROM cms.acts WHERE kind = 'bulk'") == [("cli",)]
    deleted = cms("bulk", "delete", "--type", "place", "--where", "city = 'Bologna'")[1]
    assert deleted["changed"] == 2
    cms("build", "--jobs", "1", "--confirm-removals")
    assert [path.name for path in (site / "build/places").iterdir()] == ["beta"]
    assert len(cms("undo", str(deleted["act"]))[1]["restored"]) == 2
    cms("undo")
    assert query("SELECT count(*), min(status) FROM cms.entries WHERE fields ->> 'city' = 'Bologna'") == [(0, None)]
    assert cms("undo")[1]["removed"] == 1, "the import; what was edited since stays"
    assert cms("undo")[1]["problems"][0]["code"] == "undo.nothing"
    cms("build", "--jobs", "1", "--confirm-removals")
    assert not (site / "build/places/beta").exists()
    assert cms("undo", "--release", "--dry-run")[0] == 0
    assert cms("undo", "--release")[1]["written"] > 0
    assert (site / "build/places/beta/index.html").exists()


def test_bulk_changes_reach_files_too(site: Path, cms: Cms) -> None:
    cms("build", "--jobs", "1")
    code, result, _ = cms("bulk", "update", "--type", "post", "--where", "title=Flood", "--set", "section=news", "--dry-run")
    assert (code, result["changed"], result["files"]) == (0, 1, 1)
    assert "/2025/03/flood/" in {path for path, _ in result["pages"]}
    assert "section" not in (site / "content/posts/flood.md").read_text()
    assert cms("bulk", "update", "--type", "post", "--where", "title=Flood", "--set", "section=news", "--unset", "tags")[1]["changed"] == 1
    text = (site / "content/posts/flood.md").read_text()
    assert "section: news" in text and "tags" not in text
    assert cms("bulk", "delete", "--type", "post", "--where", "title=Flood")[1]["files"] == 1
    assert "status: trashed" in (site / "content/posts/flood.md").read_text()


def test_fields_that_are_not_for_many_and_a_change_of_all_by_mistake_are_refused(site: Path, cms: Cms) -> None:
    for pair in ("slug=same", "nothing=1", "status=trashed"):
        code, result, _ = cms("bulk", "update", "--type", "place", "--where", "city=x", "--set", pair)
        assert code == 2 and result["problems"][0]["code"] == "bulk.field"
    assert cms("bulk", "update", "--type", "place", "--set", "city=x")[1]["problems"][0]["code"] == "cli.usage"
    assert cms("bulk", "delete", "--type", "place")[1]["problems"][0]["code"] == "cli.usage"
