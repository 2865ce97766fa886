"""Compare the manifest with a listing of the target, and mend what differs. Builds never list; this does, when it is asked to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.build import BuildOptions, BuildResult, build
from cms_ssg.errors import fail
from cms_ssg.kinds.features import Features
from cms_ssg.paths import object_key
from cms_ssg.publish.headers import PREVIEW_KEY
from cms_ssg.publish.open_target import open_kept, open_target
from cms_ssg.publish.target import Target, Writer
from cms_ssg.reads import digest as make_digest
from cms_ssg.releases.note import list_unknown
from cms_ssg.reporting.progress import Reporter
from cms_ssg.store.lease import try_lease
from cms_ssg.store.open_store import open_store
from cms_ssg.store.outputs import mark_unverified
from cms_ssg.store.previews import list_preview_keys
from cms_ssg.uploads.keep import list_upload_keys

MANIFEST: Final[LiteralString] = (
    "SELECT path, etag, size_bytes, error IS NOT NULL OR unsure, digest, retired_at IS NOT NULL FROM cms.outputs WHERE site = %s AND digest IS NOT NULL"
)

MOST_ORPHANS, ORPHANS_SHARE = 256, 0.05
"""More objects than both are not removed without a word from a person."""


@dataclass(slots=True)
class AuditResult:
    """What a listing shows. objects: at the target; missing: in the manifest alone; different: of another version or size;
    orphaned: written for this site, in no manifest; foreign: of somebody else; repair: the build that mended it, if any.
    """

    objects: int = 0
    missing: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    orphaned: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    removed: int = 0
    repair: BuildResult | None = None


def audit(root: Path, env: str, *, repair: bool = False, confirmed: bool = False, reporter: Reporter | None = None) -> AuditResult:
    """List the target. repair: write what is missing or different again, remove what is orphaned; confirmed: however much that is.

    What somebody put over a page by hand is mended too, though builds leave it alone: here a person asks for it. Raises CmsError publish.orphans where much would be removed.
    """
    with open_store(root, env) as (site, connection, row):
        target = open_target(site.root, site.settings, Writer(site.settings.store_name, row.writer, 0))
        result = _compare(connection, row.id, target)
        if not repair:
            return result
        if not confirmed and len(result.orphaned) > max(MOST_ORPHANS, result.objects * ORPHANS_SHARE):
            raise fail("publish.orphans", f"{len(result.orphaned):,} of {result.objects:,} objects are in no manifest; nothing was removed",
                       hint="If they are to go, run it again with --confirm-removals.")  # fmt: skip
        for path in result.different:
            target.adopt(object_key(path))
        if row.keeps_releases and (lease := try_lease(connection, row.id)) is not None:  # a builder keeps bytes before it notes them
            kept = target.kept or open_kept(site.root, site.settings)
            kept.drop_many(list_unknown(connection, row.id, kept, site.settings.store_name))
            lease.end()
            lease.forget()
        _mark_unverified(connection, row.id, site.features, [*result.missing, *result.different])
    result.removed = sum(1 for reason in target.remove_many(result.orphaned) if reason is None)
    result.repair = build(root, BuildOptions(env=env, sync=False), reporter)
    return result


def _compare(connection: Connection, site_id: int, target: Target) -> AuditResult:
    manifest = {object_key(row[0]): row for row in connection.execute(MANIFEST, (site_id,))}
    apart = list_preview_keys(connection, site_id) | list_upload_keys(connection, site_id)
    result = AuditResult()
    for one in target.list_objects():
        result.objects += 1
        if one.key in apart:
            continue
        if one.key not in manifest:
            is_own = (
                PREVIEW_KEY.match(one.key) if one.etag is None else target.is_own(one.key)
            )  # of a preview that the database forgot by a restore
            (result.orphaned if is_own else result.foreign).append(one.key)
            continue
        path, etag, size, doubtful, digest, _ = manifest.pop(one.key)
        if doubtful:  # the manifest does not know the version
            data = target.read(one.key)
            differs = data is None or make_digest(data) != bytes(digest)
        else:
            differs = one.size_bytes != size if one.etag is None else one.etag != etag
        if differs:
            result.different.append(path)
    result.missing = sorted(path for path, *_, retired in manifest.values() if not retired)  # a retired one is made by nothing any more
    result.different.sort()
    return result


def _mark_unverified(connection: Connection, site_id: int, features: Features, paths: Sequence[str]) -> None:
    with connection.transaction():
        mark_unverified(connection, site_id, features, list(paths), "the target does not hold it")
