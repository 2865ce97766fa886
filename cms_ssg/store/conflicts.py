"""Two wishes for one path, in words."""

from __future__ import annotations

from cms_ssg.store.claims import ClaimRow, Rank
from cms_ssg.types import Problem


def describe_lost(row: ClaimRow, winner: Rank | None) -> Problem:
    """The problem of a claim that lost. winner: of the claim that has the name; None where it is that of a folder.

    A redirect of the settings that gives way to a page is a warning: patterns such as ``/:locale/old`` meet pages by design.
    """
    place = "site.toml" if row.owner_kind == "s" and row.kind == 3 else row.key if row.owner_kind in "ef" else ""
    words = ("page", "file", "list", "alias", "fallback page", "default page")
    if winner is None:
        message = f"{row.name} is the name of a folder with other pages or files, the {words[row.kind]} of {row.key} cannot have it too"
    else:
        message = f"{row.name} is claimed twice: the {words[winner[0]]} of {winner[2]} has it, the {words[row.kind]} of {row.key} does not"
    return Problem(
        "content.path-taken", place, 0, message,
        "Rename or move the file." if row.owner_kind == "f" else "Give one of them another slug, path or alias.", "warning" if row.owner_kind == "s" else "error",
    )  # fmt: skip
