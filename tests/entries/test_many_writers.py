"""Several writers on few entries at once: each acknowledged change is in the end state, or its writer was told of a conflict by name."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

from cms_ssg.entries.save import Entries, EntryChangedError
from cms_ssg.entries.values import EntryInput
from cms_ssg.site import open_site
from cms_ssg.store.sites import ensure_site
from cms_ssg.store.texts import load_entries
from tests.engine.siteonpage import SiteOnPage
from tests.entries.writing import save

WRITERS, WRITES, PARAGRAPHS = 5, 12, 8


def write(page: SiteOnPage, writer: int, numbers: list[int]) -> tuple[dict[tuple[int, str], str], int]:
    """Change random paragraphs and fields of random entries, each from a version read before. Returns what was acknowledged, and how many conflicts."""
    rng = random.Random(writer)
    site = open_site(page.root, {}, "")
    acknowledged: dict[tuple[int, str], str] = {}
    conflicts, named = 0, list[str]()
    with page.connect() as connection:
        entries = Entries(connection, site, ensure_site(connection, site.settings.store_name).id, author=f"w{writer}")
        for step in range(WRITES):
            number = rng.choice(numbers)
            read = load_entries(connection, entries.site_id, [number])[0]
            mark, place = f"w{writer}s{step}", rng.randrange(PARAGRAPHS)
            paragraphs = read.markdown.split("\n\n")
            if rng.random() < 0.6:
                paragraphs[place] += f" {mark}"
                given = EntryInput(number=number, body="\n\n".join(paragraphs), expected_version=read.version)
            else:
                metadata = dict(read.fields.get("metadata") or {})
                given = EntryInput(number=number, fields={"metadata": metadata | {mark: 1}}, expected_version=read.version)
            try:
                entries.save_entry(given)
            except EntryChangedError as error:
                named += [name.partition(".")[0] for name in error.conflicts]
                conflicts += 1
            else:
                acknowledged[number, mark] = "body" if given.body is not None else "metadata"
    assert set(named) <= {"body"}
    assert len(named) >= conflicts
    return acknowledged, conflicts


def test_no_acknowledged_change_is_lost(site: SiteOnPage) -> None:
    body = "\n\n".join(f"p{place}" for place in range(PARAGRAPHS))
    numbers = [saved.number for saved in save(site, *(EntryInput("page", {"title": f"Page {n}"}, body) for n in range(2)))]
    with ThreadPoolExecutor(WRITERS) as pool:
        results = list(pool.map(lambda writer: write(site, writer, numbers), range(WRITERS)))
    with site.connect() as connection:
        site_id = ensure_site(connection, open_site(site.root, {}, "").settings.store_name).id
        end = {entry.id: entry for entry in load_entries(connection, site_id, numbers)}
    acknowledged = {key: where for found, _ in results for key, where in found.items()}
    lost = [
        (number, mark)
        for (number, mark), where in acknowledged.items()
        if (mark not in end[number].markdown.split() if where == "body" else mark not in end[number].fields["metadata"])
    ]
    assert lost == []
    assert len(acknowledged) + sum(conflicts for _, conflicts in results) == WRITERS * WRITES
    assert sum(entry.version - 1 for entry in end.values()) == len(acknowledged)
