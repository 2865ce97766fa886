"""A Hugo site with every construct that the move knows."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

_BUFFER = io.BytesIO()
Image.new("RGB", (80, 50), (20, 90, 160)).save(_BUFFER, "PNG")
PICTURE = _BUFFER.getvalue()

FILES = {
    "hugo.toml": """baseURL = "https://old.example/"
languageCode = "en-GB"
title = "Harbour"
defaultContentLanguage = "en"
[pagination]
pagerSize = 2
[permalinks]
posts = "/:year/:month/:slug/"
[params]
phone = "12 34"
[taxonomies]
tag = "tags"
topic = "topics"
[languages.en]
weight = 1
[languages.de]
weight = 2
languageName = "Deutsch"
[[menu.main]]
name = "Docs"
url = "/docs/"
weight = 2
[[menu.main]]
name = "About"
pageRef = "/about"
weight = 1
""",
    "content/_index.md": "---\ntitle: Home\n---\nWelcome.\n",
    "content/about.md": "---\ntitle: About\naliases: [/who-we-are/, /old/about.html]\n---\nWe are at {{< param phone >}}.\n",
    "content/about.de.md": "---\ntitle: Wir\n---\nAm Hafen.\n",
    "content/posts/_index.md": "---\ntitle: All posts\n---\nWhat we wrote.\n",
    "content/posts/High Tide.md": "---\ntitle: High Tide, again\ndate: 2024-03-01\ntags: [Sea Level, C++]\ntopics: [water]\n---\n"
    'See {{< ref "/docs/setup.md#first" >}} or [it]({{< relref "storm" >}}).\n\n'
    '{{< figure src="/gauge.png" title="Gauge" caption="at noon" >}}\n\n{{< highlight go "linenos=table" >}}\nx := "{{"\n{{< /highlight >}}\n\n{{< youtube abc >}}\n\n'
    '{{< notice tip >}}Take **care**{{< /notice >}}\n\n{{< gallery dir="x" />}}\n\n{{% details summary="More" %}}\nHidden *text*\n{{% /details %}}\n\n`{{</* shown */>}}`\n',
    "content/posts/storm/index.md": "+++\ntitle = 'Storm'\ndate = 2024-04-02T10:00:00Z\nslug = 'the-storm'\n+++\n![Boat](boat.png)\n\n<!--more-->\n\nWind.\n",
    "content/posts/storm/boat.png": PICTURE,
    "content/posts/third.md": '{"title": "Third", "date": "2024-05-01", "url": "/special/third.html"}\nThree.\n',
    "content/posts/draft.md": "---\ntitle: Secret draft\ndate: 2024-05-01\ndraft: true\n---\nHush.\n",
    "content/v1.0/index.md": "---\ntitle: Version 1.0\ndate: 2024-02-01\n---\nOut.\n",
    "content/docs/_index.md": "---\ntitle: Docs\n---\n",
    "content/docs/setup.md": "---\ntitle: Set up\nweight: 1\n---\n## First\n\nDo it.\n",
    "content/docs/deep/More.md": "---\ntitle: More\n---\nDeep.\n",
    "content/tags/sea-level/_index.md": "---\ntitle: Sea Level\n---\nAbout levels.\n",
    "layouts/shortcodes/notice.html": '<aside class="notice {{ .Get 0 }}">{{ with .Get "title" }}<b>{{ . }}</b>{{ end }}{{ .Inner | markdownify }}</aside>',
    "layouts/shortcodes/gallery.html": '{{ range (readDir (.Get "dir")) }}{{ .Name }}{{ end }}',
    "static/gauge.png": PICTURE,
    "data/tides.yaml": "monday: 3\n",
}

OLD_ADDRESSES = """/ /v1.0/
/about/ /who-we-are/ /old/about.html /de/ /de/about/ /posts/ /2024/03/high-tide-again/ /2024/04/the-storm/ /2024/04/the-storm/boat.png /special/third.html
/docs/ /docs/setup/ /docs/deep/more/ /tags/ /tags/sea-level/ /tags/c++/ /topics/ /topics/water/ /page/2/ /posts/page/2/ /index.xml /posts/index.xml /gauge.png""".split()


def write_files(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return folder
