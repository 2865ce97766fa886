"""A command of a site with a bucket starts as fast as one with a folder, but for a build, which asks the bucket whose it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_imports import run_build
from tests.publish.buckets import Bucket

TO_PUBLISH = {"boto3", "botocore", "urllib3", "cms_ssg.publish.s3", "cms_ssg.publish.s3_client", "cms_ssg.publish.s3_kept"}


@pytest.fixture
def site(bucket: Bucket, tmp_path: Path, db_url: str) -> Path:
    (tmp_path / "content/posts").mkdir(parents=True)
    (tmp_path / "site.toml").write_text(f'title = "T"\n[target]\nurl = "s3://{bucket.name}"\n')
    (tmp_path / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nWater.\n")
    assert run_build(tmp_path, db_url) >= TO_PUBLISH, "what is looked for below is known by these names"
    return tmp_path


def test_command_that_publishes_nothing_imports_nothing_that_talks_to_a_bucket(site: Path, db_url: str) -> None:
    for command in ("plan", "status", "check"):
        assert not run_build(site, db_url, command) & TO_PUBLISH, command
    (site / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nMore water.\n")
    assert not run_build(site, db_url, "plan") & TO_PUBLISH, "the plan of an edit"
