"""The site's state for Cloudflare: a Worker before an R2 bucket, which alone knows neither index pages, redirects nor a 404 page."""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path
from typing import Final

from cms_ssg.edge.cloudfront import list_answers, list_splits
from cms_ssg.edge.nginx import quote_url
from cms_ssg.edge.state import Edge
from cms_ssg.publish.headers import NOINDEX, UNKEPT
from cms_ssg.types import Problem

MOST_PACKED_BYTES: Final = 3_000_000
"""A Worker after compression, on the free plan; docs/deploy-r2-cloudflare.md says where that is written."""

SOURCE: Final = Path(__file__).with_name("cloudflare.js")
COMPATIBILITY: Final = "2025-01-01"


def write_worker(edge: Edge) -> tuple[str, list[Problem]]:
    """The Worker as one module."""
    site = {
        "base": quote_url(edge.base), "secure": edge.secure, "prefix": edge.target.prefix, "pages": edge.target.cache.pages,
        "answers": dict(sorted(list_answers(edge).items())), "files": sorted(edge.plain_files), "missing": edge.not_found,
        "splits": list_splits(edge), "headers": edge.list_headers(), "policyHeader": edge.policy_header, "policy": edge.policy,
        "previews": "/_preview/", "previewHeaders": [("cache-control", UNKEPT), ("x-robots-tag", NOINDEX)],
    }  # fmt: skip
    data = f"const SITE = {json.dumps(site, ensure_ascii=False, indent=1)};"
    text = f"// {edge.origin}{edge.base}/. Made by: cms target config cloudflare\n" + SOURCE.read_text("utf-8").replace("/* data */", data)
    problems = []
    if (size := len(zlib.compress(text.encode()))) > MOST_PACKED_BYTES:
        said = f"the Worker has {size:,} bytes after compression, and the free plan takes {MOST_PACKED_BYTES:,}"
        problems.append(Problem("target.worker-large", "", 0, said, "Take old redirects away, or use a paid plan.", "warning"))
    return text, problems


def write_wrangler(edge: Edge) -> tuple[str, list[Problem]]:
    """Settings for wrangler, Cloudflare's command to deploy a Worker."""
    name = "cms-" + re.sub("[^a-z0-9]", "-", edge.name.lower())
    lines = [
        f"# {edge.origin}{edge.base}/. Made by: cms target config cloudflare --part wrangler",
        f'name = "{name}"', 'main = "worker.js"', f'compatibility_date = "{COMPATIBILITY}"', "workers_dev = false", "",
        "[[routes]]", f'pattern = "{edge.host}"', "custom_domain = true", "",
        "[[r2_buckets]]", 'binding = "BUCKET"', f'bucket_name = "{edge.target.bucket or "BUCKET"}"', "",
    ]  # fmt: skip
    return "\n".join(lines), []
