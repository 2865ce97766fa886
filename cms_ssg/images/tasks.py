"""What child processes are asked to do with images: look at some, make variants of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cms_ssg.images.children import Task
from cms_ssg.images.facts import SvgCheck


def make_looks(root: str, files: Mapping[str, str], check: SvgCheck | None) -> list[list[Task]]:
    """Have images looked at. root: the site's folder; files: of each digest; check: what an SVG may not hold."""
    return [
        [Task(digest, {"root": root, "file": file, "digest": digest, "spec": None, "check": check})]
        for digest, file in sorted(files.items())
    ]


def make_variants(root: str, specs: Mapping[str, Mapping[str, Any]], files: Mapping[str, str]) -> list[list[Task]]:
    """Have variants made, all of one image by one process that decodes it once. specs: by path; files: of each digest, none for what is missing."""
    groups: dict[str, list[str]] = {}
    for path, spec in specs.items():
        groups.setdefault(str(spec.get("digest") or path), []).append(path)
    tasks = []
    for key, paths in sorted(groups.items()):
        same = {"root": root, "file": files.get(key, ""), "digest": key, "widest": max(_whole_width(specs[path]) for path in paths)}
        tasks.append(
            [Task(p, {**same, "spec": specs[p]} if "digest" in specs[p] else {"root": root, "card": specs[p]["card"]}) for p in paths]
        )
    return tasks


def _whole_width(spec: Mapping[str, Any]) -> float:
    """How wide the whole image would be at a variant's scale."""
    box = spec.get("box")
    return float(spec["width"]) * (spec["source_width"] / (box[2] - box[0]) if box else 1.0)
