"""Note what a build changes, beside the outputs that it records, and forget what is older than is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as change
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from cms_ssg.paths import object_key
from cms_ssg.publish.kept import Keepable, Kept
from cms_ssg.publish.target import find_abilities
from cms_ssg.store import releases as store
from cms_ssg.store.outputs import DirtyRow, OutputRow

if TYPE_CHECKING:
    from psycopg import Connection

    from cms_ssg.engine.session import Session

MOST_FORGOTTEN: Final = 5000
"""Objects of old releases that a build forgets, and as many more as it changed itself."""


def begin_releases(session: Session) -> None:
    """Before a build publishes: what is noted has no gaps. A build that notes nothing ends what there is."""
    keeps = session.site.settings.target.keep_releases > 0
    if keeps and not session.row.keeps_releases:
        session.connection.execute(store.SET_KEEPS, (True, session.row.id))
        session.context = change(session.context, row=replace(session.row, keeps_releases=True))
        session.commit()
    elif session.row.keeps_releases and not keeps:
        session.connection.execute(store.FORGET_ALL, (session.row.id,))
        session.commit()


def note_made(session: Session, rows: Sequence[OutputRow]) -> None:
    """Note which of these outputs are other bytes than before; in the transaction that records them, before it does."""
    if session.site.settings.target.keep_releases:
        changed = [store.NewObject(r.dirty.path, r.kind, r.digest, r.size_bytes) for r in rows if r.digest != r.dirty.digest]
        _note_passing(session, [r.dirty.path for r in rows if r.digest != r.dirty.digest and r.dirty.digest is not None])
        store.note_objects(session.connection, session.row.id, session.result.build_id, changed)


def note_removed(session: Session, rows: Sequence[DirtyRow]) -> None:
    """Note that these outputs went, likewise."""
    if session.site.settings.target.keep_releases:
        gone = [store.NewObject(row.path, "", None, None) for row in rows if row.digest is not None]
        _note_passing(session, [one.path for one in gone])
        store.note_objects(session.connection, session.row.id, session.result.build_id, gone)


def _note_passing(session: Session, paths: Sequence[str]) -> None:
    session.passing.update(store.list_passing(session.connection, session.row.id, session.result.build_id, paths))


def keep_removed(session: Session, rows: Sequence[DirtyRow]) -> None:
    """Keep the bytes of what is about to be taken away."""
    if session.target.kept is not None:
        known = [row for row in rows if row.digest is not None]
        session.target.kept.add_many([Keepable(object_key(row.path), None if row.unsure else row.digest, row.etag) for row in known])


def forget_old(session: Session) -> None:
    """At the end of a build that changed something: have no more releases than are kept, and no bytes that only older ones need.

    Bounded: what is left is for the next build. The bytes go first, so that a kill leaves rows that are asked again.
    """
    keep, result = session.site.settings.target.keep_releases, session.result
    if not session.row.keeps_releases or (keep and not result.written and not result.removed and not session.follows_kill):
        return
    connection, site = session.connection, session.row.id
    forgot = bool(keep) and store.forget_releases(connection, site, keep, session.site.settings.target.keep_days)
    keys, digests = store.take_old_objects(connection, site, MOST_FORGOTTEN + result.written + result.removed)
    digests += store.list_unneeded(connection, site, session.passing - set(digests))
    if forgot or digests:
        session.commit()
    if (
        keep and session.follows_kill and find_abilities(session.site.settings).looks_are_free
    ):  # builds list no bucket: an audit finds it there
        digests += list_unknown(session.connection, session.row.id, session.open_kept(), session.site.settings.store_name, digests)
    if digests:
        session.open_kept().drop_many(digests)
    if keys:
        store.forget_objects(connection, site, keys)
        session.commit()
    elif not keep:
        connection.execute(store.SET_KEEPS, (False, site))
        session.commit()


def list_unknown(connection: Connection, site_id: int, kept: Kept, name: str, forgotten: Sequence[bytes] = ()) -> list[bytes]:
    """Digests of bytes that a killed build kept and noted nowhere. name: of the site in the database."""
    unknown = kept.list_digests() - store.list_kept(connection, site_id) - set(forgotten)
    return [digest for digest in sorted(unknown) if kept.is_own(digest, name)]
