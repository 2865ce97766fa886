"""``cms init``: a small real site to begin with."""

from __future__ import annotations

import click

from cms_ssg.cli.call import Call, site_command


@site_command("init", "cms init my-site\ncms init my-site --starter blog")
@click.argument("new_folder", metavar="DIR")
@click.option("--starter", default="blog", show_default=True, metavar="NAME", help="Which site to copy.")
def init(call: Call, new_folder: str, starter: str) -> None:
    """Make a small real site in DIR, a new or empty folder."""
    from pathlib import Path

    from cms_ssg.authoring.starters import copy_starter
    from cms_ssg.kinds.load import load_vertical

    base = call.folder or "."
    target = Path(base, new_folder)
    files = copy_starter(starter, target)
    steps = (
        f"Made {target} with {len(files)} files. Now:\n\n  cd {target}\n  cms serve          # build it, look at it, and see every save\n"
    )
    kind = next((collection["type"] for collection in load_vertical(starter).collections), "page")
    steps += f'  cms new {kind} "My first {kind}"'
    call.output.result({"folder": str(target), "starter": starter, "files": files}, steps)
