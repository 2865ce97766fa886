"""What ``site.toml`` says of editing: ``[workflow.TYPE]`` and ``[desk]``."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Workflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a content type goes through before it is public. approvals: of so many people who did not write it;
    notify: e-mail addresses that are told when somebody asks for one, gives one, or comments.
    """

    approvals: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    notify: tuple[str, ...] = ()


class Desk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may be written at the desk beside entries of the store. files: content files of the folder that `cms api` runs in; upload_mb: of one image.

    issuer, client_id: the OpenID Connect issuer at which people sign in, and this site's name there; "" for tokens alone.
    """

    files: bool = False
    upload_mb: Annotated[int, msgspec.Meta(ge=0, le=100)] = 15
    issuer: str = ""
    client_id: str = ""
