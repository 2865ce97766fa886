"""A site that was rolled back is held: a build plans, and publishes only what must not wait until the site is resumed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cms_ssg.kinds.phases import REMOVALS
from cms_ssg.store import releases as store
from cms_ssg.text.counting import count
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.engine.session import Session

MOST_GONE: Final = 20
"""Pages of entries that were taken down, beyond which a person has to say that they are to go."""


def limit_to_urgent(session: Session) -> None:
    """Where the site is held, have this build publish only pages of entries that were taken down since, and paths that were named."""
    held = session.row.held_release
    if held is None:
        return
    rows = session.connection.execute(store.GONE_ENTRIES, (session.row.id, REMOVALS, store.RESTORED))
    gone, confirmed = [row[0] for row in rows], session.options.confirm_removals
    waiting = session.result.planned - len(gone)
    if len(gone) > MOST_GONE and not confirmed:
        session.result.problems.append(Problem("build.held-removals", "", 0,
            f"{len(gone):,} pages whose entries were taken down stay, as the site is held", "If they are to go now, build with --confirm-removals."))  # fmt: skip
        gone = []
    session.only = sorted({*gone, *session.options.urgent})
    options = replace(session.options, confirm_removals=True)  # the guard is for what a whole build removes
    session.context = replace(session.context, options=options)
    said = f"the site is held at release {held}" + (f", with {count(waiting, 'page')} waiting" if waiting > 0 else "")
    session.result.problems.append(Problem("build.held", "", 0, said,
        "`cms releases resume` has builds publish again; `cms build --urgent PATH` publishes one page now."))  # fmt: skip
    if session.options.dry_run:
        session.result.planned = sum(path in session.only for path, _, _ in session.list_dirty())
