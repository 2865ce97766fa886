"""Starts moto's server, which answers as S3 does, with what it works out anew for every request worked out once."""

from __future__ import annotations

import gc
from functools import lru_cache

from moto import backends
from moto.core import serialize
from moto.moto_server import werkzeug_app
from moto.server import main

if __name__ == "__main__":
    modules = tuple(backends.list_of_moto_modules())  # it asks the file system for each of its 170 folders
    backends.list_of_moto_modules = lambda: modules
    serialize.parse_to_aware_datetime = lru_cache(10_000)(serialize.parse_to_aware_datetime)  # the times of all objects of a listing
    werkzeug_app.MotoRequestHandler.log = lambda *_: None
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    main()
