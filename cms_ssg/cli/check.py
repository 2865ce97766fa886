"""``cms check``: what is wrong with a site, without building it."""

from __future__ import annotations

from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.cli.output import count


@site_command("check", "cms check\ncms check --json")
def check(call: Call) -> int:
    """Check content, theme, links and strings.

    Nothing is saved or written. Exit 3 where there are errors.
    """
    from cms_ssg.check import check as run_check

    problems = run_check(call.root, call.env, call.output)
    errors = sum(problem.severity == "error" for problem in problems)
    call.output.problems(problems)
    warnings = len(problems) - errors
    text = f"{count(errors, 'error')}, {count(warnings, 'warning')}" if problems else "no problems"
    call.output.result({"errors": errors, "warnings": warnings, "problems": problems}, text)
    return PARTIAL if errors else DONE
