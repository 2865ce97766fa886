"""``cms theme``: looks at the templates of a site."""

from __future__ import annotations

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.cli.output import count


@click.group("theme")
def theme() -> None:
    """Look at the site's theme."""


@site_command("check", "cms theme check")
def check(call: Call) -> int:
    """Find unknown variables, filters and templates.

    Also makes a page that shows every template with sample content.
    """
    from cms_ssg.diagnostics.check import check_theme

    result = check_theme(call.root, call.env)
    errors = sum(problem.severity == "error" for problem in result.problems)
    call.output.problems(result.problems)
    text = (f"{count(errors, 'error')}, {count(len(result.problems) - errors, 'warning')}" if result.problems else "no problems") + (
        f"\nsample pages: {result.gallery}" if result.gallery else ""
    )
    call.output.result({"problems": result.problems, "gallery": str(result.gallery or "")}, text)
    return PARTIAL if errors else DONE


theme.add_command(check)
