"""Forgets notes that were hidden long ago."""

from cms_ssg.kinds.vertical import OpenSite, Task


def forget_hidden(opened: OpenSite) -> None:
    """Delete hidden notes that are a month old."""
    opened.connection.execute(
        "DELETE FROM cms.event_notes WHERE site = %s AND NOT shown AND posted_at < clock_timestamp() - interval '1 month'", (opened.number,)
    )


TASKS = (Task("events.forget-hidden", 3600, forget_hidden),)
