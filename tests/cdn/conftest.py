"""Sites on a page, as the engine's tests have them, behind a CDN that is only as real as its documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cdn.fake_cdn import FakeCdn
from tests.engine.conftest import make_site

__all__ = ["fake", "make_site"]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCdn]:
    """A CDN that speaks HTTP, with interfaces and an edge of its own."""
    with FakeCdn() as cdn:
        for name in ("CLOUDFLARE_BASE_URL", "FASTLY_API_ENDPOINT"):
            monkeypatch.setenv(name, cdn.api_url)
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "secret-of-cloudflare")
        monkeypatch.setenv("FASTLY_API_TOKEN", "secret-of-fastly")
        monkeypatch.setattr("cms_ssg.freshness.ASKED_AGAIN_S", (0.01, 0.01))
        yield cdn
