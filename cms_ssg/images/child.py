"""A process that looks at images and makes variants, within limits of memory and time; it answers one request after another.

A request is a length of four bytes and MessagePack; an answer is the same, and carries the variant's bytes.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, BinaryIO

import msgspec

from cms_ssg.content.read_file import read_file
from cms_ssg.content.scan.changed_files import LFS_HINT, LFS_SAID, is_lfs_pointer
from cms_ssg.images.facts import MOST_BYTES, MOST_CPU_S, MOST_DATA_BYTES, Facts, SvgCheck, bad_facts
from cms_ssg.reads import digest as make_digest
from cms_ssg.types import Problem


def main() -> None:
    """Answer requests from stdin on stdout until stdin ends."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that a library prints may get among the answers
    _limit_memory()
    held: dict[str, Any] = {}
    while (request := _read(requests)) is not None:
        signal.setitimer(signal.ITIMER_PROF, MOST_CPU_S)  # processor time; its signal ends the process
        try:
            answer = _answer(request, held)
        except MemoryError:
            held.clear()
            answer = {"facts": limits_facts("it needs too much memory")}
        except Exception as error:  # noqa: BLE001 - whatever an image makes the libraries raise, it is to blame
            answer = {"facts": bad_facts("image.unreadable", f"it cannot be read: {error}", "Export it again.")}
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write(answers, answer)


def limits_facts(message: str) -> Facts:
    """Facts of an image that takes too much."""
    return bad_facts("image.limits", message, "Scale it down, or export it in another format.")


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # a system without limits
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere it counts something else, or nothing
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_DATA_BYTES, MOST_DATA_BYTES))


def _read_same(root: str, file: str, digest: str) -> bytes | None:
    """The bytes that a page meant; None when the file has become another since, or is gone."""
    data = read_file(root, file)
    return None if isinstance(data, Problem) or make_digest(data).hex() != digest else data


def _answer(request: dict[str, Any], held: dict[str, Any]) -> dict[str, Any]:
    if "card" in request:
        from cms_ssg.images.card import draw_card

        card = request["card"]
        font = _read_same(request["root"], card["font"], card["font_digest"]) if "font" in card else None
        return {"gone": True} if "font" in card and font is None else {"data": draw_card(card, font)}
    from cms_ssg.images.pixels import Refused, make_variant, open_source

    source = held.get("source")
    if request["spec"] is not None and source is not None and (source.digest, source.widest) == (request["digest"], request["widest"]):
        return {"data": make_variant(source, request["spec"])}
    held.clear()
    data = _read_same(request["root"], request["file"], request["digest"])
    if data is None:
        return {"gone": True}
    try:
        if len(data) > MOST_BYTES:
            raise Refused("image.too-large", f"it has more than {MOST_BYTES // 1024 // 1024} MB", "Export it in better compression.")
        if request["spec"] is None:
            return {"facts": _look(data, request["check"] or "scripts")}
        held["source"] = source = open_source(request["digest"], data, request["widest"])
    except Refused as reason:
        return {"facts": reason.facts}
    return {"data": make_variant(source, request["spec"])}


def _look(data: bytes, check: SvgCheck) -> Facts:
    """Facts of an image by its bytes alone: files of several names may share them. Raises Refused."""
    from cms_ssg.images.svg import is_svg, measure_svg

    if is_lfs_pointer(data):
        return bad_facts("image.unreadable", LFS_SAID, LFS_HINT, check)
    if is_svg(data):
        return measure_svg(data, check)
    from cms_ssg.images.pixels import Refused, measure_image

    try:
        return measure_image(data)
    except Refused as reason:
        return msgspec.structs.replace(reason.facts, looked_for=check)


def _read(stream: BinaryIO) -> dict[str, Any] | None:
    head = stream.read(4)
    if len(head) < 4:
        return None
    request: dict[str, Any] = msgspec.msgpack.decode(stream.read(int.from_bytes(head, "big")))
    return request


def _write(stream: BinaryIO, answer: dict[str, Any]) -> None:
    data = msgspec.msgpack.encode(answer)
    stream.write(len(data).to_bytes(4, "big") + data)
    stream.flush()


if __name__ == "__main__":
    main()
