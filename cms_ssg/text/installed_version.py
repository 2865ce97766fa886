"""The version of an installed library, found without importing anything."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path


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
