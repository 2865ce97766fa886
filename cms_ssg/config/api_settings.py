"""Tables of ``site.toml`` about what the API answers: search, visitors, statistics, e-mails."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class Mail(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The server that e-mails go out through. host: "" keeps them in the store; port: 0 for the usual one; password_env: the variable that
    holds the password; sender: ``Name <address>``, by default no-reply at the host of base_url.
    """

    host: str = ""
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_env: str = ""
    sender: str = ""


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Search is on where this table is in site.toml.

    types: content types that are found, all with pages if empty; page_size: hits on a page; engine: what answers, "pagefind" a script in the browser; url: where it is, several
    nodes separated by commas; index: how the names of its indexes begin, by default the site's name; shards, replicas: of an OpenSearch index.
    """

    types: tuple[str, ...] = ()
    page_size: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    engine: Literal["postgres", "meilisearch", "opensearch", "pagefind"] = "postgres"
    url: Annotated[str, msgspec.Meta(pattern=r"^(https?://[^\s,]+(,\s*https?://[^\s,]+)*)?$")] = ""
    index: Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9][a-z0-9-]{0,59})?$")] = ""
    shards: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5
    replicas: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2

    @property
    def has_server(self) -> bool:
        """Whether documents are sent to an engine of its own."""
        return self.engine in ("meilisearch", "opensearch")

    @property
    def is_static(self) -> bool:
        """Whether browsers search by themselves, in files beside the pages."""
        return self.engine == "pagefind"

    @property
    def as_shown(self) -> Search:
        """What pages may depend on: which engine answers the API is none of their business, so another one renders no page again."""
        return Search(types=self.types, page_size=self.page_size, engine="pagefind" if self.is_static else "postgres")


class Api(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ``cms api`` answers for this site, and to whom.

    hosts: names beside that of base_url; cors: origins whose pages may read answers; trusted_proxies: addresses and networks whose
    X-Forwarded-For is believed; requests_per_minute: of one client to one route, more with a token; timeout_s: of one answer; upload_types:
    of files beside images that a token may send; upload_mb: the largest image or file.
    """

    hosts: tuple[str, ...] = ()
    cors: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    requests_per_minute: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 300
    timeout_s: Annotated[float, msgspec.Meta(ge=0.1, le=60)] = 5.0
    upload_types: tuple[Literal["pdf", "txt", "csv", "zip", "docx", "xlsx", "pptx", "odt", "ods", "epub"], ...] = ()
    upload_mb: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8


class AnswerCache(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How ``cms api`` keeps answers. memory: of each process; redis_url: shared by all, ``""`` for none (or CMS_REDIS_URL)."""

    memory_ttl_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 60
    memory_keys: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1000
    memory_mb: Annotated[int, msgspec.Meta(ge=0, le=65_536)] = 32
    redis_url: str = ""
    redis_ttl_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 3600


class Visitors(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Visitors prove who they are where this table is in site.toml: by links sent by e-mail, and by ID tokens of OpenID Connect where issuer is set.

    issuer, audience: that a token must name; keys_url: where the issuer publishes its keys (``jwks_uri``); link_minutes: how long a link works;
    session_days: how long a browser is known.
    """

    issuer: str = ""
    audience: str = ""
    keys_url: str = ""
    link_minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 30
    session_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30


class Statistics(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How reads of pages are counted. beacon: pages tell the API when they are read, for sites whose logs nobody imports; most_read_days: what
    the lists of the most read entries look back on; most_read: how many entries of a type such a list has.
    """

    beacon: bool = False
    most_read_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 7
    most_read: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50
