"""``cms theme``: looks at the templates of a site."""

from __future__ import annotations

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.text.counting import count


@click.group("theme")
def theme() -> None:
    """Check the theme, or copy a template to change it."""


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


@site_command("copy", "cms theme copy partials/card.html")
@click.argument("template")
def copy(call: Call, template: str) -> None:
    """Copy a template of the theme into the site, to change it.

    From then on the site's own is used. TEMPLATE is a file of the theme's templates folder, such as post.html.
    """
    from cms_ssg.authoring.theme_copy import copy_template

    file = copy_template(call.site, template)
    call.output.result({"file": file}, f"{file}: a copy of the theme's, which is used from now on")


theme.add_command(check)
theme.add_command(copy)
