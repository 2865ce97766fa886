"""Of the five stories that are shown as related to one, how many a person calls related: fifty stories of the Rust blog."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.siteonpage import SiteOnPage

WHOLE = "REAL_SITES"
JUDGED = Path(__file__).parents[2] / "data" / "rust-blog-related.json"
SITE = '-- site.toml --\ntitle = "Rust"\nverticals = ["blog", "news"]\n[home]\nlist = "news/all"\n'
BOXES = """
SELECT e.source_key, f.source_key FROM cms.related_boxes b JOIN cms.entries e ON e.id = b.entry, jsonb_array_elements(b.shown) WITH ORDINALITY x(item, place)
JOIN cms.entries f ON f.id = (x.item ->> 'entry')::bigint WHERE x.place <= 5 ORDER BY 1, x.place"""


def list_stories(folder: Path) -> dict[str, str]:
    """The blog's posts as stories without tags, by file."""
    stories = {}
    for file in sorted(folder.rglob("*.md")):
        found = re.match(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)", file.read_text("utf-8"), re.DOTALL)
        path = re.search(r'^path = "(?:[a-z-]*/)?(\d{4}/\d\d/\d\d)/(.*)"', found[1], re.MULTILINE) if found else None
        title = re.search(r'^title = "(.*)"', found[1], re.MULTILINE) if found else None
        if found and path and title:
            date, slug = path[1].replace("/", "-"), re.sub(r"[^a-z0-9]+", "-", path[2].lower()).strip("-")
            section = "Inside Rust" if "inside-rust" in file.parts else "Rust"
            quoted = title[1].replace("'", "''").replace('\\"', '"')
            stories[f"content/articles/{date}-{slug}.md"] = f"---\ntitle: '{quoted}'\ndate: {date}\nsection: {section}\n---\n{found[2]}"
    return stories


@pytest.mark.long
def test_three_of_five_related_stories_are_what_a_person_calls_related(make_site: Callable[[str], SiteOnPage]) -> None:
    if WHOLE not in os.environ:
        pytest.skip(f"{WHOLE} names no folder with news-rust-blog")
    site = make_site(SITE)
    for name, text in list_stories(Path(os.environ[WHOLE], "news-rust-blog/content")).items():
        site.write_file(name, text)
    site.build()
    shown: dict[str, list[str]] = {}
    for one, other in site.query(BOXES):
        shown.setdefault(Path(one).stem, []).append(Path(other).stem)
    judged = json.loads(JUDGED.read_text("utf-8"))
    right = sum(len(set(shown.get(story, ())) & set(said["good"])) for story, said in judged.items())
    assert len(judged) == 50
    assert right / (5 * len(judged)) >= 0.6  # what nobody has judged counts as wrong
