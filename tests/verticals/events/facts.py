"""How many people come to an event."""

from cms_ssg.kinds.row_kind import Fact

ATTENDANCE = Fact(
    "attendance",
    """SELECT entry::text, to_jsonb(sum(people)), NULL::timestamptz, NULL::timestamptz FROM cms.attendances
       WHERE site = %(site)s AND entry::text = ANY(%(subjects)s) GROUP BY entry""",
)
