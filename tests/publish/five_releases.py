"""A site with five releases: what was there after each, and what is kept of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from cms_ssg.diagnostics.audit import audit
from cms_ssg.diagnostics.verify import verify
from cms_ssg.history.releases import resume
from cms_ssg.history.rollback import RollbackResult, roll_back
from cms_ssg.paths import object_key
from cms_ssg.reads import digest
from tests.engine.siteonpage import SiteOnPage, database
from tests.publish.buckets import BucketSite


@dataclass
class Published:
    """A site and what was there after each of its releases."""

    site: SiteOnPage
    trees: dict[int, dict[str, bytes]] = field(default_factory=dict)

    def build(self) -> int:
        result = self.site.build().result
        assert [p.code for p in result.problems if not p.code.startswith("content.")] == []
        self.trees[result.build_id] = self.site.tree()
        return result.build_id

    def back(self, number: int) -> RollbackResult:
        with database(self.site.url):
            return roll_back(self.site.root, number)

    def resume(self) -> bool:
        with database(self.site.url):
            return resume(self.site.root)

    def assert_consistent(self, *, rendered: bool = True) -> None:
        """The manifest, the target and the renderer agree, where the files are as they were last planned."""
        with database(self.site.url):
            verified, audited = verify(self.site.root), audit(self.site.root, "")
        assert (verified.different if rendered else [], verified.missing, verified.orphaned) == ([], [], [])
        known = self.site.query("SELECT path, digest, size_bytes FROM cms.outputs WHERE digest IS NOT NULL")
        assert {object_key(path): (bytes(value), size) for path, value, size in known} == {
            key: (digest(data), len(data)) for key, data in self.site.tree().items()
        }
        assert (audited.missing, audited.different, audited.orphaned) == ([], [], [])


def publish_five(site: SiteOnPage) -> tuple[Published, list[int]]:
    """First build, an edit with an alias, a template, a page removed and a file changed, a new page."""
    site.write_file("static/note.txt", "one")
    published = Published(site)
    numbers = [published.build()]
    site.write_file("content/posts/b.md", "---\ntitle: B, edited\ndate: 2026-01-02\naliases: [/once-b/]\n---\nText of b.\n")
    numbers.append(published.build())
    change_theme(site, "changed by a template")
    numbers.append(published.build())
    site.delete("content/posts/b.md")
    site.write_file("static/note.txt", "two")
    numbers.append(published.build())
    site.write_file("content/posts/new.md", "---\ntitle: New\ndate: 2026-02-02\nsection: news\n---\nText of new.\n")
    numbers.append(published.build())
    return published, numbers


def change_theme(site: SiteOnPage, words: str) -> None:
    place = next(path for path in sorted((site.root / "themes").rglob("base.html")))
    place.write_text(f"{place.read_text('utf-8').replace('changed by a template', '')}{words}\n", "utf-8")


Five = tuple[Published, list[int]]


def set_keep(site: SiteOnPage, number: int) -> None:
    text = (site.root / "site.toml").read_text("utf-8")
    kept = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("keep_releases", "keep_days")))
    if "[target]" in kept:
        site.write_file("site.toml", kept.replace("[target]\n", f"[target]\nkeep_releases = {number}\nkeep_days = 0\n"))
    else:
        site.write_file("site.toml", f"{kept}\n[target]\nkeep_releases = {number}\nkeep_days = 0\n")


def list_kept(site: SiteOnPage) -> set[str]:
    if isinstance(site, BucketSite):
        return {key for key in site.bucket.list_all_keys() if key.startswith(".cms/")}
    return {path.name for path in (site.root / ".cms" / "kept").rglob("*") if path.is_file()}


def without_assets(tree: dict[str, bytes]) -> dict[str, bytes]:
    return {key: data for key, data in tree.items() if not key.startswith("assets/")}
