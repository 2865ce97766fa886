"""Cached answers: in this process, in Redis, and when they are stale."""

from cms_ssg.cache.layers import CacheService

__all__ = ["CacheService"]
