"""Tells those who wait for it that somebody asks for an approval, gave one, or said something: by e-mail and by webhook, in the caller's transaction."""

from __future__ import annotations

from typing import Any, Final, Literal
from urllib.parse import urlsplit

from psycopg import Connection

from cms_ssg.site import Site
from cms_ssg.store.deliveries import add_deliveries
from cms_ssg.store.outbox import ADD, mail_values
from cms_ssg.store.texts import StoredEntry

Event = Literal["entry.proposed", "entry.approved", "entry.commented"]
PROPOSED: Final = "entry.proposed"
APPROVED: Final = "entry.approved"
COMMENTED: Final = "entry.commented"
SUBJECTS: Final[dict[str, str]] = {
    "entry.proposed": "{who} asks for an approval: {title}", "entry.approved": "{who} approved: {title}", "entry.commented": "{who} on {title}",
}  # fmt: skip


def add_notices(connection: Connection, site: Site, site_id: int, event: Event, entry: StoredEntry, **about: Any) -> None:
    """Write what is to be sent. about: who, text, change, asks: what is told beside the entry; none of it is needed."""
    settings = site.settings
    who, text = str(about.get("who") or "somebody"), str(about.get("text") or "")
    title = str(entry.fields.get("title") or entry.file)
    where = f"{site.link_url}/desk/entries/{entry.id}"
    data = {
        "entry": entry.id,
        "file": entry.file,
        "type": entry.type,
        "locale": entry.locale,
        "title": title,
        "version": entry.version,
        "desk": where,
    }
    urls = [hook.url for hook in settings.webhooks if event in hook.events]
    if urls:
        add_deliveries(connection, site_id, event, urls, {"site": settings.store_name, **data, **about})
    rule = settings.workflow.get(entry.type)
    for recipient in rule.notify if rule is not None else ():
        subject = SUBJECTS[event].format(who=who, title=title)
        body = "\n\n".join(part for part in (text, f"{settings.title} ({urlsplit(settings.base_url).netloc})", where) if part)
        connection.execute(ADD, mail_values(site_id, recipient, subject, body))
