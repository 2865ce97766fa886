"""One entry's page as it would be with a change that nobody saved: rendered as a build would, in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from psycopg import Connection

from cms_ssg.engine.sync import ReadFile
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError, fail
from cms_ssg.paths import encode_path
from cms_ssg.preview.make import show_with_images
from cms_ssg.preview.render import Previewer, list_variants
from cms_ssg.preview.subject import Subject
from cms_ssg.site import Site
from cms_ssg.store.sites import ensure_site

if TYPE_CHECKING:
    from cms_ssg.render.site_view import Surroundings

AS_IF_OUT: Final = {"publish_at": None, "expire_at": None}


@dataclass(slots=True)
class EntryPreviewer(Previewer):
    """Renders the page of one entry with a change."""

    change: EntryInput = field(default_factory=EntryInput)

    def _save(self, files: Sequence[ReadFile]) -> None:
        entries = Entries(self.connection, self.subject.site, self.row.id)
        entries.takes_files = True
        workflow = self.subject.site.settings.workflow  # it is shown as if it were approved
        entries.approvers = [f"?{number}" for number in range(max((rule.approvals for rule in workflow.values()), default=0))]
        change = replace(self.change, fields={**self.change.fields, **AS_IF_OUT}, status="published", expected_version=None)
        saved = entries.save_entries([change])[0]
        if saved.action == "failed":
            raise CmsError(*saved.problems)

    def _list_entries(self) -> list[int]:
        return [self.change.number]


def render_entry(
    connection: Connection, site: Site, around: Surroundings, change: EntryInput, find_url: Callable[[str], str] = lambda _: ""
) -> bytes:
    """The page of change.number with the change in it, whether or not it is a draft. Nothing is kept.

    find_url: where an image's file can be seen, "" where it cannot: variants that the target lacks are shown by it.

    Raises CmsError: what is wrong with the change, preview.busy, preview.no-page for a type without pages.
    """
    row = ensure_site(connection, site.settings.store_name)
    previewer = EntryPreviewer(connection, row, Subject("the entry", site, []), around, datetime.now(UTC), 1, change=change)
    shown = show_with_images(previewer)
    page = next((one for one in shown.rendered if one.job.owner == change.number), None) if shown.own else None
    if page is None or page.artifact is None:
        if page is not None and page.problem is not None:
            raise CmsError(page.problem)
        raise fail("preview.no-page", "the entry has no page of its own to look at")
    html = page.artifact.data
    for path, spec in list_variants(shown).items():
        if url := find_url(shown.sources.get(str(spec.get("digest")), "")):
            html = html.replace(f"{site.base_path}{encode_path(path)}".encode(), url.encode())
    return html
