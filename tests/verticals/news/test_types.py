"""Stories of every type: what their pages show, and the lists they are in."""

from __future__ import annotations

import gzip
import json
import re
from io import BytesIO

from PIL import Image

from tests.engine.siteonpage import SiteOnPage
from tests.verticals.news.newsroom import assert_clean

FILES = {
    "galleries/night.md": """title: The night
date: 2026-02-27 11:00
section: City
pictures:
  - src: /one.jpg
    alt: A quay
    caption: Before
    credit: Ada
  - src: /two.jpg""",
    "videos/tram/index.md": """title: The tram
date: 2026-02-27 12:00
section: City
video: tram.mp4
captions: tram.vtt
duration: '1:25'
image: /two.jpg
transcript: |
  Ding.

  Dong.""",
    "articles/interview.md": """title: An interview
date: 2026-02-27 13:00
section: City
kicker: Interview
is_featured: true
tags: [Harbour]
series: The quay
image: /one.jpg
image_caption: The quay
image_credit: A. Dahl""",
    "articles/later.md": """title: Under embargo
date: 2026-02-27 14:00
section: City
publish_at: 2026-03-02 10:00""",
    "topics/harbour.md": """title: The harbour
tag: Harbour""",
    "posts/plain.md": """title: A plain post
date: 2026-02-27 15:00
section: City""",
}


def test_each_type_shows_what_it_is_made_of(newsroom: SiteOnPage) -> None:
    site = newsroom
    for name, front in FILES.items():
        site.write_file(f"content/{name}", f"---\n{front}\n---\nText of {name}.\n")
    picture = BytesIO()
    Image.new("RGB", (60, 40), "#345").save(picture, "JPEG")
    for name in ("static/one.jpg", "static/two.jpg"):
        site.write_file(name, picture.getvalue())
    for name in ("tram.mp4", "tram.vtt"):
        site.write_file(f"content/videos/tram/{name}", b"x")
    site.edit("site.toml", "[news]\n", '[news]\ninclude = "ssi"\n')  # so that nothing below comes from a script's data
    assert [str(problem) for problem in site.build().result.problems] == []

    def page(path: str) -> str:
        return (site.output / path / "index.html").read_text("utf-8")

    night = page("city/2026/02/night")
    assert night.count("<figure>") == 2 and "1/2</span> Before" in night and '<span class="credit">Ada</span>' in night
    tram = page("city/2026/02/tram")
    assert 'src="/city/2026/02/tram/tram.mp4"' in tram and 'src="/city/2026/02/tram/tram.vtt"' in tram and "<p>Dong." in tram
    film = json.loads(re.findall(r'ld\+json">(.*?)</script>', tram, re.DOTALL)[0])["@graph"][0]["video"]
    assert (
        film["@type"] == "VideoObject"
        and film["name"] == "The tram"
        and film["duration"] == "PT1M25S"
        and film["transcript"] == "Ding.\n\nDong.\n"
    )
    assert (
        film["contentUrl"].startswith("http")
        and film["contentUrl"].endswith("/tram/tram.mp4")
        and film["uploadDate"].startswith("2026-02-27")
    )
    interview = page("city/2026/02/interview")
    assert '<span class="label">Interview</span>' in interview and ">The quay</a></h2>" in interview
    assert '<figcaption>The quay <span class="credit">A. Dahl</span></figcaption>' in interview
    assert ">An interview</a></h2>" in page("topics/harbour")
    front = page("")
    assert front.index("An interview") < front.index("Storm</a>")  # it is featured
    headlines = re.findall(r"<h[23]><a href=[^>]*>([^<]+)</a></h[23]>", front)
    assert sorted(set(headlines)) == sorted(headlines)  # each story once, opinions too
    assert "1:25</span>" in front and "Under embargo" not in front and "A plain post" in front
    assert_clean(site)


def test_the_front_page_is_light_without_its_pictures(newsroom: SiteOnPage) -> None:
    newsroom.build()
    front = (newsroom.output / "index.html").read_text("utf-8")
    names = re.findall(r'(?:href|src)="(/assets/[^"]+)"', front)
    styles = "".join((newsroom.output / name[1:]).read_text("utf-8") for name in names if name.endswith(".css") and "site." not in name)
    assert any("news" in name for name in names) and "italic" not in styles  # an italic headline would fetch a second font
    fonts = list((newsroom.output / "assets").glob("serif.*.woff2"))
    assert len(fonts) == 1
    weight = sum(
        len(gzip.compress((newsroom.output / name[1:]).read_bytes())) for name in {*names, "/index.html"} if not name.endswith(".woff2")
    )
    assert 20_000 < weight + fonts[0].stat().st_size <= 50_000
