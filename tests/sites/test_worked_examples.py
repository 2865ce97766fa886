"""docs/existing-repositories.md says what the two site.toml say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "existing-repositories.md"
LINES = {line.strip() for file in HERE.glob("*/site.toml") for line in file.read_text("utf-8").splitlines()}


@pytest.mark.parametrize("example", re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
def test_every_line_of_an_example_is_a_line_of_a_site(example: str) -> None:
    assert {line.strip() for line in example.splitlines()} - {"", "…"} <= LINES
