"""Whole files: from bytes to drafts, and what becomes of every kind of bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.config.settings import Collection, Limits, Locale, Markdown, Settings, Taxonomy
from cms_ssg.content import read as reading
from cms_ssg.content import time_limit
from cms_ssg.content.collections.rules import Rules, make_rules
from cms_ssg.content.read import read_draft
from cms_ssg.content.read_file import MAX_CONTENT_BYTES, read_file
from cms_ssg.content.schema.content_types import load_schemas
from cms_ssg.content.time_limit import TooSlow, limit_cpu
from cms_ssg.files.bundled import folder
from cms_ssg.text.slugs import safe_path
from cms_ssg.types import Draft, Problem

SCHEMAS = load_schemas(folder("content_schema") / "core", folder("content_schema") / "blog")
TAXONOMIES = {"tag": Taxonomy(field="tags", url="/tags/{slug}/"), "category": Taxonomy(field="categories", url="/c/{slug}/")}
NAUGHTY = json.loads((Path(__file__).parents[1] / "data" / "naughty" / "blns.json").read_text(encoding="utf-8"))


def rules_of(*collections: Collection, **settings: Any) -> Rules:
    settings.setdefault("taxonomies", TAXONOMIES)
    settings.setdefault("markdown", Markdown(highlight=False))
    return make_rules(Settings(collection=collections, **settings), SCHEMAS)


def read(text: str | bytes, file: str = "content/posts/x.md", rules: Rules | None = None) -> tuple[Draft | None, tuple[Problem, ...]]:
    return read_draft(rules or rules_of(), file, text if isinstance(text, bytes) else text.encode())


def draft_of(text: str, file: str = "content/posts/x.md", rules: Rules | None = None) -> Draft:
    draft, problems = read(text, file, rules)
    assert draft is not None, problems
    return draft


def codes(text: str | bytes, file: str = "content/posts/x.md", rules: Rules | None = None) -> list[tuple[str, int, str]]:
    return [(problem.code, problem.line, problem.severity) for problem in read(text, file, rules)[1]]


def test_post_with_everything_becomes_a_draft() -> None:
    text = (
        "---\ntitle: The flood\nslug: flood\ndate: 2025-03-01 09:00\nupdated: 2025-03-02\nsection: news\n"
        "tags: [water, rain]\nauthors: Ada\nseries: Rivers\nimage: flood.jpg\nis_featured: true\nweight: 3\n"
        "publish_at: 2025-03-01\nexpire_at: 2026-01-01T00:00:00+01:00\naliases: [old/flood.html]\nlayout: wide\n"
        "translation_key: flood\nid: abc\nmeta_title: M\nmeta_description: D\nnoindex: true\nexcerpt: Water.\n"
        "categories: [c]\nmood: wet\n---\n\nText.\n"
    )
    draft = draft_of(text, rules=rules_of(timezone="Europe/Rome"))
    assert draft.fields == {
        "title": "The flood", "slug": "flood", "date": "2025-03-01T08:00:00Z", "updated": "2025-03-01T23:00:00Z", "section": "news",
        "tags": ["water", "rain"], "authors": ["Ada"], "series": "Rivers", "image": "flood.jpg", "is_featured": True, "weight": 3,
        "publish_at": "2025-02-28T23:00:00Z", "expire_at": "2025-12-31T23:00:00Z", "aliases": ["/old/flood.html"], "layout": "wide",
        "id": "abc",
        "meta_title": "M", "meta_description": "D", "noindex": True, "excerpt": "Water.", "categories": ["c"], "metadata": {"mood": "wet"},
    }  # fmt: skip
    assert (draft.type, draft.collection, draft.locale, draft.translation_key, draft.status) == (
        "post",
        "posts",
        "en",
        "flood",
        "published",
    )
    assert draft.publish_at == datetime(2025, 2, 28, 23, tzinfo=UTC)
    assert draft.expire_at == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert draft.body.html == "<p>Text.</p>\n"
    assert draft.problems == ()
    msgspec.json.encode(draft.fields)


def test_the_one_term_of_a_field_may_be_a_list_of_one() -> None:
    rules = rules_of(
        Collection(name="posts", path="content/posts", type="post"), taxonomies={"series": Taxonomy(field="series", url="/s/{slug}/")}
    )
    text = "---\ntitle: A\ndate: 2025-01-01\nseries: {}\n---\n"
    assert draft_of(text.format("[Rivers]"), rules=rules).fields["series"] == "Rivers"
    assert codes(text.format("[Rivers, Lakes]"), rules=rules) == [("content.field", 4, "error")]
    assert codes(text.format("x").replace("title: A", "title: [A]"), rules=rules) == [("content.field", 2, "error")]


def test_title_and_slug_come_from_the_heading_and_the_file_where_nothing_is_said() -> None:
    rules = rules_of(Collection(name="c", type="page"))
    assert draft_of("# The *best* day\n\nText", "content/My File.md", rules).fields == {"title": "The best day", "slug": "my-file"}
    assert draft_of("Text", "content/some-page.md", rules).fields == {"title": "Some page", "slug": "some-page"}
    assert draft_of("", "content/a/index.md", rules).fields == {"title": "A", "slug": "a"}


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("draft: true", "draft"),
        ("draft: false", "published"),
        ("status: trashed", "trashed"),
        ("status: draft", "draft"),
        ("draft: true\nstatus: published", "draft"),
        ("", "published"),
    ],
)
def test_status_comes_from_draft_or_status(lines: str, status: str) -> None:
    draft = draft_of(f"---\ndate: 2025-01-01\n{lines}\n---\n")
    assert draft.status == status
    assert "draft" not in draft.fields and "status" not in draft.fields


def test_collection_maps_fields_gives_defaults_and_finds_date_and_section() -> None:
    rules = rules_of(
        Collection(
            name="blog", path="blog", url="/{path}/", section="folder", date=r"path:^(?P<year>\d{4})/(?P<month>\d\d)/(?P<day>\d\d)/",
            fields={"excerpt": "description", "authors": "author", "series": "extra.line", "tags": "tags"},
            defaults={"layout": "news", "weight": 1},
        )
    )  # fmt: skip
    text = '+++\npath = "2015/05/15/Rust-1.0"\ntitle = "Rust"\ndescription = "D"\nauthor = "A, B"\nweight = 5\n[extra]\nline = "S"\n+++\n'
    draft = draft_of(text, "blog/inside/x.md", rules)
    assert draft.fields == {
        "path": "2015/05/15/Rust-1.0", "title": "Rust", "excerpt": "D", "authors": ["A, B"], "series": "S", "date": "2015-05-15T00:00:00Z",
        "section": "inside", "layout": "news", "weight": 5, "slug": "x", "metadata": {"extra": {"line": "S"}},
    }  # fmt: skip
    assert rules.entry_path("blog", "post", "en", draft.file, draft.fields) == "/2015/05/15/Rust-1.0/"


def test_locales_by_folder_share_a_translation_key() -> None:
    rules = rules_of(Collection(name="c", path="pages", locale="folder", type="page"), locales=(Locale(code="en"), Locale(code="pt-br")))
    drafts = [draft_of("Text", f"pages/{locale}/about/us.mdx", rules) for locale in ("en", "pt-br")]
    assert [(draft.locale, draft.translation_key) for draft in drafts] == [("en", "pages/about/us"), ("pt-br", "pages/about/us")]
    assert codes("Text", "pages/xx/about.md", rules) == [("content.unknown-locale", 0, "error")]


def test_locale_by_field() -> None:
    rules = rules_of(Collection(name="c", type="page", locale="field:lang"), locales=(Locale(code="en"), Locale(code="it")))
    draft = draft_of("---\nlang: IT\n---\n", "content/a.md", rules)
    assert draft.locale == "it" and "metadata" not in draft.fields
    assert draft_of("", "content/a.md", rules).locale == "en"
    assert codes("---\ntitle: A\nlang: xx\n---\n", "content/a.md", rules) == [("content.unknown-locale", 3, "error")]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # what is raised while an object is freed
def test_file_that_takes_too_long_to_read_is_told_and_keeps_its_last_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    head = "---\ndate: 2025-01-01\n---\n"
    text = head + "word *emphasis* [link](a.md)\n\n" * 20_000
    assert draft_of(text).body.links
    monkeypatch.setattr(reading, "MOST_CPU_S", 0.05)
    monkeypatch.setattr(time_limit, "AGAIN_S", 0.02)
    assert codes(text) == [("content.slow", 0, "error")]
    assert draft_of(head + "short").body.words == 1


def test_limits_of_time_nest_and_leave_nothing_behind() -> None:
    seen = []

    def work() -> None:
        while True:
            pass

    def work_within(inner_s: float) -> None:
        try:
            with limit_cpu(inner_s):
                work()
        except TooSlow:
            seen.append("inner")
        work()

    with pytest.raises(TooSlow), limit_cpu(0.2):
        work_within(0.05)
    assert seen == ["inner"]
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL
    with limit_cpu(0.01):
        pass
    sum(range(1_000_000))


def test_other_types_have_their_own_fields() -> None:
    rules = rules_of(
        Collection(name="r", path="content/redirects", type="redirect"),
        *make_rules(Settings(), SCHEMAS).collections,
    )
    assert draft_of("---\nname: Ada L.\nurl: https://a.b\n---\nBio", "content/authors/ada.md", rules).fields == {
        "name": "Ada L.",
        "url": "https://a.b",
        "title": "Ada L.",
        "slug": "ada",
    }
    assert draft_of("---\nparent: water\n---\n", "content/terms/tag/flood.md", rules).fields == {
        "parent": "water",
        "title": "Flood",
        "slug": "flood",
        "taxonomy": "tag",
    }
    assert draft_of("---\nfrom: old.html\nto: /new/\n---\n", "content/redirects/x.md", rules).fields["from"] == ["/old.html"]
    for target in ("javascript:alert(1)", '"java\\tscript:alert(1)"', '"\\x01data:text/html,x"'):
        assert codes(f"---\nfrom: old.html\nto: {target}\n---\n", "content/redirects/x.md", rules) == [("content.field", 3, "error")], (
            target
        )


def test_section_index_describes_its_section() -> None:
    rules = rules_of(Collection(name="c", types={"**/_index.md": "term"}, section="folder"))
    draft = draft_of("---\ntitle: News\n---\nAbout news", "content/news/_index.md", rules)
    assert (draft.type, draft.fields["taxonomy"], draft.fields["slug"], draft.bundle) == ("term", "section", "news", "")


def test_bundle_is_the_folder_of_an_index_but_not_the_collections_own() -> None:
    rules = rules_of(Collection(name="c", type="page", locale="folder"), locales=(Locale(code="en"),))
    assert [draft_of("x", file, rules).bundle for file in ("content/en/a/index.md", "content/en/index.md", "content/en/a/b.md")] == [
        "content/en/a",
        "",
        "",
    ]


def test_digest_is_of_the_bytes_and_the_rules() -> None:
    text = "---\ndate: 2025-01-01\n---\n"
    assert draft_of(text).digest == draft_of(text).digest
    assert draft_of(text + " ").digest != draft_of(text).digest
    assert draft_of(text, rules=rules_of(timezone="Europe/Rome")).digest != draft_of(text).digest


def test_file_outside_every_collection_is_left_alone() -> None:
    assert read("x", "content/other/x.md") == (None, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\ntitle: A\ntitle: B\n---\n", [("content.duplicate-key", 3, "error")]),
        ("---\ntitle: A\n", [("content.front-matter-open", 1, "error")]),
        ("\n\r\n---\r\ntitle: A\r\ndate: 2025-01-01\r\n---\r\n", []),
        ("\ufeff---\ntitle: A\ndate: 2025-01-01\n---\n", []),
        ("---\ntags:\n\t- a\ndate: 2025-01-01\n---\n", []),
        ("---\na: &a [x]\nb: *a\n---\n", [("content.yaml-alias", 2, "error")]),
        (b"---\ntitle: \xe9\n---\n", [("content.encoding", 2, "error")]),
        (b"GIF89a\x00\x01", [("content.binary", 1, "error")]),
        ("---\ntitle: A\ndate: tomorrow\n---\n", [("content.field", 3, "error")]),
        ("---\ntitle: A\n---\n", [("content.no-date", 1, "error")]),
        ("---\ndate: 9999-12-31\n---\n", []),
        ("---\ndate: 2025-01-01\nauthor: x\n---\n", [("content.unknown-field", 3, "warning")]),
        ("---\ndate: 2025-01-01\naliases: [/a/../b, /ok, 'x%2e%2e/y', \"a\\\\b\"]\n---\n", [("content.alias", 3, "warning")] * 2),
        ("---\ndate: 2025-01-01\naliases: [/v1.0, /a.html, /b.PHP, /c.md]\n---\n", [("content.alias", 3, "warning")]),
        ("---\ndate: 2025-01-01\ntags: maps, tides\n---\n", [("content.comma", 3, "warning")]),
        ("---\ndate: 2025-01-01\ntags: ['maps, tides']\nauthors: Ada\nexcerpt: a, b\n---\n", []),
        ("---\ndate: 2025-01-01\nstatus: live\n---\n", [("content.field", 3, "error")]),
        ("---\ndate: 2025-01-01\nlayout: ../../etc/passwd\n---\n", [("content.field", 3, "error")]),
    ],
)  # fmt: skip
def test_bad_input_is_told_with_code_line_and_severity(text: str | bytes, expected: list[tuple[str, int, str]]) -> None:
    assert codes(text) == expected
    draft, problems = read(text)
    assert (draft is None) == any(problem.severity == "error" for problem in problems)


@pytest.mark.parametrize(
    ("rule", "place"),
    [("", "Add 'on: "), ("filename", "the file's name"), ("path", "a folder 2025/03/01/"), ("made:(?P<year>x)", "Give 'made' a date")],
)
def test_missing_date_is_told_with_the_place_where_the_collection_reads_it(rule: str, place: str) -> None:
    rules = rules_of(Collection(name="c", date=rule, fields={"date": "on"}, url="/{year}/{slug}/"))
    (problem,) = read("---\ntitle: A\n---\n", rules=rules)[1]
    assert problem.code == "content.no-date"
    assert place in problem.hint and "'on: 2025-03-01' to the front matter" in problem.hint


def test_entry_without_the_date_that_its_collection_looks_for_is_told_where_its_address_needs_none() -> None:
    rules = rules_of(Collection(name="c", date="filename", url="/{slug}/"))
    assert codes("---\ntitle: A\n---\n", rules=rules) == [("content.no-date", 1, "warning")]
    assert codes("---\ntitle: A\ndraft: true\n---\n", rules=rules) == []
    assert codes("---\ntitle: A\ndate: 2025-01-01\n---\n", rules=rules) == []
    assert codes("---\ntitle: A\n---\n", rules=rules_of(Collection(name="c", url="/{slug}/"))) == []
    assert codes("---\ntitle: A\n---\n", rules=rules_of(Collection(name="c", type="page", date="filename"))) == []


@pytest.mark.parametrize(
    ("file", "given", "date"),
    [
        ("2021-08-26-welcome/index.md", "", "2021-08-26"),
        ("2021-08-26-welcome.md", "", "2021-08-26"),
        ("2021-08-26-welcome.md", "2020/01/02/welcome", "2020-01-02"),
    ],
)
def test_date_rule_for_the_path_reads_the_files_own_where_front_matter_has_none(file: str, given: str, date: str) -> None:
    rules = rules_of(Collection(name="c", url="/{slug}/", date=r"path:(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)"))
    draft, _ = read(f"---\ntitle: A\npath: {given}\n---\n", f"content/{file}", rules)
    assert draft is not None and str(draft.fields["date"]).startswith(date)


@pytest.mark.parametrize("path", ["../../etc/passwd", "a/../b", "a\\b", "a%2e%2e/b", "\x00", "a//b", "\u202e", "a?b", "a#b", "x" * 3000])
def test_path_in_front_matter_never_leaves_the_site(path: str) -> None:
    rules = rules_of(Collection(name="c", type="page", url="/{path}/"))
    draft, problems = read(json.dumps({"path": path, "title": "T"}) + "\n", "content/a.md", rules)
    if draft is None:
        assert [problem.code for problem in problems] in (["content.path"], ["content.field"])
    else:
        made = rules.entry_path("c", "page", "en", "content/a.md", draft.fields)
        assert safe_path(made) == made and ".." not in made and "%" not in made


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_string_as_title_slug_tag_and_body_gives_a_right_page(text: str) -> None:
    front = {"title": text, "slug": text, "tags": [text, "x"], "authors": text, "date": "2025-01-01", "section": text, "custom": text}
    draft, problems = read(json.dumps(front) + "\n" + text)
    assert draft is not None, problems
    clean = text.strip()
    assert draft.fields["title"] == (clean or "X") or "\ufffd" in draft.fields["title"] or not clean
    assert draft.fields["slug"]
    assert draft.fields["tags"] == ([clean, "x"] if clean else ["x"])
    rules = rules_of()
    assert safe_path(rules.entry_path("posts", "post", "en", draft.file, draft.fields))
    json.dumps(draft.fields).encode()
    draft.body.html.encode()


@given(
    st.dictionaries(
        st.sampled_from(sorted(SCHEMAS["post"].properties)),
        st.text(max_size=20) | st.integers() | st.booleans() | st.none() | st.lists(st.text(max_size=5), max_size=3) | st.floats(),
    )
)
def test_any_field_values_give_a_draft_or_problems(fields: dict[str, Any]) -> None:
    draft, problems = read(json.dumps(fields) + "\n")
    assert (draft is None) == any(problem.severity == "error" for problem in problems)
    if draft is not None:
        msgspec.json.decode(msgspec.json.encode(draft.fields))


@given(st.binary(max_size=300), st.text(alphabet="abc/.%\\\u0301é ", max_size=12))
def test_any_bytes_in_any_file_give_a_draft_or_problems(data: bytes, name: str) -> None:
    file = f"content/pages/{name}.md"
    draft, problems = read(data, file)
    assert draft is not None or problems or "//" in file or name.startswith("/")


def test_only_ordinary_files_are_read_and_nothing_is_waited_for(tmp_path: Path) -> None:
    posts = tmp_path / "content" / "posts"
    (posts / "index.md").mkdir(parents=True)
    (posts / "a.md").write_text("A")
    (tmp_path / "secret.md").write_text("S")
    (posts / "link.md").symlink_to(tmp_path / "secret.md")
    os.mkfifo(posts / "pipe.md")
    with (posts / "huge.md").open("wb") as stream:
        stream.truncate(33 * 1024 * 1024)
    files = [f"content/posts/{name}.md" for name in ("index", "link", "pipe", "huge", "gone", "nul\0")]
    found = [read_file(str(tmp_path), file, MAX_CONTENT_BYTES) for file in files]
    assert [problem.code if isinstance(problem, Problem) else "" for problem in found] == [
        "content.unreadable", "content.unreadable", "content.unreadable", "content.size", "content.unreadable", "content.unreadable",
    ]  # fmt: skip
    assert [problem.place for problem in found if isinstance(problem, Problem)] == files
    assert "symbolic link" in str(found[1])
    assert read_file(str(tmp_path), "content/posts/a.md", MAX_CONTENT_BYTES) == b"A"


def test_rules_are_made_without_importing_what_reads_bodies() -> None:
    code = (
        "import sys\nfrom cms_ssg.content.collections.rules import make_rules\nfrom cms_ssg.content.schema.content_types import load_schemas\nfrom "
        "cms_ssg.config.settings import Settings\n"
        "from cms_ssg.files.bundled import folder\nmake_rules(Settings(), load_schemas(folder('content_schema') / 'core', folder('content_schema') / 'blog')).digest\n"
        "print([name for name in ('markdown_it', 'yaml', 'pygments', 'nh3', 'pydantic', 'importlib.metadata') if name in "
        "sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "[]"


def test_limits_of_a_file_are_settings() -> None:
    aliases = "\n".join(f"- /old/{'x' * 60}/{number}" for number in range(1610))
    text = f"---\ndate: 2025-01-01\naliases:\n{aliases}\n---\n"
    assert [code for code, _, _ in codes(text)] == ["content.front-matter-size"]
    assert [code for code, _, _ in codes(text, rules=rules_of(limits=Limits(front_matter_kb=200)))] == ["content.field"]
    assert len(draft_of(text, rules=rules_of(limits=Limits(front_matter_kb=200, aliases=2000))).fields["aliases"]) == 1610
