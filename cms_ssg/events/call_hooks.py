"""Tells hooks what a build noted: entries that were saved, posts that were published, builds that ended."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from psycopg import Connection

from cms_ssg.events.plugins import Plugins
from cms_ssg.site import Site
from cms_ssg.store import events as store

SAVED_AT_ONCE: Final = 500
POSTS_AT_ONCE: Final = 1000


def call_hooks(connection: Connection, site: Site, site_id: int, plugins: Plugins) -> None:
    """Call hooks for every event that waits. Each is forgotten, by a commit, once its implementations returned or raised."""
    if not connection.execute(store.HAS_EVENTS, (site_id,)).fetchone()[0]:  # type: ignore[index]
        return
    _gather_posts(connection, site, site_id)
    _call_for_saved(connection, site, site_id, plugins)
    from cms_ssg.hooks import BuildEnd, PostsUpdated, Release

    forms: dict[str, tuple[str, Any]] = {"post_bulk_updated": ("update", PostsUpdated)}
    _call_each(connection, site, site_id, plugins, forms)
    _call_for_published(connection, site, site_id, plugins)
    _call_for_rows(connection, site, site_id, plugins)
    _call_each(connection, site, site_id, plugins, {"build_after": ("build", BuildEnd), "release_published": ("release", Release)})


def _call_each(connection: Connection, site: Site, site_id: int, plugins: Plugins, forms: dict[str, tuple[str, Any]]) -> None:
    while (event := store.take_event(connection, site_id, list(forms))) is not None:
        number, kind, detail = event
        argument, form = forms[kind]
        value = msgspec.convert({**detail, "event_id": _name_event(site, number), "site": site.settings.store_name}, form)
        plugins.call(kind, **{argument: value})
        connection.commit()


def _call_for_rows(connection: Connection, site: Site, site_id: int, plugins: Plugins) -> None:
    from cms_ssg.hooks import PublishedRow

    while (event := store.take_event(connection, site_id, ["row"])) is not None:
        number, _, detail = event
        row = msgspec.convert({**detail, "event_id": _name_event(site, number), "site": site.settings.store_name}, PublishedRow)
        plugins.call("row_after_publish", row=row)
        connection.commit()


def _call_for_saved(connection: Connection, site: Site, site_id: int, plugins: Plugins) -> None:
    from cms_ssg.hooks import ContentSaved, Entry

    while rows := store.take_saved(connection, site_id, SAVED_AT_ONCE):
        entries = tuple(
            Entry(
                event_id=_name_event(site, number), entry=entry, action="removed" if is_gone else action, file=file, type=kind, locale=locale,
                title=title, path=path, is_post=is_post,
            )
            for number, entry, action, file, kind, locale, title, path, is_post, is_gone in rows
        )  # fmt: skip
        plugins.call("content_after_save", saved=ContentSaved(site=site.settings.store_name, entries=entries))
        connection.commit()


def _call_for_published(connection: Connection, site: Site, site_id: int, plugins: Plugins) -> None:
    while notes := store.list_live_posts(connection, site_id, 1):
        plugins.call("post_after_publish", post=_make_post(site, notes[0]))
        connection.execute(store.DELETE, ([notes[0].event],))
        connection.commit()


def _gather_posts(connection: Connection, site: Site, site_id: int) -> None:
    """Where many posts were saved or went out, put them into few events instead of one each, in one transaction."""
    from cms_ssg.hooks import BULK_AT

    connection.execute(store.FORGET_TAKEN_BACK, (site_id,))
    if store.count_posts(connection, site_id) > BULK_AT:
        changed = [row[0] for row in connection.execute(store.SAVED_POSTS, (site_id, site_id))]
        while True:
            notes = store.list_live_posts(connection, site_id, POSTS_AT_ONCE)
            if not notes and not changed:
                break
            posts = [msgspec.to_builtins(_make_post(site, note)) for note in notes]
            store.add_event(connection, site_id, "post_bulk_updated", {"published": posts, "changed": changed[:POSTS_AT_ONCE]})
            connection.execute(store.DELETE, ([note.event for note in notes],))
            changed = changed[POSTS_AT_ONCE:]
    connection.commit()


def _make_post(site: Site, note: store.LiveNote) -> Any:
    from cms_ssg.hooks import Post

    return Post(
        event_id=_name_event(site, note.event), site=site.settings.store_name, entry=note.entry, file=note.file, type=note.type,
        locale=note.locale, title=note.title, path=note.path, url=site.settings.base_url + note.path,
    )  # fmt: skip


def _name_event(site: Site, number: int) -> str:
    """The same however often the event is told."""
    return f"{site.settings.store_name}:{number}"
