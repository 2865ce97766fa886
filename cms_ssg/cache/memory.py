"""The first layer: answers in this process, limited in number, bytes and time. The least recently used goes first."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from cms_ssg.cache.versions import Snapshot


class Kept(NamedTuple):
    """One answer. data: JSON; made_at, expires_at: seconds of the process's clock."""

    data: bytes
    tags: tuple[str, ...]
    snapshot: Snapshot
    made_at: float
    expires_at: float


OVERHEAD_BYTES = 400
"""What an entry costs beside its key and data."""


class MemoryLayer:
    """At most `most_keys` answers of `most_bytes` together; one that is larger than an eighth of that is not kept."""

    def __init__(self, most_keys: int, most_bytes: int) -> None:
        self.most_keys, self.most_bytes = most_keys, most_bytes
        self.size_bytes = 0
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: str) -> Kept | None:
        """The answer under a key, fresh or not."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, key: str, kept: Kept) -> None:
        """Keep an answer, and let others go if there is no room."""
        self.drop(key)
        size = _size(key, kept)
        if size > self.most_bytes // 8:
            return
        self._kept[key] = kept
        self.size_bytes += size
        while len(self._kept) > self.most_keys or self.size_bytes > self.most_bytes:
            other, gone = self._kept.popitem(last=False)
            self.size_bytes -= _size(other, gone)

    def drop(self, key: str) -> None:
        """Forget one answer."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.size_bytes -= _size(key, kept)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self.size_bytes = 0


def _size(key: str, kept: Kept) -> int:
    return len(key) + len(kept.data) + OVERHEAD_BYTES
