"""What hides or times content in other systems hides or times it here, or is an error: nothing goes live because a word is unknown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cms_ssg.config.settings import Collection
from tests.content.test_read import codes, draft_of, read, rules_of

HIDDEN = [
    "published: false", "published: no", "publish: false", "public: false", "visible: false", "isDraft: true", "private: true", "unpublished: yes",
    "status: Draft", "status: pending", "status: private", "post_status: auto-draft", "visibility: private", "expired: true", "is_published: 'False'",
    "draft: false\npublished: false", "status: published\nprivate: true", "state: draft", "state: archived", "status: in review", "workflow_state: Review", "_status: draft",
    "dg-publish: false", "not_published: true", "access: private",
]  # fmt: skip


@pytest.mark.parametrize("lines", HIDDEN)
def test_words_that_hide_a_page_make_it_a_draft(lines: str) -> None:
    assert draft_of(f"---\ntitle: T\ndate: 2025-01-01\n{lines}\n---\n").status == "draft"


@pytest.mark.parametrize("lines", ["trashed: true", "status: trash", "deleted: true", "draft: true\nstatus: trash"])
def test_words_for_what_was_thrown_away(lines: str) -> None:
    assert draft_of(f"---\ntitle: T\ndate: 2025-01-01\n{lines}\n---\n").status == "trashed"


SHOWN = [
    "published: true", "publish: yes", "private: false", "status: publish", "status: PUBLISHED", "visibility: public", "hidden: false",
    "password: ''", "permalink: /x/", "unlisted: false", "build: {list: always, render: always}", "expires: never", "expiryDate: false",
    "robots: index, follow", "eleventyExcludeFromCollections: false", "stats: [1, 2]", "craft: wood", "privacy: true", "published_in: Rome",
    "state: Texas", "stage: main", "inline: true", "archive: true", "access: by train", "active: true", "cascade: {banner: x.png}", "show: late",
]  # fmt: skip


@pytest.mark.parametrize("lines", SHOWN)
def test_what_hides_nothing_changes_nothing(lines: str) -> None:
    draft = draft_of(f"---\ntitle: T\ndate: 2025-01-01\n{lines}\n---\n")
    assert (draft.status, draft.publish_at, draft.expire_at, draft.fields.get("noindex")) == ("published", None, None, None)


@pytest.mark.parametrize(
    "word",
    [
        "pubDate",
        "publishDate",
        "publishdate",
        "publish_date",
        "published_at",
        "publishedAt",
        "published",
        "PublishDate",
        "publish_up",
        "embargoed_until",
    ],
)
def test_a_time_of_publication_is_the_date_where_there_is_none_and_nothing_is_shown_before(word: str) -> None:
    moment = datetime(2030, 3, 1, 9, tzinfo=UTC)
    draft = draft_of(f"---\ntitle: T\n{word}: 2030-03-01 09:00\n---\n", "content/pages/x.md", rules_of(Collection(name="p", type="page")))
    assert (draft.publish_at, draft.fields["date"]) == (moment, "2030-03-01T09:00:00Z")
    dated = draft_of(f"---\ntitle: T\ndate: 2025-01-01\n{word}: 2030-03-01 09:00\n---\n")
    assert (dated.publish_at, dated.fields["date"]) == (moment, "2025-01-01T00:00:00Z")
    own = draft_of(f"---\ntitle: T\ndate: 2025-01-01\n{word}: 2030-03-01 09:00\npublish_at: 2031-01-01\n---\n")
    assert own.publish_at == datetime(2031, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "word",
    ["expiryDate", "expirydate", "expires", "unpublish_date", "unpublishDate", "expiration_date", "publish_down", "valid_until", "expire"],
)
def test_an_end_by_another_name_ends_it(word: str) -> None:
    assert draft_of(f"---\ntitle: T\ndate: 2025-01-01\n{word}: 2026-01-01\n---\n").expire_at == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("status", ["future", "scheduled"])
def test_what_is_scheduled_waits_for_its_time_and_is_an_error_without_one(status: str) -> None:
    rules = rules_of(Collection(name="p", type="page"))
    assert draft_of(f"---\nstatus: {status}\ndate: 2030-01-01\n---\n", "content/x.md", rules).publish_at == datetime(2030, 1, 1, tzinfo=UTC)
    assert codes(f"---\nstatus: {status}\n---\n", "content/x.md", rules) == [("content.hides", 2, "error")]


UNCLEAR = [
    "hidden: true", "unlisted: true", "headless: true", "password: geheim", "eleventyExcludeFromCollections: true", "permalink: false",
    "archived: true", "wip: true", "routable: false", "online: no", "access: members", "deleted_at: gone", "cascade: {draft: true}",
    "cascade: [{build: {list: never}}]", "visibility: members", "build: {render: never}", "render: false", "pubDate: some day", "expiryDate: soon", "published: maybe",
    "private: 7",
]  # fmt: skip
MISSPELT = [
    "publsh_at: 2030-01-01",
    "drafft: true",
    "expier_at: 2020-01-01",
    "expirydat: 2020-01-01",
    "pubishDate: 2030-01-01",
    "privat: true",
    "Draft : true",
]


@pytest.mark.parametrize("line", UNCLEAR + MISSPELT)
def test_what_cannot_be_done_or_looks_misspelt_is_an_error_at_its_line(line: str) -> None:
    draft, problems = read(f"---\ntitle: T\ndate: 2025-01-01\n{line}\n---\n")
    assert draft is None
    assert [(p.code, p.line, bool(p.hint)) for p in problems if p.severity == "error"] == [("content.hides", 4, True)]


def test_a_field_that_the_collection_names_or_the_type_has_is_what_they_say() -> None:
    rules = rules_of(Collection(name="p", type="page", fields={"updated": "pubDate"}))
    draft = draft_of("---\npubDate: 2030-01-01\n---\n", "content/x.md", rules)
    assert (draft.publish_at, draft.fields["updated"]) == (None, "2030-01-01T00:00:00Z")


def test_robots_noindex_is_noindex() -> None:
    assert draft_of("---\ntitle: T\ndate: 2025-01-01\nrobots: noindex, nofollow\n---\n").fields["noindex"] is True


@pytest.mark.parametrize("line", ["no_index: true", "robotsNoIndex: true", "index: false", "indexable: no"])
def test_other_spellings_of_noindex(line: str) -> None:
    assert draft_of(f"---\ntitle: T\ndate: 2025-01-01\n{line}\n---\n").fields["noindex"] is True


DOUBTED = ["release_date: 2030-01-01", "endDate: 2020-01-01", "starttime: 2030-01-01 10:00", "sitemap_exclude: true", "searchable: false",
           "sitemap: {disable: true}", "searchHidden: true"]  # fmt: skip
CERTAIN = ["release_date: soon", "end_date: 2020-01-01\nvenue: Hall", "start_date: 2030-01-01\npublish_at: 2030-01-01", "searchable: true",
           "sitemap: {priority: 0.5}", "search: rivers", "index: 3"]  # fmt: skip


@pytest.mark.parametrize(("lines", "told"), [*((line, ["content.may-hide"]) for line in DOUBTED), *((line, []) for line in CERTAIN)])
def test_a_word_that_may_hide_or_time_a_page_is_told_and_hides_nothing(lines: str, told: list[str]) -> None:
    draft, problems = read(f"---\ntitle: T\ndate: 2025-01-01\n{lines}\n---\n")
    assert draft is not None and draft.status == "published" and draft.expire_at is None
    assert [p.code for p in problems] == told
    assert all((p.line, p.severity) == (4, "warning") for p in problems)
