"""Sends what waits in the outbox through the server of [mail], again and again at growing distances where it refuses."""

from __future__ import annotations

import os
import smtplib
import ssl
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import formatdate
from typing import Final, LiteralString
from urllib.parse import urlsplit

from cms_ssg.config.api_settings import Mail
from cms_ssg.kinds.vertical import OpenSite, Task

TIMEOUT_S: Final = 10
BATCH: Final = 20
WAITS_S: Final = (60, 300, 1800, 7200, 21_600, 86_400)
"""Before each further try; after the last one an e-mail stays with its error."""

_REFUSED: Final = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, MessageError, ValueError)
"""Errors of one e-mail, after which the connection can be used on. Every SMTPException is an OSError."""

DUE: Final[LiteralString] = """
SELECT number, recipient, reply_to, subject, body, tries FROM cms.mails WHERE site = %s AND due_at <= clock_timestamp() ORDER BY due_at, number LIMIT %s
FOR UPDATE SKIP LOCKED"""
SENT: Final[LiteralString] = "DELETE FROM cms.mails WHERE number = %s"
FAILED: Final[LiteralString] = """
UPDATE cms.mails SET tries = tries + 1, error = %s,
  due_at = CASE WHEN %s::int IS NULL THEN 'infinity' ELSE clock_timestamp() + %s::int * interval '1 s' END WHERE number = %s"""


def send_mails(opened: OpenSite) -> int:
    """Send what is due. Returns how many went out; one that the server refuses is tried again later, and the others go on."""
    settings = opened.site.settings.mail
    if not settings.host:
        return 0
    host = urlsplit(opened.site.settings.base_url).hostname or "localhost"
    server: smtplib.SMTP | None = None
    count = 0
    rows = opened.connection.execute(DUE, (opened.number, BATCH)).fetchall()
    try:
        for number, recipient, reply_to, subject, body, tries in rows:
            try:
                message = EmailMessage()
                message["From"] = settings.sender or f"no-reply@{host}"
                message["To"] = recipient
                if reply_to:
                    message["Reply-To"] = reply_to
                message["Subject"] = subject
                message["Date"] = formatdate()
                message["Message-ID"] = f"<mail-{opened.number}-{number}@{host}>"
                message["Auto-Submitted"] = "auto-generated"
                message.set_content(body)
                server = server or _connect(settings)
                server.send_message(message)
            except (OSError, smtplib.SMTPException, MessageError, ValueError) as error:
                wait_s = WAITS_S[tries] if tries < len(WAITS_S) else None
                opened.connection.execute(FAILED, (f"{type(error).__name__}: {error}"[:500], wait_s, wait_s, number))
                if server is not None and not isinstance(error, _REFUSED):
                    server.close()
                    server = None
            else:
                opened.connection.execute(SENT, (number,))
                count += 1
    finally:
        if server is not None:
            server.close()
    return count


def _connect(settings: Mail) -> smtplib.SMTP:
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


TASKS: Final = (Task("mail.send", 5, send_mails),)
