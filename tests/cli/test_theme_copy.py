"""`cms theme copy`: a template of the site's own, to be changed."""

from __future__ import annotations

from pathlib import Path

from tests.cli.small_site import Cms


def test_copied_template_changes_nothing_until_it_is_changed(site: Path, cms: Cms) -> None:
    assert cms("build")[0] == 0
    code, result, _ = cms("theme", "copy", "post.html")
    assert (code, result["file"]) == (0, "themes/base/templates/post.html")
    assert cms("plan")[1]["outputs"] == []
    file = site / result["file"]
    file.write_text(file.read_text() + "<!-- own -->")
    assert [output["path"] for output in cms("plan")[1]["outputs"]] == ["/2025/03/flood/"]
    code, result, _ = cms("theme", "copy", "post.html")
    assert (code, result["problems"][0]["code"]) == (1, "authoring.exists")
    assert file.read_text().endswith("<!-- own -->")


def test_unknown_template_is_told_with_those_there_are(site: Path, cms: Cms) -> None:
    for name in ("pst.html", "../../site.toml", "partials"):
        code, result, said = cms("theme", "copy", name)
        assert (code, result["problems"][0]["code"]) == (2, "theme.no-template")
        assert "partials/card.html" in said
    assert 'Did you mean "post.html"?' in cms("theme", "copy", "pst.html")[2]
