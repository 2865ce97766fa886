"""Approvals of content: ``approved: [NAME DIGEST]`` says who has approved exactly what stands there now. What is changed later is not approved any more."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

import msgspec

from cms_ssg.types import Json

FIELD: Final = "approved"
FREE: Final = frozenset({"draft", "status", "date", "publish_at", "expire_at", "updated", "metadata", FIELD})
"""When it is shown is no part of what is approved."""

_encode = msgspec.json.Encoder(order="sorted").encode


def digest_content(fields: Mapping[str, Json], body: str) -> str:
    """Stands for what readers see of an entry. fields: as they are stored; body: Markdown, spaces at its ends apart."""
    metadata = {name: value for name, value in (fields.get("metadata") or {}).items() if name != FIELD}
    content = {name: value for name, value in fields.items() if name not in FREE and value not in (None, "", [])}
    return blake2b(_encode([content, metadata, body.strip()]), digest_size=6).hexdigest()


def list_approvals(fields: Mapping[str, Json]) -> list[tuple[str, str]]:
    """(name, digest) of each approval that the fields hold, whatever it is for."""
    more = fields.get("metadata")
    given = fields.get(FIELD) or (more.get(FIELD) if isinstance(more, dict) else None)
    lines = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    return [
        (name.strip(), digest)
        for line in lines
        if isinstance(line, str)
        for name, space, digest in [line.rpartition(" ")]
        if space and name.strip()
    ]


def take_approvals(fields: Mapping[str, Json]) -> tuple[dict[str, Json], list[str]]:
    """Stored fields without their approvals, and these, so that what two people changed can be merged without them."""
    more = fields.get("metadata")
    if not isinstance(more, dict) or FIELD not in more:
        return dict(fields), []
    rest = {name: value for name, value in more.items() if name != FIELD}
    kept = {name: value for name, value in fields.items() if name != "metadata"}
    return kept | ({"metadata": rest} if rest else {}), [f"{name} {digest}" for name, digest in list_approvals({"metadata": more})]


def put_approvals(fields: Mapping[str, Json], lines: list[str]) -> dict[str, Json]:
    """Stored fields with these approvals and no others."""
    kept, _ = take_approvals(fields)
    return kept | {"metadata": {**(kept.get("metadata") or {}), FIELD: lines}} if lines else kept


def list_new_approvals(before: Mapping[str, Json], after: Mapping[str, Json]) -> list[tuple[str, str]]:
    """(name, digest) of each approval that one entry's fields hold and another's do not, wherever in them it stands."""

    def collect(fields: Mapping[str, Json]) -> list[tuple[str, str]]:
        return [*list_approvals({FIELD: fields.get(FIELD)}), *list_approvals({"metadata": fields.get("metadata")})]

    known = collect(before)
    return [one for one in collect(after) if one not in known]


def parse_approvals(text: str) -> list[tuple[str, str]]:
    """(name, digest) of each approval that a change that waits has: a line each, such as ``bob 3f2a91c0d4e5``."""
    return list_approvals({FIELD: text.split("\n")})


def find_approvers(fields: Mapping[str, Json], body: str) -> list[str]:
    """Who has approved the content as it is, without those who wrote it."""
    digest = digest_content(fields, body)
    authors = fields.get("authors")
    own = {str(author).casefold() for author in authors} if isinstance(authors, list) else set()
    return list(dict.fromkeys(name for name, said in list_approvals(fields) if said == digest and name.casefold() not in own))


def add_approval(fields: Mapping[str, Json], body: str, names: list[str]) -> list[str]:
    """The field with the approvals of these people added; those of other content are left out."""
    digest = digest_content(fields, body)
    known = [name for name, said in list_approvals(fields) if said == digest]
    return [f"{name} {digest}" for name in dict.fromkeys([*known, *names])]
