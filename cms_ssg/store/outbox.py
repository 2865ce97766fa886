"""E-mails as rows that wait to be sent."""

from __future__ import annotations

from typing import Final, LiteralString

ADD: Final[LiteralString] = """
INSERT INTO cms.mails (site, recipient, reply_to, subject, body) VALUES (%(site)s, %(recipient)s, %(reply_to)s, %(subject)s, %(body)s)"""
"""To be run in the transaction that makes the e-mail necessary. Texts that come from visitors go through `one_line` where they are in a header."""

MOST_HEADER: Final = 200


def one_line(text: str) -> str:
    """A text that can stand in a header: one line of at most 200 characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:MOST_HEADER]
