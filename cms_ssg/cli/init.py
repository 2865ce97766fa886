"""``cms init``: a small real site to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cms_ssg.cli.call import Call, site_command

if TYPE_CHECKING:
    from pathlib import Path


@site_command("init", "cms init my-site\ncms init my-group --starter corporate\ncms init --from hugo old-site")
@click.argument("new_folder", metavar="DIR")
@click.option("--starter", default="blog", show_default=True, metavar="NAME", help="Which site to copy.")
@click.option(
    "--from",
    "kind",
    type=click.Choice(["hugo", "jekyll", "zola"]),
    default=None,
    help="Write a site.toml for DIR, an existing site of this system; its files are not changed.",
)
def init(call: Call, new_folder: str, starter: str, kind: str | None) -> None:
    """Create a site in DIR from a starter.

    DIR is a new or empty folder; with --from, an existing site.
    """
    from pathlib import Path

    if kind is not None:
        _adopt(call, kind, Path(call.folder or ".", new_folder))
        return

    from cms_ssg.authoring.starters import copy_starter, is_group
    from cms_ssg.kinds.load import load_vertical

    base = call.folder or "."
    target = Path(base, new_folder)
    files = copy_starter(starter, target)
    if is_group(target):
        brand = next(path.parent for path in sorted(target.glob("brands/*/site.toml"))).relative_to(target)
        lines = ["cms -C brands build --all-sites   # build every brand", f"cms -C {brand} serve   # look at one"]
    else:
        begin = (
            load_vertical(starter).begin or 'cms serve          # build it, look at it, and see every save\ncms new post "My first post"'
        )
        lines = begin.split("\n")
    steps = f"Made {target} with {len(files)} files. Now:\n\n" + "\n".join(f"  {line}" for line in (f"cd {target}", *lines))
    call.output.result({"folder": str(target), "starter": starter, "files": files}, steps)


def _adopt(call: Call, kind: str, folder: Path) -> None:
    from cms_ssg.migrate.adopt import adopt
    from cms_ssg.text.counting import count

    made = adopt(kind, folder)
    call.output.problems(made.problems)
    lines = [
        f"Made {', '.join(made.files[:1])} in {folder} for {count(made.pages, 'page')}, {made.moved} of them with a new address and a redirect from the old one."
    ]
    if made.problems:
        lines.append(f"{count(len(made.problems), 'thing')} to look at: cms init --json lists all of them by file and line.")
    lines.append(f"Now: cms -C {folder} check, then cms -C {folder} serve")
    call.output.result(
        {"folder": str(folder), "files": made.files, "pages": made.pages, "moved": made.moved, "problems": made.problems}, "\n".join(lines)
    )
