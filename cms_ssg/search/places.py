"""Places on the earth: near one, within a box, how far apart."""

from __future__ import annotations

from math import asin, cos, degrees, radians, sin, sqrt
from typing import Final

import msgspec

EARTH_KM: Final = 6371.0088
"""The earth's mean radius."""


class Near(msgspec.Struct, frozen=True):
    """A place in degrees. radius_km: hits are no farther away; None where distances are only measured."""

    lat: float
    lng: float
    radius_km: float | None = None


class Box(msgspec.Struct, frozen=True):
    """A part of a map in degrees; where west is greater than east it crosses the antimeridian."""

    south: float
    west: float
    north: float
    east: float


def measure_km(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """Kilometres between two places in degrees, on a sphere of the earth's mean radius (haversine)."""
    a = sin(radians(lat2 - lat1) / 2) ** 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(radians(lng2 - lng1) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(a)))


def find_boxes(near: Near) -> list[Box]:
    """Boxes that hold every place within the radius: two where the circle crosses the antimeridian, around the world where it holds a pole."""
    up = degrees(max(near.radius_km or 0.0, 0.0) / EARTH_KM) + 1e-9
    south, north = near.lat - up, near.lat + up
    if north >= 90 or south <= -90:
        return [Box(max(south, -90.0), -180.0, min(north, 90.0), 180.0)]
    side = degrees(asin(min(1.0, sin(radians(up)) / cos(radians(near.lat))))) + 1e-9
    return split_box(Box(south, near.lng - side, north, near.lng + side)) if side < 180 else [Box(south, -180.0, north, 180.0)]


def split_box(box: Box) -> list[Box]:
    """A box as one or two that do not cross the antimeridian."""
    west, east = ((box.west + 180) % 360) - 180, ((box.east + 180) % 360) - 180
    if box.east - box.west >= 360:
        west, east = -180.0, 180.0
    elif box.east == 180:
        east = 180.0
    if west <= east:
        return [Box(box.south, west, box.north, east)]
    return [Box(box.south, west, box.north, 180.0), Box(box.south, -180.0, box.north, east)]
