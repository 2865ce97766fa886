"""One text that changes whenever the same file could be read differently: our code and the libraries that parse."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

from cms_ssg.text.installed_version import library_version

LIBRARIES: Final = {
    "markdown_it": "markdown_it_py",
    "mdit_py_plugins": "mdit_py_plugins",
    "pygments": "pygments",
    "nh3": "nh3",
    "yaml": "pyyaml",
    "icu4py": "icu4py",
}


ELSEWHERE: Final = (
    "files/globs.py", "files/media_types.py", "engine/plain_files.py", "images/damage.py", "images/facts.py", "images/strip.py", "images/strip_heif.py", "images/svg.py",
)  # fmt: skip
"""Our other sources that decide what is read of a file, below the package."""


@cache
def reader_version() -> str:
    """Digest of this package's sources and the versions of its libraries, without importing them."""
    state = blake2b(digest_size=16)
    here = Path(__file__).parent
    for file in (*sorted(here.rglob("*.py")), *(here.parent / name for name in ELSEWHERE)):
        if file.parent.name in {"scan", "git"}:
            continue  # they find files and read none
        state.update(file.relative_to(here.parent).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    for module, project in LIBRARIES.items():
        state.update(f"{module}={library_version(module, project)}\0".encode())
    return state.hexdigest()
