"""Write down what a round made: one transaction by the builder that has the lease."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cms_ssg.paths import object_key
from cms_ssg.publish.links import LINKS_TO
from cms_ssg.reads import digest as make_digest
from cms_ssg.releases.note import note_made
from cms_ssg.store import outputs as store
from cms_ssg.store.frames import save_frames
from cms_ssg.types import Json, Problem

if TYPE_CHECKING:
    from cms_ssg.engine.batch import Made
    from cms_ssg.engine.image_work import ImageWork
    from cms_ssg.engine.session import Session


def record_made(
    session: Session, images: ImageWork, by_path: Mapping[str, store.DirtyRow], made: Sequence[Made], tried: list[str], named: set[int]
) -> None:
    """Save outputs as they are now, and take them off the queue.

    images: told what pages show; tried: paths that the target refused are added; they stay dirty. named: keys of reads whose names are stored (extended here).
    """
    rows: list[store.OutputRow] = []
    names: dict[int, str] = {}
    held: list[int] = []
    freed: list[int] = []
    for m in made:
        dirty = by_path[m.path]
        names.update(m.names)
        if m.unwritten is not None:  # stays dirty: what failed is not its content, so the next build tries again
            tried.append(m.path)
            if m.lasting and session.site.features.outputs[m.kind].holds and dirty.digest is None:  # others must go on, and not link to it
                refusal = describe_refusal(m.path, m.unwritten, lasting=True)
                failure, reads = _describe_failure(refusal), store.join_arrays(m.reads, dirty.reads or "{}")
                rows.append(store.OutputRow(dirty, m.kind, None, 0, reads, m.windows, m.valid_from, m.valid_until, failure, None, True))
                held.append(m.owner)
            continue
        reads, error, digest = m.reads, None, m.digest
        if m.problem is not None:
            error, digest = _describe_failure(m.problem), _find_live(session, dirty)
            reads = store.join_arrays(reads, dirty.reads or "{}")
        elif m.waits is not None:  # it is live as it was; what it asks for is kept for it by its reads
            digest, reads = _find_live(session, dirty), store.join_arrays(reads, dirty.reads or "{}")
        waits = m.waits is not None
        rows.append(
            store.OutputRow(dirty, m.kind, digest, m.size_bytes, reads, m.windows, m.valid_from, m.valid_until, error, m.etag, waits)
        )
        holds = session.site.features.outputs[m.kind].holds
        if holds and error is not None and digest is None:
            held.append(m.owner)
        elif holds and not waits and (dirty.digest is None or dirty.failed):
            freed.append(m.owner)
    outputs = session.site.features.outputs
    note_made(session, rows)
    store.record_outputs(session.connection, session.row.id, session.result.build_id, rows, names, named)
    if session.site.settings.search is not None:
        from cms_ssg.search.documents import show_published

        made_now = [m for m in made if m.digest is not None and m.unwritten is None]
        paths = [m.path for m in made_now if outputs[m.kind].role == "entry"]
        pages = [(by_path[m.path].locale or "", m.path) for m in made_now if outputs[m.kind].role == "search"]
        show_published(session.connection, session.row.id, paths, pages, lambda path: session.target.read(object_key(path)))
    if framed := [m for m in made if outputs[m.kind].framed and m.digest is not None and m.unwritten is None]:
        save_frames(
            session.connection, session.row.id, [(m.kind, by_path[m.path].locale or "", m.path) for m in framed],
            lambda path: session.target.read(object_key(path)),
        )  # fmt: skip
    if showing := [m for m in made if m.unwritten is None and (m.shows or m.waits)]:
        in_vain = set(images.note_shown(showing))
        tried.extend(in_vain)
        held.extend(m.owner for m in showing if m.path in in_vain and outputs[m.kind].holds and by_path[m.path].digest is None)
    images.drop_unread(row for row in rows if not row.waits)
    if session.purger is not None:
        session.purger.note(made, by_path)
    store.hold_entries(session.connection, held)
    store.free_entries(session.connection, freed)


def _find_live(session: Session, dirty: store.DirtyRow) -> bytes | None:
    """The digest of what is at the target in place of an output that fails, None where nothing is: then nobody may link to it."""
    if not dirty.unsure or dirty.digest is None:
        return dirty.digest
    data = session.target.read(object_key(dirty.path))
    return make_digest(data) if data is not None else None


def describe_refusal(path: str, reason: str, what: str = "written", *, lasting: bool = False) -> Problem:
    """What the target did not take. what: was to be done with it; lasting: it will be refused again, unless somebody does something."""
    hint = "It stays as it was; the next build tries again."
    if reason.startswith(LINKS_TO):
        hint = "It is published as soon as that is."
    elif lasting:
        hint = "It stays as it was. Give the key the right to write there, or the page another path; each build tries again."
    return Problem("publish.failed", "", 0, f"{path} could not be {what}: {reason}", hint)


def _describe_failure(problem: Problem) -> dict[str, Json]:
    return {"code": problem.code, "place": problem.place, "line": problem.line, "message": problem.message, "hint": problem.hint}
