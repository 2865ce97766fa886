"""Periodic work of forms: sends what is to be mailed, and deletes what was kept long enough."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.kinds.vertical import OpenSite, Task
from cms_ssg.mail.sending import TASKS as MAIL

FORGET: Final[LiteralString] = "DELETE FROM cms.form_submissions WHERE site = %s AND delete_at <= clock_timestamp()"


def forget(opened: OpenSite) -> None:
    """Delete what was kept long enough, and addresses that nobody confirmed."""
    opened.connection.execute(FORGET, (opened.number,))


TASKS = (*MAIL, Task("forms.forget", 3600, forget))
