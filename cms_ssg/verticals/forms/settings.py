"""The table [forms] of site.toml: how e-mails go out."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class FormsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """host: of the mail server, ``""`` to keep e-mails in the store; port: 0 for the usual one of `security`; password_env: the variable with the password.

    security: ``starttls``, ``tls`` from the start, ``none`` only within a machine or a trusted network. sender: who e-mails come from.
    """

    host: str = ""
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_env: str = ""
    sender: str = ""
