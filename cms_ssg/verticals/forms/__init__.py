"""Forms that visitors fill in: contact, newsletter, lead. Stored, mailed, exported and erased."""

from pathlib import Path

from cms_ssg.kinds.vertical import Vertical

VERTICAL = Vertical(
    name="forms",
    folder=Path(__file__).parent,
    collections=({"name": "forms", "path": "content/forms", "type": "form"},),
    routes=("cms_ssg.verticals.forms.api:router",),
    tables=("form_submissions",),
)
