"""Access logs of web servers and CDNs, line by line, as (host, path, day) of every page that was read."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from cms_ssg.text.programs import is_program_name

READ: Final = frozenset({"200", "304"})
"""Statuses of a page that somebody saw."""

COMBINED: Final = re.compile(r'\S+ \S+ .*?\[(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):\d\d ([+-])(\d\d)(\d\d)\] "GET (\S+)[^"]*" (\d{3}) ')
"""The log format of nginx and Apache: address, two names, [time], "request", status."""

AGENT: Final = re.compile(r'\S+ "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)"')
"""What stands behind: bytes, "referrer", "user agent". More may follow, and the common format ends before."""

MONTHS: Final = {m: n for n, m in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}


class Hit(NamedTuple):
    """A page that was read. host: "" where the log does not say; path: decoded, without query; day: in UTC."""

    host: str
    path: str
    day: date


def digest_log(path: Path) -> bytes:
    """16 bytes that tell a log from others: of its text, so that one that was compressed since is the same. Raises OSError, EOFError, zlib.error."""
    with _open_log(path) as log:
        return file_digest(log, "blake2b").digest()[:16]


@contextmanager
def _open_log(path: Path) -> Iterator[gzip.GzipFile | io.BufferedReader]:
    with path.open("rb") as raw:
        is_gzip = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        yield gzip.GzipFile(fileobj=raw) if is_gzip else raw


def read_hits(path: Path) -> Iterator[Hit]:
    """Every read of a page in a log by no program: combined (nginx, Apache), CloudFront's standard one, Cloudflare's Logpush (a JSON object a line); also
    compressed by gzip. What is no such line is passed over. Raises OSError.
    """
    with _open_log(path) as log:
        lines = io.TextIOWrapper(log, "utf-8", "replace")
        columns: dict[str, int] = {}
        for line in lines:
            if line.startswith("#Fields:"):
                columns = {name: number for number, name in enumerate(line.split()[1:])}
            elif line.startswith("#"):
                continue
            elif hit := _parse_json(line) if line.startswith("{") else _parse_columns(line, columns) if columns else _parse_combined(line):
                yield hit


def _parse_combined(line: str) -> Hit | None:
    found = COMBINED.match(line)
    if found is None or found[10] not in READ or found[2] not in MONTHS:
        return None
    try:
        at = datetime(int(found[3]), MONTHS[found[2]], int(found[1]), int(found[4]), int(found[5]), tzinfo=UTC)
    except ValueError:
        return None
    ahead = timedelta(hours=int(found[7]), minutes=int(found[8]))
    agent = AGENT.match(line, found.end())
    return _make("", found[9], (at - ahead if found[6] == "+" else at + ahead).date(), agent[1] if agent else None)


def _parse_columns(line: str, columns: dict[str, int]) -> Hit | None:
    """CloudFront's: values in the order of the #Fields line, parted by tabs."""
    values = line.rstrip("\n").split("\t")
    try:
        named = {name: values[number] for name, number in columns.items()}
        if named["cs-method"] != "GET" or named["sc-status"] not in READ:
            return None
        return _make(named.get("x-host-header", ""), named["cs-uri-stem"], date.fromisoformat(named["date"]), named.get("cs(User-Agent)"))
    except (IndexError, KeyError, ValueError):
        return None


def _parse_json(line: str) -> Hit | None:
    """Cloudflare's: EdgeStartTimestamp is RFC 3339, or a number of seconds or nanoseconds."""
    try:
        row: dict[str, Any] = msgspec.json.decode(line)
        if row["ClientRequestMethod"] != "GET" or str(row["EdgeResponseStatus"]) not in READ:
            return None
        at = row["EdgeStartTimestamp"]
        day = datetime.fromtimestamp(at / 1e9 if at > 1e12 else at, UTC) if isinstance(at, int | float) else datetime.fromisoformat(at)
        target = row.get("ClientRequestURI") or row["ClientRequestPath"]
        return _make(row.get("ClientRequestHost", ""), target, day.astimezone(UTC).date(), row.get("ClientRequestUserAgent"))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def _make(host: str, target: str, day: date, agent: str | None) -> Hit | None:
    """agent: None where the log does not say."""
    if agent is not None and is_program_name(unquote(agent)):
        return None
    try:
        return Hit(host.lower(), unquote(urlsplit(target).path), day)
    except ValueError:
        return None
