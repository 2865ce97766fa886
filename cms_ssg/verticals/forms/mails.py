"""The e-mails that forms send: the notice to whoever reads them, and the link that confirms an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from cms_ssg.render.strings import Translator
from cms_ssg.verticals.forms.definition import Form


class Mail(NamedTuple):
    """An e-mail that is to be sent."""

    recipient: str
    subject: str
    body: str
    reply_to: str = ""


def write_confirmation(email: str, form: str, site: str, base: str, token: str, t: Translator) -> Mail:
    """Ask for a confirmation. base: address of the form's routes."""
    lines = [
        t("form_mail_text", form=form, site=site), "", f"{base}/confirm?token={quote(token)}", "", t("form_mail_ignore"), "",
        t("form_mail_leave"), f"{base}/leave?token={quote(token)}", "",
    ]  # fmt: skip
    return Mail(email, t("form_mail_subject", form=form), "\n".join(lines))


def write_notice(recipient: str, form: Form, values: Mapping[str, str], reply_to: str) -> Mail:
    """Tell somebody what was sent."""
    lines = []
    for one in form.fields:
        if value := values.get(one.name):
            lines += [f"{one.label}:", *(f"  {line}" for line in value.split("\n")), ""]
    return Mail(recipient, form.title, "\n".join(lines), reply_to)
