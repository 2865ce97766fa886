"""A real mail server of the test's own, which keeps what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.mail.sending import send_mails
from cms_ssg.store.open_store import open_store
from tests.engine.siteonpage import SiteOnPage, database


class Inbox(MessageHandler):
    """What came in, the oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.messages.append(message)

    def receive(self, site: SiteOnPage) -> tuple[str, str]:
        """Send what waits at a site; the last e-mail's recipient and text."""
        with database(site.url), open_store(site.root, "") as (opened, connection, row):
            assert send_mails(OpenSite(opened, connection, row.id)) == 1
        message = self.messages[-1]
        return str(message["To"]), str(message.get_payload(decode=True), "utf-8")


@contextmanager
def serve_inbox(port: int) -> Iterator[Inbox]:
    """A mail server at this port."""
    inbox = Inbox()
    server = Controller(inbox, "127.0.0.1", port)
    server.start()
    try:
        yield inbox
    finally:
        server.stop()
