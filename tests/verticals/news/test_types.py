"""Stories of every type: what their pages show, and the lists they are in."""

from __future__ import annotations

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
    interview = page("city/2026/02/interview")
    assert '<span class="label">Interview</span>' in interview and ">The quay</a></h2>" in interview
    assert '<figcaption>The quay <span class="credit">A. Dahl</span></figcaption>' in interview
    assert ">An interview</a></h2>" in page("topics/harbour")
    front = page("")
    assert front.index("An interview") < front.index("Storm</a>")  # it is featured
    assert "1:25</span>" in front and "Under embargo" not in front and "A plain post" in front
    assert_clean(site)
