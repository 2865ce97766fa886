"""Everything an editor, a designer and an administrator can do to the sample site, as small named edits."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.engine.sample import render_settings
from tests.engine.siteonpage import SiteOnPage

FIELDS: dict[str, tuple[str, ...]] = {
    "title": ("A", "Zebra", "a", "Ä & <b>", "B"),
    "excerpt": ("Short.", "Other."),
    "date": ("2026-01-01", "2026-01-02", "2026-01-02T10:00:00Z", "2026-02-28T23:30:00Z", "2025-12-31", "2026-03-05", "2027-01-01"),
    "updated": ("2026-02-01", "2026-02-20"),
    "tags": ("[red]", "[blue, red]", "[Red, crimson]", "[Übung, red]", "[]"),
    "authors": ("[ada]", "[bob]", "[Ada, bob]"),
    "section": ("news", "sport", "News"),
    "series": ("Colours", "Tides"),
    "weight": ("1", "2", "-3"),
    "slug": ("a", "b", "same", "page", "logo"),
    "aliases": ("[/old-b/]", "[/2026/b/, /x/]", "[/news/]", "[/logo.svg]", "[/tags/, /, /feed.xml]", "[/old-b/, /tags/red/]"),
    "draft": ("true",),
    "published": ("false", "2026-03-02"),
    "expires": ("2026-03-03",),
    "publish_at": ("2026-03-02", "2026-02-01"),
    "expire_at": ("2026-03-03", "2026-12-01"),
    "noindex": ("true",),
    "canonical": ("https://b.org/x/", "/news/"),
    "image": ("d.svg", "/logo.svg", "/p.jpg", "p.jpg"),
    "focus": ("0% 0%", "90% 90%"),
    "layout": ("page", "nowhere"),
    "divisor": ("1", "2", "0"),
    "translation_key": ("shared", "content/posts/a"),
    "parent": ("red", "crimson", "nothing"),
    "taxonomy": ("tag", "section"),
    "path": ("/about/", "/deep/er/", "about.html", "/sitemap.xml", "/it/about/", "/tags/"),
    "id": ("one", "two"),
    "extra": ("x", "y"),
}
BODIES = (
    "Short.",
    "Two [a](a.md) words.",
    "{{< note >}}n{{< /note >}}",
    "{{< note >}}[a](a.md) ![q](/logo.svg){{< /note >}}",
    "![p](d.svg) ![q](/logo.svg)",
    "![p](/p.jpg) ![q](d/p.jpg)",
    "{{< note >}}![p](/p.jpg){{< /note >}} ![q](p.jpg)",
    "## One\n\n## Two [x](#o-n-e)",
    "[gone](gone.md) [e](/2026/e/)",
)
NEW_FILES = (
    "content/posts/a.md", "content/posts/b.it.md", "content/posts/c.it.md", "content/posts/new.md", "content/posts/new.it.md", "content/posts/d/index.it.md",
    "content/posts/f/index.md", "content/posts/f/index.en.md", "content/posts/t.txt", "content/posts/f/index.txt",
    "content/posts/logo.svg.md", "content/pages/new.md", "content/pages/2026/a.md", "content/pages/news.md", "content/pages/about.it.md",
    "content/pages/tags.md", "content/authors/bob.md", "content/authors/ada.it.md", "content/terms/tag/blue.md", "content/terms/tag/red.it.md",
    "content/terms/section/news.md", "content/terms/author/ada.md", "content/terms/series/colours.md",
)  # fmt: skip
STATIC_FILES = (
    "static/logo.svg",
    "static/x.txt",
    "static/2026/a/index.html",
    "static/about/index.html",
    "static/robots.txt",
    "static/news/index.html",
    "static/tags",
    "static/it",
)
BUNDLE_FILES = (
    "content/posts/d/d.svg",
    "content/posts/d/deep/e.svg",
    "content/posts/f/f.svg",
    "content/posts/loose.svg",
    "content/pages/p.svg",
)
IMAGE_FOLDER = Path(__file__).parents[1] / "data/images"
IMAGE_FILES = ("static/p.jpg", "static/p.jpg", "content/posts/d/p.jpg")
IMAGES = ("hopper.jpg", "hopper.jpg", "rgb.jpg", "truncated_jpeg.jpg", None)
DATA = (
    "about: first\ncontact: second\n",
    "about: third\nbob: {name: Robert, work: there}\n",
    "ada: {name: Ada L, work: here}\n",
    "[",
    None,
)
TEMPLATES = (
    "base.html", "footer.html", "macros.html", "parts.html", "post.html", "page.html", "entry.html", "list.html", "home.html", "terms.html", "404.html",
    "redirect.html", "shortcodes/note.html",
)  # fmt: skip
SCHEMAS: dict[str, tuple[str, dict[str, object]]] = {
    "extra": ("post", {"properties": {"extra": {"type": "string", "x-card": True}}}),
    "sort": ("post", {"x-sort": ["weight", "-date"]}),
    "required": ("post", {"required": ["section"]}),
    "recipe": (
        "recipe",
        {
            "x-extends": "page",
            "x-sort": ["title"],
            "x-url": "/recipes/{slug}/",
            "properties": {"serves": {"type": "number", "x-card": True}},
        },
    ),
}


@dataclass
class Editor:
    """Edits one site. Where an edit makes no sense now it does nothing."""

    site: SiteOnPage
    values: dict[str, str] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    serial: int = 0

    @property
    def root(self) -> Path:
        return self.site.root

    def files(self) -> list[str]:
        """The files that are there and content by some setting of the globs."""
        found = (path for path in (self.root / "content").rglob("*") if path.suffix in (".md", ".txt"))
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def pick(self, number: int) -> str | None:
        files = self.files()
        return files[number % len(files)] if files else None

    # Content

    def set_field(self, number: int, name: str, value: str | None) -> None:
        if (file := self.pick(number)) is None:
            return
        text = re.sub(rf"(?m)^{name}:.*\n", "", self.read(file))
        if value is not None and text.startswith("---\n"):
            text = text.replace("---\n", f"---\n{name}: {value}\n", 1)
        self.site.write_file(file, text)

    def set_body(self, number: int, body: str) -> None:
        if (file := self.pick(number)) is not None:
            head, fence, _ = self.read(file).partition("\n---\n")
            self.site.write_file(file, f"{head}{fence}{body}\n")

    def create(self, file: str) -> None:
        self.serial += 1
        date = "date: 2026-01-15\n" if "posts" in file else ""
        self.site.write_file(file, f"---\ntitle: New {self.serial % 3}\n{date}---\nText {self.serial % 3}.\n")

    def delete(self, number: int) -> None:
        if (file := self.pick(number)) is not None:
            (self.root / file).unlink()

    def delete_folder(self) -> None:
        shutil.rmtree(self.root / "content/posts/d", ignore_errors=True)

    def move(self, number: int, to: str) -> None:
        file = self.pick(number)
        if file is not None and not (self.root / to).exists():
            self.site.move(file, to)

    def move_folder(self) -> None:
        old, new = self.root / "content/posts/d", self.root / "content/posts/f"
        if old.is_dir() and not new.exists():
            old.rename(new)

    def turn(self, number: int) -> None:
        """Give a file the other ending: content that becomes a plain file, or the other way round."""
        if (file := self.pick(number)) is not None:
            self.move(number, file.removesuffix(".md") + ".txt" if file.endswith(".md") else file.removesuffix(".txt") + ".md")

    def swap(self, one: int, two: int) -> None:
        a, b = self.pick(one), self.pick(two)
        if a is not None and b is not None and a != b:
            first, second = self.read(a), self.read(b)
            self.site.write_file(a, second)
            self.site.write_file(b, first)

    def break_file(self, number: int) -> str | None:
        if (file := self.pick(number)) is not None:
            self.site.write_file(file, "---\ntitle: [\n---\nBroken.\n")
        return file

    def read(self, file: str) -> str:
        return (self.root / file).read_text("utf-8")

    # Files

    def put_file(self, path: str) -> None:
        self.serial += 1
        target = self.root / path
        if target.parent.is_dir() or not path.startswith("content"):
            self.site.write_file(path, f"<svg>{self.serial % 3}</svg>")

    def put_image(self, path: str, image: str | None) -> None:
        """An image that is whole, of other bytes, broken, or away."""
        if image is None:
            self.remove_file(path)
        elif (self.root / path).parent.is_dir():
            self.site.write_file(path, (IMAGE_FOLDER / image).read_bytes())

    def remove_file(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    # Theme, data, settings, schemas

    def mark_template(self, name: str, mark: int) -> None:
        """Change what a template prints: at its start, in its block or macro."""
        path = f"themes/plain/templates/{name}"
        text = re.sub(r"\[mark\d\]", "", self.read(path))
        at = re.search(r"{% block main %}|{% macro [^%]*%}", text)
        where = at.end() if at else len(text)
        self.site.write_file(path, text[:where] + (f"[mark{mark}]" if mark else "") + text[where:])

    def break_template(self, name: str, broken: bool) -> None:
        path = f"themes/plain/templates/{name}"
        text = self.read(path).replace("{% if %}", "")
        self.site.write_file(path, ("{% if %}" if broken else "") + text)

    def override(self, name: str, text: str | None) -> None:
        path = f"themes/child/templates/{name}"
        if text is None:
            self.remove_file(path)
        else:
            self.site.write_file(path, self.read(f"themes/plain/templates/{name}") + text)

    def set_text(self, locale: str, key: str, value: str | None) -> None:
        path = self.root / f"i18n/{locale}.toml"
        if value is None:
            path.unlink(missing_ok=True)
        else:
            self.site.write_file(f"i18n/{locale}.toml", f'{key} = "{value}"\n')

    def set_data(self, name: str, text: str | None) -> None:
        if text is None:
            self.remove_file(f"data/{name}.yaml")
        else:
            self.site.write_file(f"data/{name}.yaml", text)

    def set_asset(self, name: str, text: str | None) -> None:
        path = f"themes/child/assets/{name}"
        if text is None:
            self.remove_file(path)
        else:
            self.site.write_file(path, text)

    def set_schema(self, name: str, there: bool) -> None:
        """User schemas: of each type one file that merges those that are on."""
        key = f"schema:{name}"
        self.tables.discard(key)
        if there:
            self.tables.add(key)
        documents: dict[str, dict[str, object]] = {}
        for schema, (type_name, document) in SCHEMAS.items():
            if f"schema:{schema}" in self.tables:
                documents.setdefault(type_name, {}).update(document)
        shutil.rmtree(self.root / "content_schema", ignore_errors=True)
        for type_name, document in documents.items():
            self.site.write_file(f"content_schema/{type_name}.json", json.dumps(document))
        self.write_settings()

    def set_setting(self, name: str, value: str) -> None:
        self.values[name] = value
        self.write_settings()

    def set_table(self, name: str, there: bool) -> None:
        self.tables.discard(name)
        if there:
            self.tables.add(name)
        self.write_settings()

    def write_settings(self) -> None:
        """A collection of a type that is not there is refused, so it comes and goes with its type."""
        without_type = set() if "schema:recipe" in self.tables else {"recipes"}
        tables = [name for name in self.tables - without_type if not name.startswith("schema:")]
        self.site.write_file("site.toml", render_settings(self.site.root.name, self.values, tables))
