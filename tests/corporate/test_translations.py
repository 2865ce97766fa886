"""``cms i18n status``: what is missing and what is stale, by git's times or the store's."""

from __future__ import annotations

import subprocess

from cms_ssg.entries.translations import list_translations
from tests.corporate.conftest import Group
from tests.engine.siteonpage import SiteOnPage
from tests.entries.writing import writing


def look(site: SiteOnPage, locale: str = "") -> set[tuple[str, str, str]]:
    with writing(site) as writer:
        found = list_translations(writer.connection, writer.site, writer.site_id, locale)
        return {(one.state, one.locale, one.original.rpartition("/")[2]) for one in found}


def test_missing_translations_are_listed_by_locale(group: Group) -> None:
    site = group["fjell"]
    site.build()
    found = look(site)
    assert ("missing", "it", "careers.md") in found
    assert ("missing", "fr", "rain-test.md") in found
    assert {state for state, _, _ in found} == {"missing"}
    assert look(site, "de") == set()


def test_a_translation_is_stale_once_its_original_was_changed_after_it(group: Group) -> None:
    site = group["lumen"]
    site.build()
    site.edit("content/pages/about.md", "stamped on it", "stamped on the part")
    site.build()
    site.query("UPDATE cms.revisions SET made_at = made_at + interval '1 hour' WHERE kind = 'c'")
    assert look(site) == {("stale", "de", "about.md")}


def test_a_fresh_checkout_knows_from_git_what_is_stale(group: Group) -> None:
    site = group["lumen"]
    root = site.root.parents[1]

    def commit(day: int) -> None:
        date = f"2026-01-{day:02d}T12:00:00+00:00"
        who = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", "add", "-A"], cwd=root, check=True)
        subprocess.run(["git", *who, "commit", "-qm", "x", f"--date={date}"], cwd=root, check=True)

    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    commit(1)
    site.edit("content/pages/about.md", "stamped on it", "stamped on the part")
    shared = root / "shared/content/pages/privacy.md"
    shared.write_text(shared.read_text("utf-8") + "\nMore.\n", "utf-8")
    commit(2)
    site.build()
    assert look(site) == {("stale", "de", "about.md"), ("stale", "de", "privacy.md")}
