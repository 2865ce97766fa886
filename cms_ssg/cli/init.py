"""``cms init``: a small real site to begin with."""

from __future__ import annotations

import click

from cms_ssg.cli.call import Call, site_command


@site_command("init", "cms init my-site\ncms init my-group --starter corporate")
@click.argument("new_folder", metavar="DIR")
@click.option("--starter", default="blog", show_default=True, metavar="NAME", help="Which site to copy.")
def init(call: Call, new_folder: str, starter: str) -> None:
    """Make a small real site in DIR, a new or empty folder."""
    from pathlib import Path

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
