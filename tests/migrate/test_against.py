"""``cms check --against`` names the addresses of an old site that do not exist here."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.cli.small_site import Cms
from tests.cli.small_site import site as site  # noqa: PLC0414 - a fixture

SITEMAP = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "&#47;about/">]>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>https://old.org/about/</loc></url>
<url><loc>
  https://old.org/gone/?a=1&amp;b=2</loc></url>
<url><loc>https://old.org/2025/03/flood</loc></url>
<url><loc>https://old.org/tags/water/</loc></url>
<url><loc>https://old.org/</loc></url>
<url><loc>https://old.org/feed.xml</loc></url>
<url><loc>https://old.org/former/</loc></url>
</urlset>
"""


def list_unanswered(result: dict[str, list[dict[str, object]]]) -> list[tuple[object, object]]:
    return [(problem["line"], problem["message"]) for problem in result["problems"] if problem["code"] == "check.unanswered"]


@pytest.mark.parametrize("packed", [False, True])
def test_pages_lists_feeds_and_redirects_answer_and_what_does_not_is_named_by_line(cms: Cms, site: Path, packed: bool) -> None:
    (site / "site.toml").write_text((site / "site.toml").read_text() + '[redirects]\n"/former/" = "/about/"\n')
    data = SITEMAP.encode()
    (site / "old.xml").write_bytes(gzip.compress(data) if packed else data)
    code, result, _ = cms("check", "--against", "old.xml")
    assert code == 3
    assert list_unanswered(result) == [(5, "https://old.org/gone/?a=1&b=2 does not exist on this site")]


def test_a_text_has_one_address_a_line_and_an_index_names_files_beside_it(cms: Cms, site: Path) -> None:
    (site / "old.txt").write_text("# old\n/about/\n\nhttps://x.org/nothing\n/%zz\n")
    assert list_unanswered(cms("check", "--against", "old.txt")[1]) == [
        (4, "https://x.org/nothing does not exist on this site"),
        (5, "/%zz does not exist on this site"),
    ]
    (site / "part.xml").write_text(SITEMAP)
    (site / "index.xml").write_text("<sitemapindex><sitemap><loc>https://old.org/part.xml</loc></sitemap></sitemapindex>")
    assert {line for line, _ in list_unanswered(cms("check", "--against", "index.xml")[1])} == {5, 10}


@pytest.mark.parametrize("data", [None, b"", b"\x1f\x8bxx", b"<urlset></urlset><loc></loc>"])
def test_a_file_without_addresses_is_refused(cms: Cms, site: Path, data: bytes | None) -> None:
    if data is not None:
        (site / "old.xml").write_bytes(data)
    code, result, _ = cms("check", "--against", "old.xml")
    assert (code, result["problems"][0]["code"]) == (1, "check.no-addresses")
