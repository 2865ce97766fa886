"""Where the files that come with cms_ssg lie: themes, schemas, SQL and verticals, in a checkout and in a wheel alike."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def folder(name: str) -> Path:
    """The bundled folder called name (``themes``, ``content_schema``, ``sql``, ``verticals``).

    A wheel carries them inside the package, a checkout has most of them beside it.
    """
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name
