"""Makes a sent image anew and puts it at the site's target; takes those away that nobody kept."""

from __future__ import annotations

import os
import secrets
from typing import Any, Final, LiteralString, NamedTuple

import psycopg
from psycopg import Connection

from cms_ssg.engine.expired_previews import find_place, open_place
from cms_ssg.errors import CmsError, fail
from cms_ssg.images.children import Answer, Children
from cms_ssg.images.facts import Facts
from cms_ssg.images.tasks import make_looks, make_variants
from cms_ssg.images.variants import TYPES, ImageRules, plan_variants
from cms_ssg.kinds.vertical import OpenSite, Task
from cms_ssg.publish.target import Object, Writer
from cms_ssg.reads import digest as make_digest
from cms_ssg.store.connect import connect
from cms_ssg.store.sites import ensure_site

FOLDER: Final = "uploads"
WIDEST: Final = 1600
UNKEPT_HOURS: Final = 24
MOST_UNKEPT: Final = 20
"""Images of one visitor that no feature has taken up yet."""

ADD: Final[LiteralString] = """
INSERT INTO cms.uploads (site, token, key, target, place, email, width, height, size_bytes, expires_at)
SELECT %(site)s, %(token)s, %(key)s, %(target)s, %(place)s, %(email)s, %(width)s, %(height)s, %(size)s,
  CASE WHEN %(email)s = '' THEN NULL ELSE clock_timestamp() + %(hours)s * interval '1 h' END
WHERE %(email)s = '' OR (SELECT count(*) FROM cms.uploads WHERE site = %(site)s AND email = %(email)s AND expires_at IS NOT NULL) < %(most)s"""
DELETE: Final[LiteralString] = "DELETE FROM cms.uploads WHERE site = %s AND token = %s"
KEEP: Final[LiteralString] = (
    "UPDATE cms.uploads SET expires_at = NULL WHERE site = %(site)s AND token = %(token)s AND email = %(email)s AND width > 0 RETURNING key, width, height"
)
"""What a feature runs that takes up a visitor's image, in the transaction that makes it necessary."""

EXPIRED: Final[LiteralString] = (
    "SELECT token, key, target, place FROM cms.uploads WHERE site = %s AND expires_at <= clock_timestamp() LIMIT 500"
)


class Upload(NamedTuple):
    """What is put at the target. name: the last part of its key; width, height: in pixels, 0 for what is no image."""

    name: str
    data: bytes
    content_type: str
    width: int = 0
    height: int = 0


class Kept(NamedTuple):
    """An image or a file that was put at the target. path: of it at the site."""

    token: str
    path: str
    width: int
    height: int


def keep_image(opened: OpenSite, data: bytes, email: str = "") -> Kept:
    """Make an image anew, at most WIDEST pixels wide and without what its camera wrote into it, and put it at the target.

    email: the visitor's whose it is; without it the image stays for good, else a day unless a feature keeps it. Raises CmsError image.*, uploads.*.
    """
    made, facts, form = _make_anew(opened, data)
    return put(opened, Upload(f"image.{'jpg' if form == 'jpeg' else form}", made, TYPES[form], facts.width, facts.height), email)


def put(opened: OpenSite, upload: Upload, email: str = "") -> Kept:
    """Put what was sent at the target, at an address that nobody can guess. Raises CmsError uploads.*."""
    site, connection, number = opened
    token = secrets.token_hex(20)
    key = f"{FOLDER}/{token}/{upload.name}"
    place = find_place(site.root, site.settings.target.url)
    row = {
        "site": number, "token": token, "key": key, "target": site.settings.target.url, "place": place, "email": email.lower(), "width": upload.width,
        "height": upload.height, "size": len(upload.data), "hours": UNKEPT_HOURS, "most": MOST_UNKEPT,
    }  # fmt: skip
    if not connection.execute(ADD, row).rowcount:  # before the object: a kill leaves a row that the task takes away with what it names
        raise fail("uploads.limit", f"{MOST_UNKEPT} images that were sent wait to be used", hint="Use them, or come back in a day.")
    stored = ensure_site(connection, site.settings.store_name)
    writer = Writer(site.settings.store_name, stored.writer, 0, conditions=bool(stored.conditions))
    sent = Object(key, upload.data, upload.content_type, "image", make_digest(upload.data), None, f"/{key}", cache="assets")
    [outcome] = open_place(site, site.settings.target.url, writer).write_many([sent])
    if outcome.refused is not None:
        connection.execute(DELETE, (number, token))
        raise fail("uploads.refused", f"the target refused the file: {outcome.refused}", hint="Try it again later.")
    return Kept(token, f"/{key}", upload.width, upload.height)


def _make_anew(opened: OpenSite, data: bytes) -> tuple[bytes, Facts, str]:
    """(bytes, facts of them, format). The sent bytes are looked at by a process within limits, and never published."""
    root, digest = opened.site.root, make_digest(data).hex()
    file = f".cms/uploads/{digest}"
    os.makedirs(root / ".cms/uploads", exist_ok=True)
    (root / file).write_bytes(data)
    children = Children(1)
    try:
        facts = _work(children, make_looks(str(root), {digest: file}, "all")).facts
        if facts is None or facts.code:
            raise fail(
                facts.code if facts is not None else "image.unreadable",
                facts.message if facts is not None else "it cannot be read",
                hint="Send a JPEG, PNG or WebP.",
            )
        if facts.format == "svg" or not facts.still:
            raise fail("uploads.type", "only images that stand still and are made of pixels are taken", hint="Send a JPEG, PNG or WebP.")
        variant = plan_variants(ImageRules(widths=(WIDEST,), formats=()), facts, digest, formats=()).fallback
        made = _work(children, make_variants(str(root), {variant.path: variant.spec | {"source_width": facts.width}}, {digest: file}))
    finally:
        children.close()
        (root / file).unlink(missing_ok=True)
    if made.data is None:
        raise fail("image.unreadable", made.facts.message if made.facts is not None else "it cannot be read", hint="Export it again.")
    shown = Facts(facts.version, str(variant.spec["format"]), variant.width, variant.height)
    return made.data, shown, shown.format


def _work(children: Children, groups: Any) -> Answer:
    return next(iter(children.work(groups, lambda: None)))


def keep_image_at(url: str, opened: OpenSite, data: bytes, email: str = "") -> Kept:
    """The same over a connection of its own, for whoever has none that is not asynchronous."""
    with connect(url, autocommit=True) as connection:
        return keep_image(opened._replace(connection=connection), data, email)


def forget_unkept(opened: OpenSite) -> None:
    """Take images away that no feature has taken up within a day. Those in another checkout's folder are its own to take away."""
    site, connection, number = opened
    for token, key, target, place in connection.execute(EXPIRED, (number,)).fetchall():
        if place and place != find_place(site.root, target):
            continue
        try:
            [refused] = open_place(site, target).remove_many([key])
        except (CmsError, psycopg.Error, OSError):
            refused = "the target does not answer"
        if refused is None:
            connection.execute(DELETE, (number, token))


def list_upload_keys(connection: Connection, site: int) -> set[str]:
    """The keys of all images that were sent, which are in no manifest."""
    return {row[0] for row in connection.execute("SELECT key FROM cms.uploads WHERE site = %s", (site,))}


TASKS: Final = (Task("forget-uploads", 3600, forget_unkept),)
