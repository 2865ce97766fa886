"""Forms that visitors fill in: contact, newsletter, lead. Stored, mailed, exported and erased."""

from pathlib import Path

from cms_ssg.kinds.vertical import Vertical
from cms_ssg.verticals.forms.privacy import PERSONAL

VERTICAL = Vertical(
    name="forms",
    folder=Path(__file__).parent,
    collections=({"name": "forms", "path": "content/forms", "type": "form"},),
    groups={"forms": "List and export what visitors sent with forms."},
    commands="cms_ssg.verticals.forms.commands:COMMANDS",
    routes=("cms_ssg.verticals.forms.api:router",),
    queues="cms_ssg.verticals.forms.queues:QUEUES",
    tasks="cms_ssg.verticals.forms.tasks:TASKS",
    tables=("form_submissions",),
    personal=(PERSONAL,),
    uses=("forms.css",),
)
