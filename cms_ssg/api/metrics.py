"""Numbers of one process for Prometheus, in its text format."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from cms_ssg.api.sites import Sites

BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Numbers:
    """Counts requests by method, declared path and status, and how long they took."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, int], int] = defaultdict(int)
        self.buckets = [0] * (len(BUCKETS_S) + 1)
        self.total_s = 0.0

    def count(self, *, method: str, route: str, status: int, duration_ms: float, **_: Any) -> None:
        """Take in one request. Paths that no route has count as one, so that nobody can make the numbers grow."""
        self.requests[(method if method in _METHODS else "other", route or "none", status)] += 1
        self.buckets[bisect_left(BUCKETS_S, duration_ms / 1000)] += 1
        self.total_s += duration_ms / 1000

    def render(self, sites: Sites) -> str:
        """All numbers as text."""
        return "\n".join([*self._list_requests(), *self._list_times(), *_list_caches(sites), *_list_pools(sites)]) + "\n"

    def _list_requests(self) -> Iterator[str]:
        yield "# TYPE cms_api_requests_total counter"
        for (method, route, status), count in sorted(self.requests.items()):
            yield f'cms_api_requests_total{{method="{method}",route="{route}",status="{status}"}} {count}'

    def _list_times(self) -> Iterator[str]:
        yield "# TYPE cms_api_duration_seconds histogram"
        total = 0
        for most, count in zip((*map(str, BUCKETS_S), "+Inf"), self.buckets, strict=True):
            total += count
            yield f'cms_api_duration_seconds_bucket{{le="{most}"}} {total}'
        yield f"cms_api_duration_seconds_sum {self.total_s:.6f}"
        yield f"cms_api_duration_seconds_count {total}"


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _list_caches(sites: Sites) -> Iterator[str]:
    yield "# TYPE cms_api_cache_answers_total counter"
    for context in sites.contexts:
        site, counts = context.site.settings.store_name, context.cache.counts
        for name in ("memory", "redis", "made", "shared", "stale"):
            yield f'cms_api_cache_answers_total{{site="{site}",from="{name}"}} {getattr(counts, name)}'
    yield "# TYPE cms_api_cache_kept gauge"
    for context in sites.contexts:
        yield f'cms_api_cache_kept{{site="{context.site.settings.store_name}"}} {len(context.cache.memory)}'
    yield "# TYPE cms_api_redis_left_alone gauge"
    for number, layer in enumerate(sites.layers):
        yield f'cms_api_redis_left_alone{{redis="{number}"}} {int(layer.breaker.is_open)}'


def _list_pools(sites: Sites) -> Iterator[str]:
    yield "# TYPE cms_api_connections gauge"
    for number, pool in enumerate(sites.pools):
        stats = pool.get_stats()
        for name in ("pool_size", "pool_available", "requests_waiting"):
            yield f'cms_api_connections{{database="{number}",state="{name}"}} {stats.get(name, 0)}'
    yield "# TYPE cms_api_follows_changes gauge"
    for number, follower in enumerate(sites.followers):
        yield f'cms_api_follows_changes{{database="{number}"}} {int(follower.is_current)}'
