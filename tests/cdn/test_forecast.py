"""What a dry run says that a build would do to a CDN is what the build then does."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from cms_ssg.engine.freshness import purge
from tests.cdn.conftest import make_cdn_site
from tests.cdn.fake_cdn import FakeCdn
from tests.engine.siteonpage import SiteOnPage, database

CDN = '\n[cdn]\nkind = "cloudflare"\nzone = "z1"\nsecond_purge_after_s = 10\n'
MAKE_DUE = "UPDATE cms.purges SET not_before = now()"


def test_dry_run_foresees_the_calls_and_tells_the_cdn_nothing(
    make_site: Callable[[str], SiteOnPage], fake: FakeCdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_cdn_site(make_site, fake, CDN)
    site.edit("content/posts/f.md", "title: F", "title: Other")
    site.delete("content/posts/e.md")
    token = os.environ["CLOUDFLARE_API_TOKEN"]
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN")
    foreseen = site.build(dry_run=True).result.would
    assert foreseen is not None and fake.calls == [] and site.query("SELECT path FROM cms.purges") == []
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", token)
    built = site.build().result
    first = len(fake.calls)
    site.query(MAKE_DUE)
    with database(site.url):
        purge(site.root, [])
    assert (foreseen.uploads, foreseen.removals, foreseen.purges) == (built.written, built.removed, built.purged)
    assert (first, len(fake.calls)) == (2, foreseen.purge_calls)


def test_what_is_looked_at_again_later_is_purged_then_and_not_by_every_build(make_site: Callable[[str], SiteOnPage], fake: FakeCdn) -> None:
    site = make_cdn_site(make_site, fake, CDN)
    journal = "INSERT INTO cms.journal (site, epoch, paths, again_at) SELECT id, 0, ARRAY['/', '/about/'], now() + interval '9 minutes' FROM cms.sites"
    site.query(journal)
    site.edit("content/pages/about.md", "All about it.", "All of it.")
    foreseen, built = site.build(dry_run=True).result.would, site.build().result
    assert foreseen is not None and foreseen.purges == built.purged
    assert set(fake.purged()) == {row[0] for row in site.query("SELECT path FROM cms.purges")} == {"/about/"}
    site.query("UPDATE cms.journal SET again_at = now()")
    foreseen, built = site.build(dry_run=True).result.would, site.build().result
    assert foreseen is not None and foreseen.purges == built.purged == 2
