"""Rules of collections: locale, date, section, type and URL of a file."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.config.settings import Collection, Locale, Settings, Taxonomy
from cms_ssg.content.collections.rules import Rules, find_collection, find_type, make_rules
from cms_ssg.content.schema.content_types import load_schemas
from cms_ssg.content.url_patterns import MissingValue, make_path
from cms_ssg.files.bundled import folder
from cms_ssg.files.globs import compile_glob

SCHEMAS = load_schemas(folder("content_schema") / "core", folder("content_schema") / "blog")


def rules_of(*collections: Collection, **settings: Any) -> Rules:
    settings.setdefault("locales", (Locale(code="en"), Locale(code="pt-br"), Locale(code="it", prefix="/italia")))
    return make_rules(Settings(collection=collections, **settings), SCHEMAS)


def path_of(
    collection: Collection, file: str, fields: dict[str, Any] | None = None, locale: str = "en", type_name: str = "", **settings: Any
) -> str:
    fields = {"slug": "my-slug", "date": "2025-03-01T00:30:00Z", **(fields or {})}
    return rules_of(collection, **settings).entry_path(collection.name, type_name or collection.type, locale, file, fields)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/{year}/{month}/{day}/{slug}/", "/2025/03/01/my-slug/"),
        ("{slug}", "/my-slug/"),
        ("/{path}/", "/deep/er/file/"),
        ("/{path}.html", "/deep/er/file.html"),
        ("/x/{folder}/{slug}/", "/x/deep/er/my-slug/"),
        ("/{section}/{slug}/", "/world-news/my-slug/"),
        ("/{locale}/{type}/{slug}/", "/en/post/my-slug/"),
        ("/{colour}/{slug}/", "/dark-red/my-slug/"),
        ("/{tags}/{slug}/", "/first/my-slug/"),
        ("", "/2025/03/my-slug/"),
    ],
)
def test_url_pattern_is_filled_from_stored_fields(url: str, path: str) -> None:
    collection = Collection(name="c", path="content", url=url)
    fields = {"section": "World News", "colour": "Dark Red", "tags": ["first", "second"]}
    assert path_of(collection, "content/deep/er/file.md", fields) == path


def test_empty_section_leaves_no_segment_and_other_empty_names_are_errors() -> None:
    assert path_of(Collection(name="c", url="/{section}/{slug}/"), "content/a.md") == "/my-slug/"
    with pytest.raises(MissingValue, match="needs 'colour'"):
        path_of(Collection(name="c", url="/{colour}/{slug}/"), "content/a.md")
    with pytest.raises(MissingValue, match="needs 'year'"):
        path_of(Collection(name="c", url="/{year}/{slug}/"), "content/a.md", {"date": None})


def test_month_in_the_path_is_the_site_zones() -> None:
    collection = Collection(name="c", url="/{year}/{month}/{day}/")
    assert path_of(collection, "content/a.md", timezone="America/New_York") == "/2025/02/28/"
    assert path_of(collection, "content/a.md", {"date": "9999-12-30T23:59:59Z"}, timezone="Pacific/Kiritimati") == "/9999/12/31/"


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("content/about.md", "/about/"),
        ("content/about/index.md", "/about/"),
        ("content/about/_index.md", "/about/"),
        ("content/index.md", "/"),
        ("content/My Page!.md", "/my-page/"),
        ("content/v1.2.3.md", "/v1.2.3/"),
        ("content/東京.md", "/東京/"),
    ],
)
def test_path_is_the_files_without_index_and_suffix(file: str, path: str) -> None:
    assert path_of(Collection(name="c", type="page", url="/{path}/"), file) == path


def test_path_in_front_matter_wins() -> None:
    collection = Collection(name="c", type="page", url="/{path}/")
    assert path_of(collection, "content/a.md", {"path": "2015/05/15/Rust-1.0"}) == "/2015/05/15/Rust-1.0/"
    assert path_of(collection, "content/a.md", {"path": "/old/page.html"}) == "/old/page.html"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/italia/nome/", "/italia/nome/"),
        ("/nome", "/nome/"),
        ("/nome.html", "/nome.html"),
        ("/caff%C3%A8/", "/caffè/"),
        ("/", "/"),
        ("nome", "/italia/docs/nome/"),
        ("sub/nome/", "/italia/docs/sub/nome/"),
    ],
)
def test_a_path_that_begins_with_a_slash_is_the_whole_path_with_its_locale(given: str, path: str) -> None:
    collection = Collection(name="c", path="content", type="page", url="/docs/{path}/", locale="folder")
    assert path_of(collection, "content/it/a.md", {"path": given}, locale="it") == path
    if given.startswith("/"):
        dated = Collection(name="c", path="content", url="/{year}/{slug}/", locale="folder")
        assert path_of(dated, "content/it/a.md", {"path": given, "date": "2025-01-01T00:00:00Z", "slug": "a"}, locale="it") == path


def test_a_date_that_the_file_name_gives_is_not_in_its_path() -> None:
    collection = Collection(name="c", url="/{path}/", date="filename")
    assert path_of(collection, "content/2015-05-15-rust.md") == "/rust/"
    assert path_of(collection, "content/news/2015-05-15-rust/index.md") == "/news/rust/"
    assert path_of(collection, "content/2015-5-1.md") == "/2015-5-1/"
    assert path_of(Collection(name="c", url="/{path}/"), "content/2015-05-15-rust.md") == "/2015-05-15-rust/"
    assert rules_of(collection).read_place(collection, "content/2015-05-15-rust.md").key == "content/2015-05-15-rust"


@pytest.mark.parametrize(
    ("rule", "file", "locale", "key", "path"),
    [
        ("", "content/a/b.md", "en", "content/a/b", "/a/b/"),
        ("folder", "content/pt_BR/a/b.md", "pt-br", "content/a/b", "/pt-br/a/b/"),
        ("folder", "content/it/index.md", "it", "content/", "/italia/"),
        ("folder", "content/b.md", "en", "content/b", "/b/"),
        ("suffix", "content/a/b.pt-br.md", "pt-br", "content/a/b", "/pt-br/a/b/"),
        ("suffix", "content/v1.2.md", "en", "content/v1.2", "/v1.2/"),
        ("suffix", "content/a/index.it.md", "it", "content/a", "/italia/a/"),
    ],
)
def test_locale_is_found_in_the_path(rule: str, file: str, locale: str, key: str, path: str) -> None:
    collection = Collection(name="c", path="content", type="page", url="/{path}/", locale=rule)
    place = rules_of(collection).read_place(collection, file)
    assert (place.locale, place.key) == (locale, key)
    assert path_of(collection, file, locale=locale) == path


def test_fallback_page_lives_below_the_other_locales_prefix() -> None:
    collection = Collection(name="c", path="content", type="page", url="/{path}/", locale="folder")
    assert path_of(collection, "content/en/about.md", locale="it") == "/italia/about/"


@pytest.mark.parametrize(
    ("rule", "file", "date", "stem"),
    [
        ("filename", "content/2015-05-15-rust.md", "2015-05-15", "rust"),
        ("filename", "content/2015-5-1.md", "2015-05-01", "2015-5-1"),
        ("filename", "content/2015-05-15-mir/index.md", "2015-05-15", "mir"),
        ("filename", "content/rust.md", "", "rust"),
        ("path", "content/2015/05/15/rust.md", "2015-05-15", "rust"),
        ("path", "content/2015-05-15-x/rust.md", "2015-05-15", "rust"),
        ("", "content/2015-05-15-rust.md", "", "2015-05-15-rust"),
    ],
)
def test_date_is_found_in_the_path(rule: str, file: str, date: str, stem: str) -> None:
    collection = Collection(name="c", date=rule)
    place = rules_of(collection).read_place(collection, file)
    assert (place.date, place.stem) == (date, stem)


@pytest.mark.parametrize(
    ("file", "section", "bundle"),
    [
        ("content/a.md", "", ""),
        ("content/news/a.md", "news", ""),
        ("content/news/world/a.md", "news", ""),
        ("content/a/index.md", "", "content/a"),
        ("content/news/a/index.md", "news", "content/news/a"),
        ("content/news/_index.md", "news", ""),
    ],
)
def test_section_is_the_first_folder_that_is_not_the_entrys_own(file: str, section: str, bundle: str) -> None:
    collection = Collection(name="c")
    place = rules_of(collection).read_place(collection, file)
    assert (place.folder, place.bundle) == (section, bundle)


def test_collection_is_the_first_whose_patterns_match() -> None:
    collections = (
        Collection(name="drafts", path="content/posts", glob=("drafts/**/*.md",)),
        Collection(name="posts", path="content/posts/", exclude=("README.md", "**/_*/**")),
        Collection(name="all", path="."),
    )
    found = {
        file: getattr(find_collection(file, collections), "name", None)
        for file in (
            "content/posts/drafts/a.md",
            "content/posts/a.md",
            "content/posts/x/README.md",
            "content/posts/_x/a.mdx",
            "content/postscript.md",
            "a.txt",
        )
    }
    assert list(found.values()) == ["drafts", "posts", "all", "all", "all", None]


def test_types_by_pattern() -> None:
    collection = Collection(name="c", type="page", types={"*/blog/**/*": "post", "_index.md": "term"})
    assert [
        find_type(collection, inner) for inner in ("en/blog/a.md", "en/blog/x/a.md", "en/about.md", "en/blog/_index.md", "en/x/_index.md")
    ] == ["post", "post", "page", "post", "term"]


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("**/*.md", "a.md", True), ("**/*.md", "a/b/c.md", True), ("*.md", "a/b.md", True), ("a/*.md", "a/b/c.md", False), ("a/**",
        "a/b/c", True),
        ("a/*.{md,mdx}", "a/b.mdx", True), ("v[0-9].md", "v1.md", True), ("v[!0-9].md", "v1.md", False), ("?.md", "é.md", True),
        ("a.md", "aXmd", False), ("/*.md", "a.md", True), ("/*.md", "a/b.md", False), ("drafts/", "a/drafts/b/c.md", True),
        ("drafts/", "drafts.md", False), ("/drafts/", "a/drafts/b.md", False), ("a/b/", "a/b/c.md", True), ("a/b/", "x/a/b/c.md", False),
    ],
)  # fmt: skip
def test_glob(pattern: str, path: str, matches: bool) -> None:
    assert bool(compile_glob(pattern).fullmatch(path)) is matches


def test_default_collections_are_there_without_settings() -> None:
    rules = make_rules(Settings(), SCHEMAS)
    assert [getattr(find_collection(file, rules.collections), "type", None) for file in ("content/posts/a.md", "content/pages/a.md",
    "content/authors/a.md", "content/terms/tag/a.md", "x.md")] == [
        "post", "page", "author", "term", None,
    ]  # fmt: skip


def test_digest_changes_with_what_reading_depends_on_and_with_nothing_else() -> None:
    base = rules_of(Collection(name="c")).digest
    assert rules_of(Collection(name="c"), title="Other", theme="x").digest == base
    assert rules_of(Collection(name="c", url="/x/")).digest != base
    assert rules_of(Collection(name="c"), timezone="Europe/Rome").digest != base
    assert rules_of(Collection(name="c"), taxonomies={"kind": Taxonomy(field="kinds", url="/k/{slug}/")}).digest != base


def test_rules_can_be_sent_to_another_process() -> None:
    rules = rules_of(Collection(name="c", types={"*.x": "page"}))
    assert pickle.loads(pickle.dumps(rules)).digest == rules.digest


@given(
    st.text(max_size=30),
    st.text(max_size=30),
    st.sampled_from(["/{slug}/", "/{path}", "/{section}/{slug}.html", "/{year}/{title}/", "/a%b/{slug}/", "/{bad"]),
)
def test_any_fields_give_a_safe_path_or_a_clear_error(slug: str, path: str, pattern: str) -> None:
    collection = Collection(name="c", url=pattern)
    try:
        made = path_of(collection, "content/a.md", {"slug": slug, "path": path, "section": path, "title": slug})
    except ValueError as error:
        assert str(error)  # noqa: PT017
        return
    assert made.startswith("/") and ".." not in made.split("/") and "//" not in made


def test_pattern_with_an_unclosed_brace_is_an_error() -> None:
    with pytest.raises(ValueError, match="brace"):
        make_path("/{slug/", {"slug": "x"})
