"""Files that browsers search in, for sites without an API: made anew where a document changed, then published as all outputs are."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.engine.context import BuildContext
from cms_ssg.kinds.claim import FILE, ClaimRow, Owner
from cms_ssg.plan.dirty import SAVE, Marks
from cms_ssg.plan.site_claims import STATIC_SEARCH
from cms_ssg.reads import digest
from cms_ssg.search.pagefind_index import ENTRY, digest_state, list_records, make_files
from cms_ssg.store.arrays import text_array
from cms_ssg.store.claims import save_claims

KNOWN: Final[LiteralString] = "SELECT state FROM cms.static_indexes WHERE site = %s"
SAVE_STATE: Final[LiteralString] = """
INSERT INTO cms.static_indexes (site, state) VALUES (%s, %s) ON CONFLICT (site) DO UPDATE SET state = excluded.state"""
FILES: Final[LiteralString] = "SELECT path, digest FROM cms.static_index_files WHERE site = %s"
DELETE_FILES: Final[LiteralString] = "DELETE FROM cms.static_index_files WHERE site = %s AND path = ANY(%s::text[])"
SAVE_FILE: Final[LiteralString] = """
INSERT INTO cms.static_index_files (site, path, digest, data) VALUES (%s, %s, %s, %s)
ON CONFLICT (site, path) DO UPDATE SET digest = excluded.digest, data = excluded.data"""


def update_static_search(context: BuildContext) -> bool:
    """Make the index again if a document changed since it was made. Whether that gave outputs to publish or to remove.

    Raises CmsError search.not-installed, search.failed.
    """
    connection, site_id = context.connection, context.row.id
    state = digest_state(connection, context.site, site_id)
    known = connection.execute(KNOWN, (site_id,)).fetchone()
    if known is not None and bytes(known[0]) == state:
        return False
    files = make_files(list_records(connection, context.site, site_id), context.keep_lease)
    digests = {path: digest(data) for path, data in files.items()}
    stored = {path: bytes(value) for path, value in connection.execute(FILES, (site_id,))}
    connection.execute(DELETE_FILES, (site_id, text_array(stored.keys() - files.keys())))
    changed = [(site_id, path, digests[path], data) for path, data in files.items() if stored.get(path) != digests[path]]
    with connection.cursor() as cursor:
        cursor.executemany(SAVE_FILE, changed)
    connection.execute(SAVE_STATE, (site_id, state))
    claims = [
        ClaimRow(
            f"/pagefind/{path}", FILE, "", f"pagefind {path}", Owner.SITE, STATIC_SEARCH,
            {"kind": "search-entry" if path == ENTRY else "search-data", "digest": value.hex()},
        )
        for path, value in digests.items()
    ]  # fmt: skip
    names, _ = save_claims(connection, site_id, Owner.SITE, {STATIC_SEARCH: claims})
    marks = Marks(site_id, context.site.features, SAVE)
    marks.names(names)
    marks.save(connection)
    context.commit()
    return bool(names)
