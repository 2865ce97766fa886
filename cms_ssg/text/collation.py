"""Sort keys of texts in the order of a language, by the ICU library that comes with icu4py: the same on every machine.

icu4py has no collator of its own yet, so ICU's C interface is called, which it keeps stable: https://unicode-org.github.io/icu-docs/apidoc/released/icu4c/ucol_8h.html
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from cms_ssg.text.installed_version import library_version

MOST_BYTES = 1000
"""Texts that differ beyond that are not told apart: an index of the database holds keys of 2,700 bytes at most."""


def collation_version() -> str:
    """Changes when the same text could have another sort key."""
    return library_version("icu4py")


@lru_cache(maxsize=8192)
def make_text_key(text: str, locale: str) -> bytes:
    """Bytes that compare as the texts do in a locale's language, by the Unicode collation algorithm with CLDR's rules for it.

    locale: such as ``sv`` or ``zh-Hant``; of an unknown one and of ``""`` the order that all languages share. The bytes end in the only 0 among
    them, so that no key is a prefix of another.
    """
    make_key, collator = _load_function("ucol_getSortKey"), _open_collator(locale)
    units = text.encode("utf-16-le", "surrogatepass")
    source = ctypes.create_string_buffer(units, len(units) + 2)
    size = 8 + 4 * len(units)
    while True:
        key = (ctypes.c_uint8 * size)()
        needed = make_key(collator, source, ctypes.c_int32(len(units) // 2), key, ctypes.c_int32(size))
        if needed <= size:
            return bytes(key[:needed]) if needed <= MOST_BYTES else bytes(key[: MOST_BYTES - 1]) + b"\0"
        size = needed


@cache
def _open_collator(locale: str) -> ctypes.c_void_p:
    open_collator = _load_function("ucol_open")
    open_collator.restype = ctypes.c_void_p
    status = ctypes.c_int(0)  # negative: a warning that another locale's rules are used
    collator = open_collator(locale.replace("-", "_").encode("ascii", "replace"), ctypes.byref(status))
    if status.value > 0 or not collator:
        if locale:
            return _open_collator("")
        raise OSError(f"ICU opens no collator (error {status.value})")
    return ctypes.c_void_p(collator)


@cache
def _load_function(name: str) -> Any:
    """A function of ICU's; its name there ends in ICU's major version."""
    import icu4py
    from icu4py import messageformat  # of its modules the one that is linked to the library with collation

    version = icu4py.icu_version.partition(".")[0]
    path = str(messageformat.__file__)
    if os.name == "nt":  # where a symbol is looked for in one library only
        path = str(next((Path(path).parent.parent / "icu4py.libs").glob("icuin*.dll")))
    function: Callable[..., Any] = getattr(ctypes.CDLL(path), f"{name}_{version}")
    return function
