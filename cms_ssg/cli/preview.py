"""``cms preview`` and ``cms previews``: show a change at an address of its own before it is published."""

from __future__ import annotations

import re
from typing import Final

import click

from cms_ssg.cli.build import status_code
from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.cli.output import make_table
from cms_ssg.text.counting import count

UNITS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
SHORTEST_S, LONGEST_S = 60, 31_536_000
MOST_LINES = 20
"""Pages that are shown; --json has all."""


def parse_span(text: str) -> int:
    """Seconds in a span such as ``90m``, ``12h``, ``7d`` or ``2w``. Raises a usage error."""
    found = re.fullmatch(r"(\d{1,6})([mhdw])", text.strip())
    seconds = int(found[1]) * UNITS[found[2]] if found else 0
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise click.BadParameter(f'"{text}" is no time from 1m to 365d; write it as 90m, 12h, 7d or 2w', param_hint="--expires")
    return seconds


@site_command("preview", "cms preview content/posts/flood.md\ncms preview --branch spring --expires 2w\ncms preview --worktree --json")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option(
    "--branch", default="", metavar="NAME", help="What a branch of the content's repository changes; the checkout is not touched."
)
@click.option("--worktree", is_flag=True, help="All files here that differ from the database, including templates.")
@click.option("--expires", metavar="TIME", help="How long it stays: 90m, 12h, 7d, 2w; [preview] expire_after_s by default.")
@click.option("--pages", type=click.IntRange(1, 1000), metavar="N", help="Pages shown at most; [preview] pages by default.")
def preview(call: Call, files: tuple[str, ...], branch: str, worktree: bool, expires: str | None, pages: int | None) -> int:
    """Publish drafts, files or a branch at a secret URL.

    The pages are rendered as by a build, with the home page and lists that they change. Drafts and scheduled content are shown as if they
    were published. Nothing is saved, and search engines are asked not to index the pages. The next build or preview removes expired
    previews.
    """
    if files[:1] in (("list",), ("remove",)) and not (call.root / files[0]).exists():  # of the other command
        context = click.get_current_context()
        code: int | None = context.invoke(list_) if files[0] == "list" else context.invoke(remove, tokens=files[1:])
        return code or DONE
    if bool(files) + bool(branch) + worktree != 1:
        raise click.UsageError("Name files, or give --branch NAME or --worktree: one of the three")
    span = parse_span(expires) if expires else None

    from cms_ssg.content.frontmatter.dates import say_moment
    from cms_ssg.preview.make import PreviewOptions, make_preview

    options = PreviewOptions(files, branch, worktree, span, pages, call.env)
    result = make_preview(call.root, options, call.output)
    call.output.problems(result.problems)
    lines = [
        result.url,
        f"{count(len(result.pages), 'page')}, until {say_moment(result.expires_at, call.site.zone)} ({result.seconds:.2f} s)",
    ]
    lines += [f"  {page.url}" for page in result.pages[1:MOST_LINES]]
    if len(result.pages) > MOST_LINES:
        lines.append(f"  … and {len(result.pages) - MOST_LINES:,} more; --json lists all")
    if result.left_out:
        lines.append(f"at least {count(result.left_out, 'page')} more would change and were left out; --pages N shows more")
    call.output.result(result, "\n".join(lines))
    return status_code(result.status)


@click.group("previews")
def previews() -> None:
    """List and remove previews.

    Whoever has a preview's address can see it, until it expires or is removed.
    """


@site_command("list", "cms previews list")
def list_(call: Call) -> None:
    """List the previews, the oldest first."""
    from cms_ssg.content.frontmatter.dates import say_moment
    from cms_ssg.preview.make import list_all, make_url

    site, found = list_all(call.root, call.env)
    rows = [
        [one.token, one.subject, count(one.pages, "page"), f"until {say_moment(one.expires_at, site.zone)}", make_url(site, one.token, one.first_path)]
        for one in found
    ]  # fmt: skip
    value = [
        {
            "token": one.token, "subject": one.subject, "pages": one.pages, "objects": len(one.keys), "created_at": one.created_at,
            "expires_at": one.expires_at, "url": make_url(site, one.token, one.first_path),
        }
        for one in found
    ]  # fmt: skip
    call.output.result({"previews": value}, make_table(rows) or "there is no preview")


@site_command("remove", "cms previews remove TOKEN\ncms previews remove --expired")
@click.argument("tokens", nargs=-1, metavar="[TOKEN]...")
@click.option("--expired", is_flag=True, help="All that have expired.")
def remove(call: Call, tokens: tuple[str, ...], expired: bool) -> int:
    """Remove previews before their time."""
    if bool(tokens) == expired:
        raise click.UsageError("Name previews by their tokens, or give --expired")

    from cms_ssg.preview.make import remove as run_remove

    removed, problems = run_remove(call.root, tokens, expired=expired, env=call.env)
    call.output.problems(problems)
    call.output.result({"removed": removed, "problems": problems}, f"{count(len(removed), 'preview')} removed")
    return PARTIAL if problems else DONE


previews.add_command(list_)
previews.add_command(remove)
