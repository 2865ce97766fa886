"""``cms events attend`` and ``list``."""

from cms_ssg.kinds.vertical import Command, OpenSite


def attend(opened: OpenSite, event: str, *, people: int = 1) -> str:
    """Note that people come to an event, named by its slug."""
    row = opened.connection.execute(
        "INSERT INTO cms.attendances (site, entry, people) SELECT site, id, %s FROM cms.entries WHERE site = %s AND fields ->> 'slug' = %s RETURNING entry",
        (people, opened.number, event),
    ).fetchone()
    return f"{people} more to {event}" if row is not None else f"there is no event {event}"


def list_attendances(opened: OpenSite) -> list[dict[str, object]]:
    """List how many people come to each event."""
    rows = opened.connection.execute(
        "SELECT entry, sum(people) FROM cms.attendances WHERE site = %s GROUP BY entry ORDER BY entry", (opened.number,)
    )
    return [{"event": entry, "people": people} for entry, people in rows]


COMMANDS = (
    Command("events attend", attend, "cms events attend picnic --people 3", {"people": "How many."}),
    Command("events list", list_attendances, "cms events list"),
)
