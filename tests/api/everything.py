"""A site with every feature switched on, for tests that look at all routes at once."""

from __future__ import annotations

import json
from pathlib import Path

from cms_ssg.kinds.load import list_verticals
from tests.api.atlas import write_site

FEATURES = """api.hosts = ["{host}"]
api.requests_per_minute = 1000000
verticals = {verticals}
visitors = {{}}
statistics.beacon = true
[receiver]
secret_env = "PUSH_SECRET"
"""
SHOP = """[shop]
payments = ["fake"]
"""


def write_everything(folder: Path, name: str, host: str) -> Path:
    """The atlas with all features of the package."""
    verticals = list_verticals()
    features = FEATURES.format(host=host, verticals=json.dumps(verticals))
    return write_site(folder, name, host, more=features + (SHOP if "shop" in verticals else ""))
