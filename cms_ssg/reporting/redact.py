"""Takes secrets out of what is said: passwords in addresses, tokens known by their form, and the values of variables that hold secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote

HIDDEN: Final = "***"
SHORTEST: Final = 8
"""A value of fewer characters is not looked for: it would be found in ordinary words."""

_HOLDS_SECRET: Final = re.compile(
    r"SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|PRIVATE|(?:API|ACCESS|AUTH|SIGNING|ENCRYPTION)_?KEY", re.IGNORECASE
)
_PATTERNS: Final = (
    (re.compile(r"(\b(?:postgres(?:ql)?|rediss?|amqps?|mysql)://[^\s:/@'\"<>]{0,100}:)[^\s\"<>]{1,400}(?=@)", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"<>]{0,100}:)[^\s@/'\"<>]{1,200}(?=@)", re.IGNORECASE), rf"\1{HIDDEN}"),
    (
        re.compile(
            r"((?:\b(?:[a-z0-9]{1,20}[_-]){0,4}"
            r"(?:password|passwd|pwd|secret|token|api_?key|access_?key|signature|sig)|[?&]key)\s?=\s?)(?:'(?:[^'\\]|\\.)*'|[^\s&;,'\"<>)]+)", re.IGNORECASE
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}"), rf"\1{HIDDEN}"),
    (
        re.compile(
            r"\b(?:whsec_[A-Za-z0-9+/=]{8,}|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{15,}|(?:AKIA|ASIA)[0-9A-Z]{16}"
            r"|xox[abprs]-[\w-]{10,}|[rs]k_(?:live|test)_\w{10,}|eyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]*)"
        ),
        HIDDEN,
    ),
)  # fmt: skip


def split_address(address: str) -> tuple[str, str]:
    """User and password of a postgresql:// address as they are written, and its parameters; two empty texts for other addresses.

    The password ends at the last @, as its writer meant, though libpq ends it at the first @ and sees none after a /.
    """
    found = _URI.match(address)
    body = address[found.end() :] if found else ""
    at = body.find("?", max(body.find("@"), 0))
    place, parameters = (body, "") if at < 0 else (body[:at], body[at + 1 :])
    return place.rpartition("@")[0], parameters


def list_secrets(address: str) -> list[str]:
    """What nobody may be told of the address of a database: the whole, and each form of its passwords.

    Form: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
    """
    credentials, parameters = split_address(address)
    if _URI.match(address):
        user, _, written = credentials.partition(":")
        passwords = [part for part in (written, *re.split("[@/?]", written)) if part != user]
        passwords += [value for name, _, value in (part.partition("=") for part in parameters.split("&")) if name.endswith("password")]
    else:
        passwords = [value for name, value in _PAIR.findall(address) if name.endswith("password")]
        passwords += [re.sub(r"\\(.)", r"\1", value.strip("'")) for value in passwords]
    return [address, *(form for password in passwords for form in (password, unquote(password)))]


_URI: Final = re.compile(r"postgres(?:ql)?://")
_PAIR: Final = re.compile(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s\\]|\\.)*)", re.DOTALL)


class Redactor:
    """Knows the secrets of one process. databases: addresses of databases beside that of ``CMS_DATABASE_URL``."""

    def __init__(self, environ: Mapping[str, str], databases: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        self._known: re.Pattern[str] | None = None
        self.learn(value for name, value in environ.items() if _HOLDS_SECRET.search(name))
        for address in (environ.get("CMS_DATABASE_URL", ""), *databases):
            self.learn(list_secrets(address))

    def learn(self, values: Iterable[str]) -> None:
        """Hide these too; a variable may hold several, with spaces between them."""
        parts = {part for value in values for part in (value, *value.split()) if len(part) >= SHORTEST}
        if parts - self._values:
            self._values |= parts
            self._known = re.compile("|".join(re.escape(value) for value in sorted(self._values, key=len, reverse=True)))

    def redact(self, text: str) -> str:
        """The text with *** in place of each secret."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for pattern, hidden in _PATTERNS:
            text = pattern.sub(hidden, text)
        return text
