"""What the tests of the store share: a folder whose embedded server is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cms_ssg.store import embedded


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """An empty site folder, whose server is stopped at the end."""
    folder = tmp_path / "site"
    folder.mkdir()
    yield folder
    for place in [folder, *tmp_path.glob("*/")]:
        embedded.stop(place)
