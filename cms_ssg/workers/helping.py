"""A worker's part in builds that go on elsewhere: it has the same checkout, or it keeps out."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from psycopg import Connection

from cms_ssg.engine.inputs import Known, list_inputs
from cms_ssg.engine.planning import make_inputs_digest
from cms_ssg.engine.shards import Maker, make_inputs_key
from cms_ssg.errors import CmsError
from cms_ssg.publish.compress import require_compressor
from cms_ssg.render.site_view import Surroundings
from cms_ssg.reporting.progress import Reporter
from cms_ssg.site import open_site
from cms_ssg.store.jobs import connect_queue
from cms_ssg.store.shards import OpenBuild, find_open_build
from cms_ssg.types import Problem


@dataclass
class Helper:
    """Makes shards of whatever build offers some. repaired: the last one may have to be looked at again."""

    root: Path
    env: str
    url: str
    site_id: int
    reporter: Reporter
    repaired: bool = False
    refused: int = 0
    _maker: Maker | None = None
    _known: Known | None = None
    _arounds: dict[bytes, Surroundings] = field(default_factory=dict)
    _queue: Connection | None = None

    def make_next(self) -> bool:
        """Make a shard. Returns False where there is none that this checkout can make."""
        self.repaired = False
        found = self._find_build()
        if found is None or found.build == self.refused:
            return False
        if self._maker is None or self._maker.build != found.build:
            self._begin(found)
        if self._maker is None:
            return False
        try:
            done = self._maker.make_next()
            self.repaired, self._maker.repaired = self._maker.repaired, False
        except Exception:  # others may do better: this one leaves the rest of the build to them
            self.refused = found.build
            self._release_shard()
            raise
        finally:
            if self._maker is not None:
                self._maker.rest()
        return done

    def _find_build(self) -> OpenBuild | None:
        """The build that may be helped, over a connection that is kept until it breaks."""
        if self._queue is None or self._queue.closed:
            self._queue = connect_queue(self.url)
        return find_open_build(self._queue, self.site_id)

    def _begin(self, found: OpenBuild) -> None:
        """Look at this checkout once a build."""
        self._release_shard()
        site = open_site(self.root, os.environ, self.env)
        try:
            require_compressor(self.root, site.settings)
            inputs = list_inputs(self.root, site.settings, self._known)
        except CmsError as error:
            self._refuse(found.build, error.problems[0].message)
            return
        self._known = inputs.known
        key = make_inputs_key(site, make_inputs_digest(inputs.digests))
        if key != found.inputs:
            self._refuse(found.build, "its templates, data, settings or program differ from the builder's")
            return
        around = self._arounds.get(key)  # templates compiled, texts and data read: the same for the same key
        self._maker = Maker(site, self.url, self.site_id, found.build, key, site.settings.workers.claim_s)
        self._maker.around = replace(around, site=site, now=found.clock) if around is not None else None

    def _refuse(self, build: int, reason: str) -> None:
        self.refused = build
        message = f"this worker does not help with build {build}: {reason}"
        hint = "Bring this checkout and its cms to where the builder's are; others make the pages meanwhile."
        self.reporter.problem(Problem("worker.other-inputs", "", 0, message, hint, "warning"))

    def close(self) -> None:
        """End the connections."""
        self._release_shard()
        if self._queue is not None:
            self._queue.close()

    def _release_shard(self) -> None:
        if self._maker is not None:
            self._arounds = {self._maker.key: self._maker.around} if self._maker.around is not None else {}
            self._maker.close()
            self._maker = None
