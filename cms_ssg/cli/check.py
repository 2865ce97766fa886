"""``cms check``: what is wrong with a site, without building it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.text.counting import count


@site_command(
    "check", "cms check\ncms check --json\ncms check --format gitlab > gl-code-quality-report.json\ncms check --against sitemap.xml"
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "github", "gitlab"]),
    default="text",
    help="Print problems as annotations: GitHub Actions' workflow commands, or GitLab's Code Quality report.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Report every address of an old sitemap.xml, or of a list of URLs, that does not exist on this site.",
)
def check(call: Call, form: str, against: Path | None) -> int:
    """Check content, theme, links and strings.

    Nothing is saved or written. Exit 3 where there are errors.
    """
    from cms_ssg.diagnostics.check import check as run_check

    problems = run_check(call.root, call.env, call.output, against)
    errors = sum(problem.severity == "error" for problem in problems)
    call.output.problems(problems)
    warnings = len(problems) - errors
    text = f"{count(errors, 'error')}, {count(warnings, 'warning')}" if problems else "no problems"
    if form != "text":
        from cms_ssg.cli.annotations import make_github, make_gitlab

        text = {"github": make_github, "gitlab": make_gitlab}[form](problems, _find_prefix(call.root))
    call.output.result({"errors": errors, "warnings": warnings, "problems": problems}, text)
    return PARTIAL if errors else DONE


def _find_prefix(root: Path) -> str:
    """The site's folder in its repository, which forges want before a file's name: "" or ``site/``."""
    try:
        shown = subprocess.run(["git", "rev-parse", "--show-prefix"], cwd=root, capture_output=True, text=True, check=False)
    except OSError:  # there is no git
        return ""
    return shown.stdout.rstrip("\n") if shown.returncode == 0 else ""
