"""A build's work on images: what pages wait for is looked at and made, what no page shows any more is given up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from cms_ssg.paths import object_key
from cms_ssg.plan.dirty import SAVE, Marks
from cms_ssg.publish.target import Live
from cms_ssg.reads import digest as make_digest
from cms_ssg.reads import is_name_key, name_key
from cms_ssg.types import Artifact, Problem

if TYPE_CHECKING:
    from cms_ssg.engine.batch import Made
    from cms_ssg.engine.session import Session
    from cms_ssg.images.children import Answer, Children
    from cms_ssg.images.facts import Facts
    from cms_ssg.render.output import Rendered
    from cms_ssg.render.requests import Job
    from cms_ssg.store.outputs import DirtyRow, OutputRow

MOST_WAITS = 8
"""How often a page may wait in one build: for facts, for variants, and again where an image changes meanwhile."""

TYPES = {"avif": "image/avif", "webp": "image/webp", "jpeg": "image/jpeg", "png": "image/png"}
GONE = "The file changed or went during the build. Run it again."


@dataclass(slots=True)
class ImageWork:
    """What one build does with images. unmeasured: digests that pages wait for; waited: how often each page did."""

    session: Session
    unmeasured: set[str] = field(default_factory=set)
    waited: dict[str, int] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    made: int = 0
    _children: Children | None = None
    _has_images: bool | None = None

    @property
    def has_images(self) -> bool:
        """Whether some page of the site shows an image."""
        return self.session.row.has_images if self._has_images is None else self._has_images

    # What pages wait for

    def note_shown(self, made: Sequence[Made]) -> list[str]:
        """Claim what these outputs show, and have made what they wait for. In the transaction that records them.

        What an output shows may be claimed by nobody although it is published: another one gave it up after this one was rendered.
        Returns paths of outputs that wait in vain and are left to the next build.
        """
        from cms_ssg.store.images import claim_variants, list_unclaimed

        shown = {name: paths for one in made for name, paths in one.shows.items()}
        unclaimed = list_unclaimed(self.session.connection, self.session.row.id, shown) if shown else []
        if unclaimed:
            self._has_images = True
            self._mark(claim_variants(self.session.connection, self.session.row.id, {name: shown[name] for name in unclaimed}))
        return [one.path for one in made if one.waits is not None and self._waits_in_vain(one)]

    def _waits_in_vain(self, made: Made) -> bool:
        assert made.waits is not None
        unmeasured, wants = made.waits
        self.unmeasured |= unmeasured
        self.waited[made.path] = self.waited.get(made.path, 0) + 1
        tried = set(self.session.rounds.tried)
        never = unmeasured & self.lost or any(path in tried for name in wants for path in made.shows[name])
        return bool(never) or self.waited[made.path] > MOST_WAITS

    def measure(self) -> None:
        """Look at the images that pages wait for, once and for all machines."""
        digests, self.unmeasured = self.unmeasured - self.lost, set()
        if not digests:
            return
        from cms_ssg.images.facts import svg_check
        from cms_ssg.images.tasks import make_looks
        from cms_ssg.store.images import find_sources, save_facts

        files = find_sources(self.session.connection, self.session.row.id, digests)
        check = svg_check(self.session.site.settings)
        self.session.context.end_reading()
        found: dict[str, Any] = {}
        for answer in self._work(
            make_looks(str(self.session.site.root), {key: self.session.site.locate(file) for key, file in files.items()}, check)
        ):
            if answer.facts is not None:
                found[answer.key] = msgspec.to_builtins(answer.facts)
            else:
                self._lose(answer.key, files[answer.key])
        for digest in digests - files.keys():
            self._lose(digest, "")
        self.session.keep_lease()
        save_facts(self.session.connection, self.session.row.id, found)
        self._has_images = True  # also where none of them can be shown
        self.session.commit()

    def _lose(self, digest: str, file: str) -> None:
        self.lost.add(digest)
        self.session.result.problems.append(Problem("publish.no-file", file, 0, "it is not there as it was read", GONE))

    # Variants

    def make(self, jobs: Sequence[Job], by_path: Mapping[str, DirtyRow]) -> Iterator[list[Made]]:
        """Make and publish variants, unless they are published: what lies at the target is not made again, by nobody."""
        if not jobs:
            return
        from cms_ssg.engine.batch import publish
        from cms_ssg.images.children import Answer

        session = self.session
        missing = []
        for job in jobs:
            row = by_path[job.path]
            data = session.target.read(object_key(job.path)) if row.digest is not None else None
            if row.digest is None or data is None or make_digest(data) != bytes(row.digest):
                missing.append(job)
            else:
                known = {job.path: Live(bytes(row.digest), row.etag)}
                yield publish(session.target, [_render(job, Answer(job.path, data))], known, set(), session.keep_lease)
        for job, answer in self._make_missing(missing):
            with session.result.timed("publish"):
                row = by_path[job.path]
                live = {job.path: Live(None if row.unsure else row.digest, row.etag)} if row.digest is not None else {}
                made = publish(session.target, [_render(job, answer)], live, set(), session.keep_lease)
                self.made += answer.data is not None
            if answer.data is None and answer.facts is None:
                made = [one._replace(unwritten=GONE) for one in made]
            yield made

    def _make_missing(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Answer]]:
        from cms_ssg.images.children import Answer
        from cms_ssg.images.tasks import make_variants
        from cms_ssg.store.images import find_sources

        digests = [str(job.spec["digest"]) for job in jobs if "digest" in job.spec]
        files = find_sources(self.session.connection, self.session.row.id, digests) if digests else {}
        self.session.context.end_reading()
        lost = [job for job in jobs if "digest" in job.spec and job.spec["digest"] not in files]
        yield from ((job, Answer(job.path)) for job in lost)
        by_path = {job.path: job for job in jobs if job not in lost}
        tasks = make_variants(
            str(self.session.site.root),
            {path: job.spec for path, job in by_path.items()},
            {key: self.session.site.locate(file) for key, file in files.items()},
        )
        bad: dict[str, Facts] = {}
        for answer in self._work(tasks):
            job = by_path[answer.key]
            if answer.facts is not None and "digest" in job.spec:
                bad[str(job.spec["digest"])] = answer.facts
            yield job, answer
        self._note_bad(bad)

    def _note_bad(self, bad: Mapping[str, Facts]) -> None:
        """Images that could be looked at but not made into variants are not shown; the pages that show them are made again."""
        if not bad:
            return
        from cms_ssg.store.images import save_facts

        save_facts(self.session.connection, self.session.row.id, {digest: msgspec.to_builtins(facts) for digest, facts in bad.items()})
        marks = Marks(self.session.row.id, self.session.site.features, SAVE)
        for digest in bad:
            marks.read(name_key(f"image/{digest}"), "an image cannot be shown")
        marks.save(self.session.connection)
        self.session.commit()

    def _work(self, tasks: Sequence[Sequence[Any]]) -> Iterator[Answer]:
        if self._children is None:
            from cms_ssg.images.children import Children

            self._children = Children(self.session.jobs)
        answers = self._children.work(tasks, self.session.keep_lease)
        while True:
            with self.session.result.timed("render"):
                answer = next(answers, None)
            if answer is None:
                return
            yield answer

    # What nobody shows

    def drop_unread(self, rows: Iterable[OutputRow]) -> None:
        """Give up variants that outputs showed before and now do not, if nobody else does. In the transaction that recorded the outputs."""
        if self.has_images:
            self._drop({
                key for row in rows if row.dirty.reads and row.reads != row.dirty.reads
                for key in _keys(row.dirty.reads) - _keys(row.reads) if is_name_key(key)
            })  # fmt: skip

    def drop_removed(self, rows: Iterable[DirtyRow]) -> None:
        """The same after outputs were removed."""
        if self.has_images:
            self._drop({key for row in rows if row.reads for key in _keys(row.reads) if is_name_key(key)})

    def _drop(self, keys: set[int]) -> None:
        if keys:
            from cms_ssg.store.images import drop_unread

            self._mark(drop_unread(self.session.connection, self.session.row.id, keys))

    def _mark(self, changes: Sequence[Any]) -> None:
        """Have what is claimed now made and what is claimed no more removed, also where it was tried in vain because its source went."""
        gone = {change.name for change in changes if change.new is None}
        tried = self.session.rounds.tried
        tried[:] = [path for path in tried if path not in gone]
        marks = Marks(self.session.row.id, self.session.site.features, SAVE)
        marks.names(changes)
        marks.save(self.session.connection)

    def list_problems(self) -> list[Problem]:
        """Images that cannot be shown, with the pages that lack them; asked only where there were some, or pages were made."""
        row, result = self.session.row, self.session.result
        if not (row.has_bad_images or (self.has_images and result.rendered)):
            return []
        from cms_ssg.store.images import list_bad_images

        problems = list_bad_images(self.session.connection, row.id)
        if self.made and "avif" in (self.session.site.settings.images.formats or ("avif",)):
            from cms_ssg.render.theme_chain import can_write_avif

            if not can_write_avif():
                hint = 'Install a newer Pillow, or write formats = ["webp"] below [images].'
                problems.append(Problem("image.no-avif", "", 0, "this Pillow cannot write AVIF, so images are WebP alone", hint, "warning"))
        return problems

    def close(self) -> None:
        """End the processes."""
        if self._children is not None:
            self._children.close()


def _keys(array: str) -> set[int]:
    return {int(number) for number in array.strip("{}").split(",") if number}


def _render(job: Job, answer: Answer) -> Rendered:
    from cms_ssg.render.output import Rendered
    from cms_ssg.render.reading import Reads

    if answer.data is None:
        facts = answer.facts
        return Rendered(job, None, Reads(), Problem(facts.code, "", 0, facts.message, facts.hint) if facts is not None else None)
    return Rendered(job, Artifact(job.path, answer.data, make_digest(answer.data), TYPES[job.spec["format"]], "assets"), Reads())
