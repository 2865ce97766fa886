"""A worker tells the CDN what builds left."""

from __future__ import annotations

import os
from collections.abc import Callable

from procrastinate import App, SyncPsycopgConnector

from cms_ssg.reporting.progress import Reporter
from cms_ssg.store import jobs
from cms_ssg.workers.worker import PURGES, Worker
from tests.cdn.conftest import make_cdn_site
from tests.cdn.fake_cdn import FakeCdn
from tests.engine.killing import start
from tests.engine.siteonpage import SiteOnPage, database
from tests.worker.machines import wait_for


def test_second_purges_that_wait_are_sent_by_a_worker(make_site: Callable[[str], SiteOnPage], fake: FakeCdn) -> None:
    site = make_cdn_site(make_site, fake, '[cdn]\nkind = "cloudflare"\nzone = "z1"\nsecond_purge_after_s = 1\n')
    site.edit("content/posts/b.md", "Lead of b.", "Another lead.")
    site.build()
    calls = len(fake.calls)
    waiting = "SELECT 1 FROM cms.purges WHERE not_before <= clock_timestamp()"
    wait_for(lambda: site.query(waiting) != [])
    with jobs.connect_queue(site.url) as connection, database(site.url):
        jobs.ensure_tables(connection)
        queue = jobs.queue_name(site.query("SELECT id FROM cms.sites")[0][0])
        App(connector=SyncPsycopgConnector()).configure_task(PURGES, queue=queue, connection=connection).defer(timestamp=0)
        assert os.waitpid(start(Worker(site.root, "", Reporter(), once=True).run), 0)[1] == 0
    assert site.query(waiting) == []
    assert len(fake.calls) > calls
