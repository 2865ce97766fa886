"""Asks the processes that work on images, as a build does."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from cms_ssg.images.children import Answer, Children, Task
from cms_ssg.images.facts import Facts
from cms_ssg.images.variants import DEFAULT_RULES, Variant, plan_variants
from cms_ssg.reads import digest

IMAGES = Path(__file__).parents[1] / "data/images"


def measure(children: Children, *files: Path, check: str = "all") -> list[Facts]:
    """Facts of files, in their order."""
    tasks = [[Task(str(number), _request(file) | {"spec": None, "check": check})] for number, file in enumerate(files)]
    answers = {answer.key: answer.facts for answer in children.work(tasks, lambda: None)}
    found = [answers[str(number)] for number in range(len(files))]
    assert None not in found
    return found  # type: ignore[return-value]


def make(children: Children, file: Path, variants: Sequence[Variant]) -> list[Answer]:
    """These variants of a file."""
    tasks = [Task(variant.path, _request(file) | {"spec": variant.spec, "widest": 1600.0}) for variant in variants]
    answers = {answer.key: answer for answer in children.work([tasks], lambda: None)}
    return [answers[variant.path] for variant in variants]


def show(children: Children, file: Path, **wishes: Any) -> Image.Image:
    """A file's fallback variant as an image."""
    (facts,) = measure(children, file)
    assert facts.code == "", facts.message
    recipe = plan_variants(DEFAULT_RULES, facts, digest(file.read_bytes()).hex(), **wishes)
    data = make(children, file, [recipe.fallback])[0].data
    assert data is not None
    return Image.open(io.BytesIO(data))


def _request(file: Path) -> dict[str, Any]:
    return {"root": str(file.parent), "file": file.name, "digest": digest(file.read_bytes()).hex()}
