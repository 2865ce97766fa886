"""E-mails as rows that wait to be sent."""

from __future__ import annotations

from typing import Any, Final, LiteralString

ADD: Final[LiteralString] = """
INSERT INTO cms.mails (site, recipient, reply_to, subject, body) VALUES (%(site)s, %(recipient)s, %(reply_to)s, %(subject)s, %(body)s)"""
"""To be run in the transaction that makes the e-mail necessary, with the values that `mail_values` makes."""

MOST_HEADER: Final = 200


def one_line(text: str) -> str:
    """A text that can stand in a header: one line of at most 200 characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:MOST_HEADER]


def mail_values(site: int, recipient: str, subject: str, body: str, reply_to: str = "") -> dict[str, Any]:
    """The values of ADD for an e-mail. subject: becomes one line, so it may be text of a visitor."""
    return {"site": site, "recipient": recipient, "reply_to": reply_to, "subject": one_line(subject), "body": body}
