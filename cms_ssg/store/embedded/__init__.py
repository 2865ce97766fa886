"""The embedded Postgres: one server a site in ``.cms/pg``, started when it is needed. Others need no more than these names."""

from __future__ import annotations

from cms_ssg.store.embedded.cluster import PASSWORD
from cms_ssg.store.embedded.server import data_folder, describe_conninfo, is_running, log_path, start, stop

__all__ = ["PASSWORD", "data_folder", "describe_conninfo", "is_running", "log_path", "start", "stop"]
