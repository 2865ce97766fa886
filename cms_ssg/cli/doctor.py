"""``cms doctor``: what a build needs, and whether it is there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.cli.output import make_table

if TYPE_CHECKING:
    from cms_ssg.diagnostics.doctor import Check


@site_command("doctor", "cms doctor\ncms doctor --json")
def doctor(call: Call) -> int:
    """Check that everything a build needs is available.

    Database, clock, migrations, target, disk, watches, libraries, secrets. Exit 3 where something fails.
    """
    from cms_ssg.diagnostics.doctor import examine

    redact = call.output.redact
    checks = [
        replace(check, text=redact(check.text), hint=redact(check.hint), place=redact(check.place))
        for check in examine(call.root, call.settings, os.environ)
    ]
    lines = [line + (f"\n{'':6}{check.hint}" if check.hint else "") for check, line in zip(checks, _list_lines(checks), strict=True)]
    call.output.result({"checks": checks}, "\n".join(lines))
    return PARTIAL if any(check.status == "fail" for check in checks) else DONE


def _list_lines(checks: Sequence[Check]) -> list[str]:
    return make_table([[check.status, check.name, check.text] for check in checks]).split("\n")
