"""Public answers carry tags in the header that the site's CDN reads, where tags are switched on."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from cms_ssg.api.answers import BRIEFLY
from cms_ssg.publish.tags import answer_tag, entry_tag, site_tag
from tests.api.atlas import Api, serve_api

CDNS = {
    "fastly": ('service = "one"', "Surrogate-Key", " "),
    "cloudflare": ('zone = "023e105f4ecef8ad9ca31a8372d0c353"', "Cache-Tag", ","),
    "cloudfront": ('distribution = "E2QWRUHAPOMQZL"', "x-amz-meta-cache-tag", ","),
}


@pytest.mark.parametrize("kind", CDNS)
def test_answers_carry_tags_in_the_header_of_the_cdn(atlas: tuple[Path, str], tmp_path: Path, kind: str) -> None:
    setting, header, between = CDNS[kind]
    shutil.copytree(atlas[0], tmp_path / "atlas", ignore=shutil.ignore_patterns("build", ".cms"))
    with (tmp_path / "atlas/site.toml").open("a") as file:
        file.write(f'\n[cdn]\nkind = "{kind}"\n{setting}\ntags = true\n')
    with serve_api([tmp_path / "atlas"], atlas[1]) as api:
        for path in ("/api/search?q=tide", "/api/search?q=tide", "/api/suggest?q=tide", "/search?q=tide"):  # the second is given as bytes
            assert api.get(path).headers[header].split(between) == [site_tag("atlas"), answer_tag("search", "atlas")]


def test_no_public_answer_stays_at_a_cdn_for_longer_than_the_docs_say(api: Api) -> None:
    """Nothing purges them there: see "At the CDN" in docs/cache.md."""
    api.framework.state.limiter._count = lambda *_: 0.0
    seen = set()
    for path, methods in api.json("/api/openapi.json")["paths"].items():
        if "get" not in methods or path.startswith("/docs"):
            continue
        for number in ("1", "2"):
            header = api.get(re.sub(r"{\w+}", number, path), params={"q": "tide"} if "search" in path else {}).headers.get(
                "cache-control", ""
            )
            if "public" in header:
                seconds = sum(map(int, re.findall(r"(?:s-maxage|stale-while-revalidate)=(\d+)", header)))
                seen.add(path)
                assert "max-age=0" in header, path
                assert seconds <= 5, path
    assert {"/api/search", "/api/suggest"} <= seen
    assert "s-maxage=1, stale-while-revalidate=1," in BRIEFLY


def test_without_tags_no_header_and_an_entry_has_the_tag_of_its_pages(api: Api) -> None:
    assert not {header.lower() for _, header, _ in CDNS.values()} & set(api.get("/api/search?q=tide").headers)
    assert answer_tag("entry/7", "atlas") == entry_tag(7)
    assert answer_tag("fact/rating/7", "atlas") != answer_tag("fact/rating/7", "other")
