"""Times that contradict each other, and the zone in which months are counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.small_site import SITE, Cms


@pytest.mark.parametrize(
    ("times", "line", "start"),
    [
        ("publish_at: 2999-02-01\nexpire_at: 2999-01-01\n", 5, "publish_at"),
        ("publish_at: 2025-02-01\nexpire_at: 2025-02-01\n", 5, "publish_at"),
        ("expire_at: 2025-02-28\n", 4, "date"),
    ],
)
def test_content_that_is_over_before_it_begins_is_told_by_check_build_and_why(
    site: Path, cms: Cms, times: str, line: int, start: str
) -> None:
    (site / "content/posts/flood.md").write_text(f"---\ntitle: Flood\ndate: 2025-03-01\n{times}---\n")
    for command in ("check", "build"):
        code, result, _ = cms(command)
        (problem,) = [p for p in result["problems"] if p["code"] == "content.never-shown"]
        assert (code, problem["place"], problem["line"]) == (0, "content/posts/flood.md", line)
        assert f"is not after its {start} (" in problem["message"]
    code, result, _ = cms("why", "content/posts/flood.md")
    assert (code, result["problems"][0]["code"]) == (1, "why.no-page")
    assert result["problems"][0]["message"].startswith("never has a page: it would go out at ")
    assert [item["title"] for item in cms("calendar")[1]["items"]] == ["Later"]


def test_content_with_time_to_be_shown_is_no_mistake(site: Path, cms: Cms) -> None:
    (site / "content/posts/flood.md").write_text("---\ndate: 2025-03-01\npublish_at: 2025-01-01\nexpire_at: 2025-02-01\n---\n")
    (site / "content/pages/about.md").write_text("---\ntitle: About\ndate: 2025-03-01\nexpire_at: 2025-02-01\n---\n")
    told = [p["code"] for p in cms("check")[1]["problems"]]
    assert "content.never-shown" not in told, "a page is not about a date"


def test_a_change_in_the_calendar_is_cancelled_by_its_number_and_the_audit_has_an_old_name(site: Path, cms: Cms) -> None:
    cms("entry", "create", "page", "--set", "title=Prices")
    code, _, said = cms("entry", "set", "prices", "title=Higher prices", "--at", "2999-01-01")
    assert code == 0, said
    (change,) = cms("entry", "pending")[1]["pending"]
    assert f"change {change['id']}" in str(cms("calendar")[1]["items"])
    assert cms("calendar", "--cancel", str(change["id"]))[0] == 0
    assert "change" not in str(cms("calendar")[1]["items"])
    assert cms("calendar", "--cancel", "4711")[0] != 0
    code, acts, said = cms("audit-log")
    assert code == 0 and "cms audit" in said
    assert acts == cms("audit")[1] and acts["acts"][-1]["kind"] == "create"


def test_publishing_at_a_time_after_the_end_says_that_it_is_never_shown(site: Path, cms: Cms) -> None:
    (site / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\nexpire_at: 2999-01-01\n---\n")
    code, result, _ = cms("publish", "flood", "--at", "2999-06-01")
    assert (code, result["what"]) == (0, "no draft, but never shown: its expire_at is 2999-01-01 00:00 UTC")
    assert [p["code"] for p in result["problems"]] == ["content.never-shown"]


def test_addresses_and_lists_count_months_in_the_sites_zone_and_sitemaps_in_utc(site: Path, cms: Cms) -> None:
    (site / "site.toml").write_text('timezone = "Europe/Rome"\n' + SITE)
    (site / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-31T22:30:00Z\n---\n")
    cms("build")
    assert (site / "build/2025/04/flood/index.html").is_file()
    assert "/2025/04/flood/" in (site / "build/2025/04/index.html").read_text()
    (sitemap,) = [file for file in (site / "build").rglob("sitemap*.xml") if "/2025/04/flood/" in file.read_text()]
    assert "2025-03" in sitemap.name


def test_why_says_that_a_file_was_changed_since_the_last_build(site: Path, cms: Cms) -> None:
    (site / "content/posts/later.md").write_text("---\ntitle: Later\ndate: 2025-04-01\ndraft: true\n---\n")
    cms("build")
    assert cms("why", "later")[1]["problems"][0]["message"] == "has no page: it is a draft"
    cms("publish", "later", "--at", "2999-12-24")
    assert cms("why", "later")[1]["problems"][0]["message"] == "has no page yet: it was changed since the last build"
    cms("build")
    assert cms("why", "later")[1]["problems"][0]["message"].startswith("has no page before 2999-12-24")
