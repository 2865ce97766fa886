"""Takes a person off everything that was made of the store: pages, kept releases, images they sent, cached answers, search engines."""

from __future__ import annotations

import os
from typing import NamedTuple

from cms_ssg.errors import CmsError
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.privacy.people import erase_person, list_left


class Gone(NamedTuple):
    """What became of it. rows: deleted or changed; pages: written or removed; releases: old objects forgotten; answers: removed from Redis;
    content: files and entries that still name the address; left: tables in which it still is -> rows; problems: what could not be done now.
    """

    rows: int
    pages: int
    releases: int
    answers: int
    content: list[str]
    left: dict[str, int]
    problems: list[str]


class Followed(NamedTuple):
    """What became of all that is made of the store; see Gone."""

    pages: int
    releases: int
    answers: int
    problems: list[str]


def erase_everywhere(opened: OpenSite, email: str, redis_url: str) -> Gone:
    """Erase them from the store, then from what was made of it. Safe to repeat where something was away."""
    erased = erase_person(opened, email)
    pages, releases, answers, problems = follow_erasure(opened, redis_url)
    return Gone(erased.rows, pages, releases, answers, erased.content, list_left(opened, email), problems)


def follow_erasure(opened: OpenSite, redis_url: str) -> Followed:
    """Build what follows from rows that were erased; content files that changed meanwhile wait for the next build.

    Releases that are kept have pages as they were, so they are forgotten where a page changed.
    """
    from cms_ssg.build import build
    from cms_ssg.cache.redis import clear_answers
    from cms_ssg.engine.options import BuildOptions
    from cms_ssg.history.forget import forget_all_releases
    from cms_ssg.store.tags import raise_all
    from cms_ssg.uploads.keep import forget_unkept

    forget_unkept(opened)
    result = build(opened.site.root, BuildOptions(env=opened.site.settings.env, sync=False, confirm_removals=True))
    problems = [f"{one.message} [{one.code}]" for one in result.problems if one.severity == "error" or one.code == "search.not-sent"]
    if result.status != "done":
        problems.append(f"the build ended as {result.status}")
    pages = result.written + result.removed
    releases = forget_all_releases(opened.site) if pages and result.status == "done" else 0
    raise_all(opened.connection, opened.number)
    answers = 0
    if redis_url:
        try:
            answers = clear_answers(redis_url)
        except CmsError as error:
            problems.append(error.problems[0].message)
    return Followed(pages, releases, answers, problems)


def find_redis(opened: OpenSite) -> str:
    """The address of the shared cache, "" for none."""
    return os.environ.get("CMS_REDIS_URL", "") or opened.site.settings.cache.redis_url
