"""What changes the stock: rows of ``cms.stock_moves``, whose sum is what there is. The database refuses what is not there, and a move that it has already."""

from __future__ import annotations

from typing import Final, LiteralString

BY_HAND: Final = ("received", "adjusted")
"""Reasons that a person or a warehouse gives."""

MOST_UNITS: Final = 10**9
"""Of one move."""

KNOWN: Final[LiteralString] = "SELECT 1 FROM cms.skus WHERE site = %s AND sku = %s LIMIT 1"
MOVE: Final[LiteralString] = """
INSERT INTO cms.stock_moves (site, sku, location, delta, reason, ref, author) VALUES (%s, %s, %s, %s, %s, %s, %s)"""
