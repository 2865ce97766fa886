"""The files that a style sheet names: fonts and pictures beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_URL: Final = re.compile(rb"""url\("([A-Za-z0-9][A-Za-z0-9._/-]*)"\)""")


def list_beside(path: Path, data: bytes) -> dict[str, Path]:
    """Name as written -> file of each ``url("font.woff2")`` in a style sheet that is a file in its folder, or below that."""
    names = sorted({match[1].decode() for match in _URL.finditer(data)})
    return {name: file for name in names if ".." not in name and (file := path.parent / name).is_file()}
