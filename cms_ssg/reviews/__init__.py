"""Reviews of entries of any type, and comments on them: sent by visitors, decided about by people, shown on the pages of what they are about."""

from pathlib import Path

from cms_ssg.kinds.vertical import Personal, Vertical, mentions
from cms_ssg.reviews.outputs import DISCUSSION, LISTS, OUTPUTS, RATING, REVIEW
from cms_ssg.reviews.settings import Reviews

_SAID_OF_THEM = "concat_ws(' ', moderation_notes, owner_response)"

VERTICAL = Vertical(
    name="reviews",
    folder=Path(__file__).parent,
    outputs=OUTPUTS,
    lists=LISTS,
    rows=(REVIEW,),
    facts=(RATING, DISCUSSION),
    settings=Reviews,
    view="cms_ssg.reviews.view:View",
    routes=("cms_ssg.reviews.sending:router", "cms_ssg.reviews.comments:router", "cms_ssg.reviews.api:router"),
    groups={"reviews": "Moderate reviews and comments.", "comments": "Open and close discussions."},
    commands="cms_ssg.reviews.commands:COMMANDS",
    tasks="cms_ssg.mail.sending:TASKS",
    queues="cms_ssg.reviews.moderation:QUEUES",
    personal=(
        Personal(
            "SELECT 'reviews', to_jsonb(r) - 'visitor' - 'confirm_token' FROM cms.reviews r WHERE site = %(site)s AND lower(author_email) = lower(%(email)s)",
            ("DELETE FROM cms.reviews WHERE site = %(site)s AND lower(author_email) = lower(%(email)s)",),
        ),
        Personal(
            "SELECT 'reviews', to_jsonb(r) - 'visitor' - 'confirm_token' FROM cms.reviews r WHERE site = %(site)s AND "
            + mentions(_SAID_OF_THEM),
            (
                """UPDATE cms.reviews SET moderation_notes = regexp_replace(moderation_notes, %(pattern)s, '…', 'gi'),
                     owner_response = regexp_replace(owner_response, %(pattern)s, '…', 'gi') WHERE site = %(site)s AND """
                + mentions(_SAID_OF_THEM),
            ),
        ),
    ),
)
