"""One text that changes whenever the same file could be read differently: our code and the libraries that parse."""

from __future__ import annotations

import re
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Final

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


def library_version(module: str, project: str = "") -> str:
    """The installed version by the name of its metadata folder: importlib.metadata takes 20 ms to import.

    module: as it is imported; project: as it is installed, if by another name.
    """
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    pattern = re.compile(re.escape(project or module).replace("_", "[-_.]") + r"-([^-]+)\.(?:dist|egg)-info", re.IGNORECASE)
    for parent in Path(spec.origin).parents[:3]:
        for name in _metadata_folders(parent):
            if match := pattern.fullmatch(name):
                return match[1]
    return ""


@cache
def _metadata_folders(parent: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in parent.glob("*-info")))
