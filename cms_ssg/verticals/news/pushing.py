"""Breaking news of the style push, as a message to the receivers of [[webhooks]] that ask for it: what they do with it, such as waking phones, is theirs."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.kinds.vertical import OpenSite, Task

PUSHED: Final = "breaking.pushed"

# Once an item has begun, and before it is over.
DUE: Final[LiteralString] = """
WITH due AS (
  INSERT INTO cms.breaking_pushes (number, site) SELECT b.number, b.site FROM cms.breaking_news b
  WHERE b.site = %s AND b.display_style = 'push' AND b.is_active AND b.starts_at <= clock_timestamp()
    AND (b.expires_at IS NULL OR b.expires_at > clock_timestamp()) AND NOT EXISTS (SELECT FROM cms.breaking_pushes p WHERE p.number = b.number)
  ON CONFLICT DO NOTHING RETURNING number)
SELECT b.number, b.breaking_id::text, b.headline, coalesce(b.summary, ''), b.priority, b.starts_at, b.expires_at, b.show_on_sections, c.path
FROM due JOIN cms.breaking_news b USING (number) LEFT JOIN cms.cards c ON c.entry = b.post_id AND c.listed ORDER BY b.number"""

PUSHED_ALREADY: Final[LiteralString] = "SELECT FROM cms.breaking_pushes WHERE number = %s"


def list_receivers(opened: OpenSite) -> list[str]:
    """Addresses that ask for pushed breaking news."""
    return [hook.url for hook in opened.site.settings.webhooks if PUSHED in hook.events]


def push_breaking(opened: OpenSite) -> int:
    """Queue a message to each receiver for what is due. Returns how many items were due."""
    from cms_ssg.store.deliveries import add_deliveries

    site, urls = opened.site, list_receivers(opened)
    with opened.connection.transaction():
        rows = opened.connection.execute(DUE, (opened.number,)).fetchall()
        for number, breaking_id, headline, summary, priority, starts_at, expires_at, sections, path in rows:
            data = {
                "site": site.settings.store_name, "number": number, "id": breaking_id, "headline": headline, "summary": summary, "priority": priority,
                "starts_at": starts_at.isoformat(), "expires_at": expires_at.isoformat() if expires_at else None, "sections": sections,
                "url": site.origin + site.base_path + path if path else None,
            }  # fmt: skip
            add_deliveries(opened.connection, opened.number, PUSHED, urls, data)
    return len(rows)


def push_now(opened: OpenSite, number: int) -> str:
    """Queue and send what is due. number: of the item that was added. Returns what came of it, for who typed the command."""
    from cms_ssg.events.webhooks import send_waiting

    if not list_receivers(opened):
        return f"No receiver of [[webhooks]] asks for {PUSHED}, so nobody is told."
    push_breaking(opened)
    failed = send_waiting(opened)
    if opened.connection.execute(PUSHED_ALREADY, (number,)).fetchone() is None:
        return "It is sent when it begins, by cms serve, cms watch or a worker."
    return f"Messages that could not be sent: {failed}. They are sent again later (cms hooks list)." if failed else "Sent."


TASKS: Final = (Task("news.push", 5, push_breaking),)
