"""Looks at files that are no content when they are read: which may not be published, and what is wrong with the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from cms_ssg.content.active_files import find_activity
from cms_ssg.content.collections.leftovers import is_copy, is_leftover
from cms_ssg.content.scan.changed_files import LFS_HINT, LFS_SAID, is_lfs_pointer
from cms_ssg.content.scan.file_names import show_path
from cms_ssg.images.damage import EXPORT, find_damage
from cms_ssg.images.facts import is_raster
from cms_ssg.paths import file_path
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.content.collections.rules import Rules


Verdict = Literal["whole", "absent", "refused"]
"""absent: these are not the file's bytes, so that its last ones stay; refused: neither may be published."""


class Look(NamedTuple):
    """What was found out of a file. problems: at most one; verdict: whether these bytes may be published."""

    problems: tuple[Problem, ...] = ()
    verdict: Verdict = "whole"


def look_at_file(rules: Rules, file: str, data: bytes) -> Look:
    """Look at the bytes of a file that no collection takes."""
    in_static = file.startswith("static/")
    if not in_static and (is_leftover(file) or is_copy(file)):
        said = "it looks like what an editor or a merge left behind, so it is not published"
        return Look((Problem("content.leftover", show_path(file), 0, said, "Remove it, or rename it if it is meant.", "warning"),))
    if is_lfs_pointer(data):
        return Look((describe_pointer(file),), "absent")
    if not rules.is_offered(file):
        return Look(_check_ending(file))
    try:
        file_path("/" + (file.removeprefix("static/") if in_static else file.rpartition("/")[2]))
    except ValueError as error:
        return Look((Problem("scan.name", show_path(file), 0, f"it is not published: {error}", "Rename it.", "warning"),))
    if not in_static and rules.settings.markdown.raw_html != "trusted" and (activity := find_activity(file, data)):
        hint = "Put it into static/, or trust what is written here: [markdown] raw_html in site.toml."
        said = f"it is not published: {activity}"
        return Look((Problem("content.active-file", file, 0, said, hint),), "refused")
    if is_raster(file) and (damage := find_damage(data)):
        return Look((Problem("image.unreadable", file, 0, damage, EXPORT),))
    return Look()


def describe_pointer(file: str) -> Problem:
    """The error for a file that git was told to keep elsewhere, and whose bytes were not fetched."""
    return Problem("image.unreadable" if is_raster(file) else "scan.lfs-pointer", file, 0, LFS_SAID, LFS_HINT)


def _check_ending(file: str) -> tuple[Problem, ...]:
    """A warning where only the case of its ending keeps a file from being content."""
    ending = file.rpartition(".")[2]
    if ending == ending.lower() or ending.lower() not in ("md", "mdx", "markdown"):
        return ()
    hint = f'Rename it: endings are small letters, ".{ending.lower()}".'
    return (Problem("content.ending", file, 0, "it is not read as content", hint, "warning"),)
