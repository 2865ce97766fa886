"""``cms entry``: entries without a file from the command line, and those of files in their files."""

from __future__ import annotations

from pathlib import Path

from tests.cli.small_site import Cms


def test_an_entry_is_created_shown_changed_hidden_trashed_and_brought_back(site: Path, cms: Cms) -> None:
    (site / "body.md").write_text("A *wet* day.\n")
    code, made, _ = cms(
        "entry", "create", "post", "--set", "title=Rain", "--set", "date=2025-05-05", "--body-file", "body.md", "--author", "ada"
    )
    assert code == 0 and made["version"] == 1 and made["path"] == "/2025/05/rain/"
    assert cms("build", "--jobs", "1")[0] == 0
    page = site / "build/2025/05/rain/index.html"
    assert "<em>wet</em>" in page.read_text()
    number = str(made["number"])
    code, shown, _ = cms("entry", "show", "/2025/05/rain/")
    assert code == 0 and shown["number"] == made["number"] and shown["body"] == "A *wet* day.\n" and shown["author"] == "ada"
    code, changed, _ = cms("entry", "set", number, "title=Heavy rain", "tags=[water]", "--expected-version", "1")
    assert code == 0 and changed["version"] == 2 and changed["changes"]["tags"] == [None, ["water"]]
    code, refused, said = cms("entry", "set", number, "title=Mine", "--expected-version", "1")
    assert code == 1 and refused["problems"][0]["code"] == "entry.changed" and "Heavy rain" in said
    assert cms("entry", "unpublish", number)[1]["what"] == "changed status"
    cms("build", "--jobs", "1")
    assert not page.exists()
    assert cms("entry", "trash", "heavy rain")[0] == 0
    assert [one["status"] for one in cms("entry", "list", "--source", "api")[1]["entries"]] == ["trashed"]
    assert cms("entry", "restore", number)[1]["changes"]["status"] == ["trashed", "draft"]
    assert cms("entry", "publish", number, "--at", "2999-01-01", "--keep-date")[1]["changes"]["publish_at"] == [
        None,
        "2999-01-01T00:00:00Z",
    ]
    assert cms("entry", "publish", number, "--keep-date")[0] == 0
    cms("build", "--jobs", "1")
    assert "Heavy rain" in page.read_text()
    assert cms("entry", "unpublish", number)[0] == 0
    dated = cms("entry", "publish", number, "--at", "2999-01-01")[1]["changes"]["date"]
    assert dated == ["2025-05-05T00:00:00Z", "2999-01-01T00:00:00Z"]
    assert cms("entry", "publish", number)[1]["changes"]["date"][1] < "2999", "it goes out now, no more in 2999"
    assert "date" not in cms("entry", "publish", number)[1]["changes"], "public already"


def test_a_files_entry_is_changed_in_its_file(site: Path, cms: Cms) -> None:
    cms("build", "--jobs", "1")
    number = next(one["number"] for one in cms("entry", "list", "--source", "file")[1]["entries"] if one["title"] == "Flood")
    code, edit, _ = cms("entry", "set", str(number), "section=news")
    assert code == 0 and edit["source"] == "file"
    assert "section: news" in (site / "content/posts/flood.md").read_text()
    assert cms("entry", "unpublish", "flood")[0] == 0
    assert "draft: true" in (site / "content/posts/flood.md").read_text()
    assert cms("entry", "publish", "flood")[0] == 0
    assert cms("entry", "trash", "flood")[0] == 0
    assert "status: trashed" in (site / "content/posts/flood.md").read_text()
    assert cms("entry", "restore", "flood")[0] == 0
    (site / "body.md").write_text("x")
    code, refused, _ = cms("entry", "set", "flood", "--body-file", "body.md")
    assert code == 2 and refused["problems"][0]["code"] == "entry.of-file"


def test_entries_are_written_as_files_of_content(site: Path, cms: Cms) -> None:
    cms("entry", "create", "post", "--set", "title=Rain: heavy", "--set", "date=2025-05-05", "--draft")
    code, result, said = cms("export", "content", "out")
    assert code == 0, said
    assert code == 0 and (result["files"], result["written"]) == (1, 1)
    text = (site / "out/content/posts/rain-heavy.md").read_text()
    assert text == '---\ntitle: "Rain: heavy"\nslug: rain-heavy\ndate: "2025-05-05T00:00:00Z"\ndraft: true\n---\n'
    assert cms("export", "content", "out")[1]["written"] == 0
    code, refused, _ = cms("export", "content", "site.toml")
    assert code == 1 and refused["problems"][0]["code"] == "export.folder"


def test_what_cannot_be_found_or_read_is_said(site: Path, cms: Cms) -> None:
    assert cms("entry", "show", "99999")[1]["problems"][0]["code"] == "entry.not-found"
    assert cms("entry", "show", "nothing like it")[1]["problems"][0]["code"] == "authoring.not-found"
    cms("entry", "create", "page", "--set", "title=Twin one")
    cms("entry", "create", "page", "--set", "title=Twin two")
    assert cms("entry", "show", "twin")[1]["problems"][0]["code"] == "entry.ambiguous"
    (site / "body.md").write_bytes(b"caf\xe9")
    assert cms("entry", "create", "page", "--set", "title=x", "--body-file", "body.md")[1]["problems"][0]["code"] == "entry.encoding"
    assert cms("entry", "create", "page", "--set", "title")[1]["problems"][0]["code"] == "authoring.not-a-field"
