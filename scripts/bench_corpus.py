"""Write a made-up news archive to measure with: the same bytes on every machine for the same count and seed.

    bench_corpus.py FOLDER COUNT [--seed 1]

Articles lie evenly over the two years before 2026, each with one of 20 categories, 3 of 200 tags, one of 50 authors and
about 450 words in which every common Markdown construct occurs.
"""

from __future__ import annotations

import argparse
import itertools
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

END = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = timedelta(days=730)
CATEGORIES = [f"category-{number:02d}" for number in range(20)]
TAGS = [f"tag-{number:03d}" for number in range(200)]
AUTHORS = [f"author-{number:02d}" for number in range(50)]
CODE = "```python\nfor item in range(10):\n    print(item)\n```"


class Writer:
    """Writes articles in an invented language of 3,000 words, used as often as words are: the nth 1/n times.

    The order of the calls to the random generator is part of the format: another order gives other bytes.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        starts = [*"bdfgklmnprstvz", "ch", "st", "br", "tr", "pl"]
        syllables = [start + vowel for start in starts for vowel in [*"aeiou", "ai", "ou"]]
        words: dict[str, None] = {}
        while len(words) < 3000:
            length = self.random.choice((1, 2, 2, 3, 3, 4))
            words["".join(self.random.choices(syllables, k=length))] = None
        self.words = list(words)
        self.weights = list(itertools.accumulate(1 / rank for rank in range(1, len(self.words) + 1)))

    def sentence(self) -> str:
        """8 to 18 words; in every fourth sentence one is marked up."""
        length = self.random.randint(8, 18)
        words = self.random.choices(self.words, cum_weights=self.weights, k=length)
        if self.random.random() < 0.25:
            place = self.random.randrange(length)
            word = words[place]
            words[place] = self.random.choice((f"**{word}**", f"*{word}*", f"`{word}`", f"[{word}](https://example.com/{word})"))
        return " ".join(words).capitalize() + "."

    def plain(self, sentence: str) -> str:
        """A sentence without its markup, cut where a link would begin its address."""
        return sentence.replace("*", "").replace("`", "").partition("](")[0].replace("[", "")

    def paragraph(self) -> str:
        length = self.random.randint(2, 5)
        return " ".join(self.sentence() for _ in range(length))

    def row(self) -> str:
        word = self.random.choice(self.words)
        return f"| {word} | {self.random.randrange(1000)} |"

    def image(self) -> str:
        word = self.random.choice(self.words)
        return f"![{word}](/images/{self.random.randrange(500):03d}.jpg)"

    def body(self) -> str:
        """Paragraphs, headings, a list, an image, a quotation, a table and code."""
        blocks = [self.paragraph(), self.paragraph(), f"## {self.sentence()[:-1]}", self.paragraph()]
        blocks.append("\n".join(f"- {self.sentence()}" for _ in range(4)))
        blocks += [self.paragraph(), self.image(), f"## {self.sentence()[:-1]}", f"> {self.sentence()}", self.paragraph()]
        blocks.append("\n".join(["| Name | Value |", "| --- | ---: |", *(self.row() for _ in range(4))]))
        blocks += [CODE, self.paragraph()]
        return "\n\n".join(blocks)

    def article(self, slug: str, date: datetime) -> str:
        """A whole file: YAML front matter and body."""
        title = self.plain(self.sentence()[:-1])[:90]
        category = self.random.choice(CATEGORIES)
        tags = ", ".join(sorted(self.random.sample(TAGS, 3)))
        author = self.random.choice(AUTHORS)
        summary = self.plain(self.sentence())
        return (
            f'---\ntitle: "{title}"\nslug: {slug}\ndate: {date:%Y-%m-%dT%H:%M:%SZ}\ncategories: [{category}]\ntags: [{tags}]\n'
            f'authors: [{author}]\nsummary: "{summary}"\n---\n\n{self.body()}\n'
        )


def write_corpus(folder: Path, count: int, seed: int = 1) -> None:
    """Write count articles below folder: ``posts/<year>-<month>/article-<number>.md``, oldest first."""
    writer = Writer(seed)
    step = SPAN / count
    for number in range(count):
        slug, date = f"article-{number:06d}", END - step * (count - number)
        month = folder / "posts" / f"{date:%Y-%m}"
        month.mkdir(parents=True, exist_ok=True)
        (month / f"{slug}.md").write_text(writer.article(slug, date), encoding="utf-8")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write_corpus(arguments.folder, arguments.count, arguments.seed)


if __name__ == "__main__":
    main()
