"""A newsroom that is dumped and restored has the same rows, numbers and pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cms_ssg.store.connect import connect
from cms_ssg.store.dump import dump_store, restore_store
from cms_ssg.verticals.news import commands
from tests.engine.siteonpage import SiteOnPage, assert_same
from tests.verticals.news.newsroom import ROWS, SITE, opened


def test_a_restored_newsroom_is_the_same_and_goes_on(db_url: str, empty_db_url: str, tmp_path: Path) -> None:
    site = SiteOnPage(tmp_path / "site", db_url, db_url)
    site.write(SITE)
    site.build()
    with opened(site) as found:
        commands.start_live(found, "storm")
        for number in range(25):
            commands.post_live(found, "storm", f"update {number}")
        commands.edit_live(found, "storm", 3, "changed")
        commands.delete_live(found, "storm", 4)
        commands.add_breaking(found, "Flood", starts="2026-01-01")
        commands.add_related(found, "final", "bridge")
        commands.pin(found, "front", "final")
    site.build()
    with connect(site.url) as source, connect(empty_db_url) as target:
        dump_store(source, tmp_path / "store.cms")
        restore_store(target, tmp_path / "store.cms")
    restored = replace(site, root=tmp_path / "restored", url=empty_db_url)
    for path, data in {path: data for path in site.root.rglob("*") if path.is_file() if (data := path.read_bytes()) is not None}.items():
        name = path.relative_to(site.root)
        if name.parts[0] in ("content", "site.toml"):
            restored.write_file(name.as_posix(), data)
    for table, columns in ROWS.items():
        query = f"SELECT to_jsonb(r) FROM (SELECT {columns} FROM cms.{table}) r ORDER BY r::text"
        assert restored.query(query) == site.query(query), table
    assert restored.build().result.status == "done"
    assert_same(restored.tree(), site.tree())
    with opened(restored) as found:
        assert "update 28" in commands.post_live(found, "storm", "after")
