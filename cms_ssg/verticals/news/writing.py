"""Live blogs as they are written: found by name, updates added, changed and deleted, in the caller's connection."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any
from uuid import UUID

from cms_ssg.content.frontmatter.values import clean_text
from cms_ssg.errors import CmsError, fail
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.query import fetch
from cms_ssg.types import Json
from cms_ssg.verticals.news import queries
from cms_ssg.verticals.news.live import TYPE
from cms_ssg.verticals.news.texts import check_content


def find_post(opened: OpenSite, name: str, type_: str = "") -> queries.Post:
    """The entry of a name: its slug, file, path or number. Raises CmsError news.no-post, news.ambiguous."""
    found = fetch(opened.connection, queries.FIND_POSTS, site=opened.number, name=name.replace("\0", ""), type=type_)
    if not found:
        what = "live blog" if type_ == TYPE else "story"
        raise fail(
            "news.no-post",
            f"there is no {what} {name[:100]!r}",
            hint="Give its slug, content file or path; cms sync reads new files first.",
        )
    if len({post.number for post in found}) > 1:
        raise fail(
            "news.ambiguous", f"{len(found)} entries are called {name!r}", hint=f"Name one by its file: {', '.join(p.file for p in found)}."
        )
    return found[0]


def find_blog(opened: OpenSite, name: str) -> queries.Blog:
    """The live blog of a name: its slug, file or number. Raises CmsError live.not-found, news.ambiguous."""
    found = fetch(opened.connection, queries.FIND_BLOG, site=opened.number, name=name.replace("\0", ""))
    if not found:
        raise blog_missing(name, [blog.slug for blog in fetch(opened.connection, queries.LIST_BLOGS, site=opened.number)])
    if len(found) > 1:
        raise fail(
            "news.ambiguous",
            f"{len(found)} live blogs are called {name!r}",
            hint=f"Name one by its number: {', '.join(str(b.number) for b in found)}.",
        )
    return found[0]


def blog_missing(name: str, known: list[str]) -> CmsError:
    """The error of a name that no live blog has."""
    near = get_close_matches(name, known, 1)
    hint = (
        f"Did you mean {near[0]}?"
        if near
        else f"Begin it: cms live start {name[:60]}"
        if not known
        else f"There are: {', '.join(known[:10])}."
    )
    return fail("live.not-found", f"there is no live blog {name[:100]!r}", hint=hint)


def add_update(
    opened: OpenSite, blog: int, content: Json, *, author: str = "", pinned: bool = False, important: bool = False, update_id: UUID | None = None
) -> queries.Update:  # fmt: skip
    """Post an update. update_id: of one that may have been sent before; then it is not posted twice. Raises CmsError live.*."""
    from psycopg.errors import UniqueViolation
    from psycopg.types.json import Jsonb

    values = {"site": opened.number, "blog": blog}
    stored = Jsonb(check_content(content))
    with opened.connection.transaction():
        refuse_ended(opened.connection.execute(queries.LOCK_BLOG, values).fetchone())
        if update_id is not None and (known := fetch(opened.connection, queries.FIND_UPDATE, **values, position=-1, update_id=update_id)):
            return known[0]
        more = {"author": clean_text(author)[:200], "pinned": pinned, "important": important, "update_id": update_id}
        try:
            return fetch(opened.connection, queries.ADD_UPDATE, **values, **more, content=stored)[0]
        except UniqueViolation as error:
            if error.diag.constraint_name != queries.ONE_ID:
                raise
            raise fail("live.content", "another update has this id", hint="Leave the id out, or make a new one.") from None


def change_update(opened: OpenSite, blog: int, position: int, content: Json | None = None, **changes: Any) -> queries.Update:
    """Change what is given of an update: author, pinned, important, deleted. Raises CmsError live.no-update and as check_content does."""
    from psycopg.types.json import Jsonb

    values = {"author": None, "pinned": None, "important": None, "deleted": False, **changes}
    stored = Jsonb(check_content(content)) if content is not None else None
    found = fetch(
        opened.connection, queries.CHANGE_UPDATE, site=opened.number, blog=blog, position=clip(position), content=stored, **values
    )
    if not found:
        raise update_missing(position)
    return found[0]


def clip(number: int) -> int:
    """A number as a column can hold it; one that it cannot is nobody's."""
    return number if 0 <= number < 2**31 else -1


def update_missing(position: int) -> CmsError:
    """The error of a number that no update has."""
    return fail(
        "live.no-update", f"the live blog has no update {position}, or it was deleted", hint="cms live show lists them with their numbers."
    )


def refuse_ended(row: Any) -> None:
    """Raise CmsError live.ended where nothing can be posted any more. row: the status of the blog."""
    if row is None:
        raise fail("live.not-found", "the live blog is gone", hint="cms live list shows what there is.")
    if row[0] == "ended":
        raise fail("live.ended", "the live blog has ended", hint="Go on with it: cms live start. What is there can still be edited.")
