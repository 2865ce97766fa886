"""Which engine a site's settings name, ready to be asked and sent to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from cms_ssg.config.api_settings import Search
from cms_ssg.errors import fail
from cms_ssg.search.documents import list_facets
from cms_ssg.search.engine import SearchEngine
from cms_ssg.site import Site

KEY_VARIABLE: Final = "CMS_SEARCH_API_KEY"
URL_VARIABLE: Final = "CMS_SEARCH_URL"


def has_engine(site: Site) -> bool:
    """Whether the site's documents are to be sent to an engine."""
    return site.settings.search is not None and site.settings.search.has_server


def find_url(search: Search, environ: Mapping[str, str]) -> str:
    """Where the engine is. Raises CmsError search.no-url."""
    url = environ.get(URL_VARIABLE, "") or search.url
    if not url:
        hint = f"Set url in [search], or the variable {URL_VARIABLE}: http://localhost:{7700 if search.engine == 'meilisearch' else 9200}"
        raise fail("search.no-url", f"[search] names {search.engine} and not where it is", place="site.toml", hint=hint)
    return url


def open_engine(site: Site, number: int, environ: Mapping[str, str]) -> SearchEngine | None:
    """The engine of a site; None where Postgres itself answers. number: the site's. Raises CmsError search.no-url, search.not-installed."""
    search = site.settings.search
    if search is None or not search.has_server:
        return None
    url, key = find_url(search, environ), environ.get(KEY_VARIABLE, "")
    index = search.index or re.sub(r"[^a-z0-9]+", "-", site.settings.store_name.lower()).strip("-") or "site"
    facets = list_facets(site)
    if search.engine == "meilisearch":
        from cms_ssg.search.meilisearch_engine import MeilisearchEngine

        return MeilisearchEngine(url, key, index, number, list(site.locales), facets, site.base_path)
    try:
        from cms_ssg.search.opensearch_engine import Indexes, OpenSearchEngine
    except ModuleNotFoundError:
        hint = "pip install 'cms-ssg[opensearch]'"
        raise fail("search.not-installed", "the client of OpenSearch is not installed", place="site.toml", hint=hint) from None
    indexes = Indexes(
        index, number, tuple(site.locales), tuple(facets), site.base_path, site.settings.timezone, search.shards, search.replicas
    )
    return OpenSearchEngine(url, key, indexes)
