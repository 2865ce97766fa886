"""Keys of reads: what an output's bytes depend on, as 64-bit numbers that an index can hold.

An aspect of an entry or a list's card is its id and two bits, so it can be read back without a
table; anything named (a template, a claim, a setting) is a negative blake2b-8 of its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b

CARD, ADDRESS, FULL, LIST = 0, 1, 2, 3
ASPECTS = ("card", "address", "full", "list")

LOW, HIGH = b"", b"\xff"
"""The ends of every list: sort keys begin with a byte between."""


def entry_key(aspect: int, entry: int) -> int:
    """The key of one aspect (CARD, ADDRESS, FULL) of an entry, or of a list's card (LIST)."""
    return entry * 4 + aspect


@lru_cache(maxsize=65_536)
def name_key(name: str) -> int:
    """The key of a named read such as ``template/base.html`` or ``claim//about/``; always negative."""
    return -(int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") >> 1) - 1


def is_name_key(key: int) -> bool:
    """Whether name_key made it."""
    return key < 0


def parse_key(key: int) -> tuple[str, int] | None:
    """(aspect, id) of a key that entry_key made, None for a named one."""
    return None if is_name_key(key) else (ASPECTS[key & 3], key >> 2)


def list_shown_entries(reads: str) -> Iterator[int]:
    """The entries that an output shows in full: its page shows one. reads: an array of keys as Postgres writes it."""
    for key in reads.strip("{}").split(","):
        if key and (found := parse_key(int(key))) and found[0] == ASPECTS[FULL]:
            yield found[1]


def digest(*parts: bytes) -> bytes:
    """blake2b-16 over parts, each preceded by its length so that their borders count."""
    state = blake2b(digest_size=16)
    for part in parts:
        state.update(len(part).to_bytes(8, "big"))
        state.update(part)
    return state.digest()
