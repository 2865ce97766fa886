"""Make the files that browsers search in, by Pagefind (https://pagefind.app), from what is stored of each document.

Pagefind is asked by the protocol of its own Node and Python packages (``pagefind --service``: JSON in base64, separated by commas). Its Python
package waits a tenth of a second for each record, so it only says where the program is.
"""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import IO, Any, Final, LiteralString

from psycopg import Connection

from cms_ssg.errors import fail
from cms_ssg.reads import digest
from cms_ssg.site import Site, source_digest

SOURCES: Final = ("search/pagefind_index.py",)
"""What decides about the files besides the documents."""

ENTRY: Final = "pagefind-entry.json"
"""The file that names the others, which have their digests in their names."""

SCRIPTS: Final = frozenset(("pagefind.js", "pagefind-worker.js"))
SUFFIXES: Final = (".pagefind", ".pf_meta", ".pf_index", ".pf_fragment")

LIMIT_S: Final = 1800.0
"""A run that takes longer is ended."""

STEP, WAIT_S = 200, 2.0

STATE: Final[LiteralString] = """
SELECT md5(coalesce(string_agg(path || ' ' || locale || ' ' || encode(digest, 'hex'), E'\\n' ORDER BY path, entry), ''))
FROM cms.documents WHERE site = %s AND shown"""
DOCUMENTS: Final[LiteralString] = """
SELECT path, entry, locale, title, excerpt, content FROM cms.documents
WHERE site = %(site)s AND shown AND (path, entry) > (%(path)s, %(entry)s) ORDER BY path, entry LIMIT %(most)s"""


def digest_state(connection: Connection, site: Site, site_id: int) -> bytes:
    """Stands for all that the files are made from. Raises CmsError search.not-installed."""
    try:
        programs = (version("pagefind"), str(find_spec("pagefind_bin_extended") is not None))
    except PackageNotFoundError:
        raise _describe_missing() from None
    documents = connection.execute(STATE, (site_id,)).fetchone()[0]  # type: ignore[index]
    locales = [f"{code}={locale.hreflang}" for code, locale in site.locales.items()]
    return digest("\0".join((*programs, documents, site.base_path, *locales)).encode(), source_digest(SOURCES))


def list_records(connection: Connection, site: Site, site_id: int) -> Iterator[dict[str, Any]]:
    """What Pagefind is told of each document whose page is published, in the order of paths: its files depend on the order."""
    path, entry = "", 0
    while rows := connection.execute(DOCUMENTS, {"site": site_id, "path": path, "entry": entry, "most": STEP}).fetchall():
        for url, _, locale, title, excerpt, content in rows:
            known = site.locales.get(locale)
            yield {
                "url": site.base_path + url,
                "language": (known.hreflang or known.code if known is not None else locale).lower(),
                "content": "\n".join(part for part in (excerpt, content) if part),
                "meta": {"title": title},
            }
        path, entry = rows[-1][:2]


def make_files(records: Iterator[dict[str, Any]], between: Callable[[], None]) -> dict[str, bytes]:
    """The files of an index of these records by their paths below ``/pagefind/``; the same records in the same order give the same bytes.

    between: called every few seconds. Raises CmsError search.not-installed, search.failed.
    """
    program = _find_program()
    try:
        process = subprocess.Popen([program, "--service"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError as error:
        raise _describe_failure(f"{program}: {error.strerror}") from None
    limit = threading.Timer(LIMIT_S, process.kill)
    assert process.stdin is not None
    assert process.stdout is not None
    answers = _Answers(process.stdout)
    try:
        limit.start()
        answers.start()
        _send(process.stdin, 1, {"type": "NewIndex", "config": None})
        number = 1
        for number, record in enumerate(records, 2):
            if number % STEP == 0:
                between()
            _send(process.stdin, number, {"type": "AddRecord", "index_id": 0, "filters": {}, **record})
        _send(process.stdin, number + 1, {"type": "GetFiles", "index_id": 0})
        process.stdin.flush()
        while answers.is_alive() and not answers.done.wait(WAIT_S):
            between()
    except BrokenPipeError:
        pass  # the answers say why
    finally:
        limit.cancel()
        process.kill()
        process.wait()
        answers.join(WAIT_S)
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.close()
    if answers.files is None or answers.problem:
        said = answers.problem or f"it ended without an answer (exit code {process.returncode})"
        raise _describe_failure(said)
    found = {file["path"]: base64.b64decode(file["content"]) for file in answers.files}
    found[ENTRY] = json.dumps(json.loads(found[ENTRY]), sort_keys=True, separators=(",", ":")).encode()  # its languages have no order
    return {path: data for path, data in sorted(found.items()) if path == ENTRY or path in SCRIPTS or path.endswith(SUFFIXES)}


class _Answers(threading.Thread):
    """Reads what Pagefind says, as it stops when nobody does. files: of its last answer; problem: the first error."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.stream, self.done = stream, threading.Event()
        self.files: list[dict[str, str]] | None = None
        self.problem = ""

    def run(self) -> None:
        held: list[bytes] = []
        while data := self.stream.read1(1 << 20):  # type: ignore[attr-defined]
            *whole, rest = data.split(b",")
            for part in whole:
                self._take(b"".join((*held, part)))
                held = []
            held.append(rest)
            if self.done.is_set():
                return

    def _take(self, message: bytes) -> None:
        try:
            payload = json.loads(base64.b64decode(message))["payload"]
        except ValueError:
            payload = {"type": "Error", "message": "it says what is not of its protocol"}
        if payload["type"] == "Error":
            self.problem = self.problem or str(payload.get("message"))
            self.done.set()
        elif payload["type"] == "GetFiles":
            self.files = payload["files"]
            self.done.set()


def _send(stream: IO[bytes], number: int, payload: dict[str, Any]) -> None:
    stream.write(base64.b64encode(json.dumps({"message_id": number, "payload": payload}).encode()) + b",")


def _find_program() -> str:
    try:
        from pagefind.service import get_executable
    except ModuleNotFoundError:
        raise _describe_missing() from None
    program = get_executable()
    if program is None:
        raise _describe_missing()
    return str(program)


def _describe_failure(said: str) -> Exception:
    hint = "The index stays as it was; the next build tries again."
    return fail("search.failed", f"Pagefind could not make the index: {said}", hint=hint)


def _describe_missing() -> Exception:
    hint = "pip install 'cms-ssg[pagefind]' where the site is built"
    return fail("search.not-installed", "Pagefind is not installed, so the search index is not made", place="site.toml", hint=hint)
