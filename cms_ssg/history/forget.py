"""Forgets all releases that are kept, with the bytes that only they need: what must not come back cannot be rolled back to."""

from __future__ import annotations

from cms_ssg.engine.open_session import open_session
from cms_ssg.engine.options import BuildOptions, BuildResult
from cms_ssg.releases.note import list_unknown
from cms_ssg.reporting.progress import Reporter
from cms_ssg.site import Site
from cms_ssg.store import releases as store

STEP = 5000


def forget_all_releases(site: Site, reporter: Reporter | None = None) -> int:
    """Forget them, by the builder that has the lease. Returns how many objects of theirs were dropped."""
    options = BuildOptions(sync=False, plan=False, env=site.settings.env)
    dropped = 0
    with open_session(site, options, BuildResult(), reporter) as session:
        if not session.row.keeps_releases:
            return 0
        session.connection.execute(store.FORGET_ALL, (session.row.id,))
        session.commit()
        while True:
            keys, digests = store.take_old_objects(session.connection, session.row.id, STEP)
            session.commit()
            if digests:
                session.open_kept().drop_many(digests)
            if not keys:
                break
            store.forget_objects(session.connection, session.row.id, keys)
            session.commit()
            dropped += len(digests)
        kept = session.open_kept()
        unknown = list_unknown(session.connection, session.row.id, kept, site.settings.store_name)  # that a killed build noted nowhere
        kept.drop_many(unknown)
        return dropped + len(unknown)
