"""A site with every feature switched on, for tests that look at all routes at once."""

from __future__ import annotations

from pathlib import Path

from tests.api.atlas import write_site

FEATURES = """api.hosts = ["{host}"]
api.requests_per_minute = 1000000
verticals = ["blog", "news", "directory", "shop", "forms", "landing", "reviews"]
visitors = {{}}
statistics.beacon = true
[receiver]
secret_env = "PUSH_SECRET"
[shop]
payments = ["fake"]
"""


def write_everything(folder: Path, name: str, host: str) -> Path:
    """The atlas with all features of the package."""
    return write_site(folder, name, host, more=FEATURES.format(host=host))
