"""How long an export of WordPress takes to move in: python scripts/bench_migrate.py --posts 10000.

Makes the export, moves it in with `cms migrate wordpress`, and prints seconds of the clock and of the processor for each part.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

WORDS = "river harbour wall tide storm council meeting budget school street market bridge winter summer light engine letter garden paper window".split()
HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>The Gazette</title><link>https://old.example</link><language>en-GB</language><wp:wxr_version>1.2</wp:wxr_version>
<wp:base_site_url>https://old.example</wp:base_site_url><wp:base_blog_url>https://old.example</wp:base_blog_url>
"""


def make_sentence(rng: random.Random) -> str:
    """A few words."""
    return " ".join(rng.choices(WORDS, k=rng.randint(6, 18))).capitalize() + "."


def make_body(rng: random.Random, number: int) -> str:
    """Blocks of paragraphs, headings, lists, a picture with a caption, a gallery, a quote, an embed; each fourth post is classic."""
    paragraphs = [" ".join(make_sentence(rng) for _ in range(rng.randint(3, 6))) for _ in range(8)]
    if number % 4 == 0:
        picture = f"https://old.example/wp-content/uploads/2020/01/p{number}.jpg"
        caption = f'[caption id="a" width="300"]<img src="{picture}" alt="p" width="300" /> {make_sentence(rng)}[/caption]'
        return "\n\n".join([*paragraphs[:4], caption, f"<strong>{paragraphs[4]}</strong>", "[gallery ids='1,2']", *paragraphs[5:]])
    parts = [
        f'<!-- wp:paragraph -->\n<p>{text} <a href="https://old.example/?p={rng.randint(1, number)}">more</a></p>\n<!-- /wp:paragraph -->'
        for text in paragraphs
    ]
    parts.insert(2, f'<!-- wp:heading -->\n<h2 class="wp-block-heading">{make_sentence(rng)}</h2>\n<!-- /wp:heading -->')
    items = "".join(f"<!-- wp:list-item -->\n<li>{make_sentence(rng)}</li>\n<!-- /wp:list-item -->" for _ in range(4))
    parts.insert(4, f'<!-- wp:list -->\n<ul class="wp-block-list">{items}</ul>\n<!-- /wp:list -->')
    parts.insert(
        6,
        f'<!-- wp:quote -->\n<blockquote class="wp-block-quote"><p>{make_sentence(rng)}</p><cite>A.</cite></blockquote>\n<!-- /wp:quote -->',
    )
    figure = f'<figure class="wp-block-image"><img src="https://old.example/wp-content/uploads/2020/01/p{number}-300x200.jpg" alt=""/><figcaption>x</figcaption></figure>'
    parts.insert(7, f'<!-- wp:image {{"id":{number}}} -->\n{figure}\n<!-- /wp:image -->')
    return "\n\n".join(parts)


def list_items(posts: int) -> Iterator[str]:
    """The items of the export: posts with terms and comments, and a picture for each third."""
    rng = random.Random(1)
    for number in range(1, posts + 1):
        day = f"{2010 + number % 14}-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
        path = f"{day.replace('-', '/')}/{'-'.join(rng.choices(WORDS, k=4))}-{number}/"
        terms = "".join(
            f'<category domain="{kind}" nicename="{word}"><![CDATA[{word.title()}]]></category>'
            for kind, word in (("category", rng.choice(WORDS)), ("post_tag", rng.choice(WORDS)), ("post_tag", rng.choice(WORDS)))
        )
        comments = "".join(
            f"<wp:comment><wp:comment_id>{number * 10 + n}</wp:comment_id><wp:comment_parent>{number * 10 + n - 1 if n else 0}</wp:comment_parent>"
            f"<wp:comment_content><![CDATA[{make_sentence(rng)}]]></wp:comment_content></wp:comment>"
            for n in range(3)
        )
        yield make_item(number, "post", day, f"https://old.example/{path}", make_body(rng, number), terms + comments)
        if number % 3 == 0:
            url = f"<wp:attachment_url>https://old.example/wp-content/uploads/2020/01/p{number}.jpg</wp:attachment_url>"
            yield make_item(posts + number, "attachment", day, f"https://old.example/{path}p{number}/", "", url)


def make_item(number: int, kind: str, day: str, link: str, body: str, more: str) -> str:
    """One item. day: of its publication; more: elements that only some have."""
    return (
        f"<item><title>Title {number} of the Gazette</title><link>{link}</link><dc:creator><![CDATA[ada]]></dc:creator>"
        f"<content:encoded><![CDATA[{body}]]></content:encoded><excerpt:encoded><![CDATA[]]></excerpt:encoded><wp:post_id>{number}</wp:post_id>"
        f"<wp:post_date>{day} 09:00:00</wp:post_date><wp:post_date_gmt>{day} 09:00:00</wp:post_date_gmt>"
        f"<wp:post_name><![CDATA[{link.rstrip('/').rpartition('/')[2]}]]></wp:post_name><wp:status>{'publish' if kind == 'post' else 'inherit'}</wp:status>"
        f"<wp:post_type>{kind}</wp:post_type>{more}</item>\n"
    )


def write_export(out: TextIO, posts: int) -> None:
    """Write the whole file."""
    out.write(HEAD)
    out.writelines(list_items(posts))
    out.write("</channel></rss>\n")


def measure(title: str, *words: str) -> None:
    """Run a command and print how long it took."""
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "cms_ssg", *words], check=False, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{title}: {time.monotonic() - begun:.1f} s, {cpu:.1f} s of the processor, {after.ru_maxrss // 1024} MB at most", flush=True)


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="Write the export and the site here, and keep them.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        export = folder / "export.xml"
        with export.open("w", encoding="utf-8") as out:
            write_export(out, options.posts)
        print(f"{options.posts:,} posts, {export.stat().st_size / 1e6:.0f} MB", flush=True)
        measure("move in", "migrate", "wordpress", str(export), str(folder / "site"))
        measure("move in again", "migrate", "wordpress", str(export), str(folder / "site"))


if __name__ == "__main__":
    main()
