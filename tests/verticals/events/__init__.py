"""A sample vertical, as a stranger would write it: events with a calendar file for each section, attendances, and notes in archives."""

from pathlib import Path

from cms_ssg.kinds.vertical import Vertical
from tests.verticals.events.facts import ATTENDANCE
from tests.verticals.events.outputs import CALENDAR, NOTE, NOTES, claim_calendars

VERTICAL = Vertical(
    name="events",
    folder=Path(__file__).parent,
    outputs=(CALENDAR,),
    lists=(NOTES,),
    rows=(NOTE,),
    facts=(ATTENDANCE,),
    list_claims=claim_calendars,
    collections=({"name": "events", "path": "content/events", "type": "event"},),
    commands="tests.verticals.events.commands:COMMANDS",
    tasks="tests.verticals.events.tasks:TASKS",
    tables=("attendances", "event_notes"),
)
