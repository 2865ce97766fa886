"""Periodic work of forms: sends what is to be mailed, and deletes what was kept long enough."""

from __future__ import annotations

import os
import smtplib
import ssl
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import formataddr, formatdate, parseaddr
from typing import Final, LiteralString
from urllib.parse import urlsplit

from cms_ssg.kinds.vertical import OpenSite, Task
from cms_ssg.verticals.forms.settings import FormsSettings

TIMEOUT_S: Final = 10
BATCH: Final = 20
"""E-mails of one run, over one connection."""

WAITS_S: Final = (60, 300, 1800, 7200, 21_600, 86_400)
"""Before each further try; after the last one an e-mail stays in the store with its error."""

DUE: Final[LiteralString] = """
SELECT number, recipient, subject, body, reply_to, tries FROM cms.form_mails WHERE site = %s AND due_at <= clock_timestamp()
ORDER BY due_at, number LIMIT %s FOR UPDATE SKIP LOCKED"""
SENT: Final[LiteralString] = "DELETE FROM cms.form_mails WHERE number = %s"
FAILED: Final[LiteralString] = """
UPDATE cms.form_mails SET tries = tries + 1, error = %s,
  due_at = CASE WHEN %s::int IS NULL THEN 'infinity' ELSE clock_timestamp() + %s::int * interval '1 s' END
WHERE number = %s"""
FORGET: Final[LiteralString] = "DELETE FROM cms.form_submissions WHERE site = %s AND delete_at <= clock_timestamp()"


def send_mails(opened: OpenSite) -> None:
    """Send what is due. An e-mail that a server refuses is tried again later; the others go on."""
    settings: FormsSettings = opened.site.settings.vertical["forms"]
    if not settings.host:
        return
    rows = opened.connection.execute(DUE, (opened.number, BATCH)).fetchall()
    if not rows:
        return
    host = urlsplit(opened.site.settings.base_url).hostname or "localhost"
    sender = settings.sender or f"{opened.site.settings.title} <no-reply@{host}>"
    server: smtplib.SMTP | None = None
    try:
        for number, recipient, subject, body, reply_to, tries in rows:
            try:
                server = server or connect(settings)
                server.send_message(make_message(sender, recipient, subject, body, reply_to, f"<form-{opened.number}-{number}@{host}>"))
            except (OSError, smtplib.SMTPException, MessageError, ValueError) as error:
                wait_s = WAITS_S[tries] if tries < len(WAITS_S) else None
                opened.connection.execute(FAILED, (f"{type(error).__name__}: {error}"[:500], wait_s, wait_s, number))
                if not isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused | ValueError | MessageError):
                    server = None
            else:
                opened.connection.execute(SENT, (number,))
    finally:
        if server is not None:
            server.close()


def connect(settings: FormsSettings) -> smtplib.SMTP:
    """A connection to the mail server. Raises OSError or SMTPException."""
    context = ssl.create_default_context()
    if settings.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, settings.port or 465, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(settings.host, settings.port or (587 if settings.security == "starttls" else 25), timeout=TIMEOUT_S)
        if settings.security == "starttls":
            server.starttls(context=context)
    if settings.user:
        server.login(settings.user, os.environ.get(settings.password_env, ""))
    return server


def make_message(sender: str, recipient: str, subject: str, body: str, reply_to: str, message_id: str) -> EmailMessage:
    """An e-mail of plain text. Raises ValueError or MessageError for an address that is none."""
    message = EmailMessage()
    message["From"] = formataddr(parseaddr(sender))
    message["To"] = recipient
    if reply_to:
        message["Reply-To"] = reply_to
    message["Subject"] = subject
    message["Date"] = formatdate()
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message


def forget(opened: OpenSite) -> None:
    """Delete what was kept long enough, and addresses that nobody confirmed."""
    opened.connection.execute(FORGET, (opened.number,))


TASKS = (Task("forms.send-mails", 10, send_mails), Task("forms.forget", 3600, forget))
