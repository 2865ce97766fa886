"""A map as a drawing in the page: where listings lie to each other, with a scale and the parallels, without asking any other server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from math import ceil, cos, floor, log10, radians
from typing import Final, NamedTuple

from markupsafe import Markup

WIDTH: Final = 640
HEIGHT: Final = 360
MARGIN: Final = 28
KM_A_DEGREE: Final = 111.195
LEAST_KM: Final = 1.0
"""A map of one place shows this much around it."""


class Spot(NamedTuple):
    """A place on the map. url: "" for the one that the page is about."""

    latitude: float
    longitude: float
    title: str
    url: str


def draw_map(spots: Sequence[Spot], label: str) -> Markup:
    """The map as SVG, '' where there is nothing to show. label: what it shows, in words."""
    if not spots:
        return Markup("")
    middle = _find_middle([spot.longitude for spot in spots])
    points = [(_turn(spot.longitude - middle), spot.latitude) for spot in spots]
    low, high = min(y for _, y in points), max(y for _, y in points)
    squeeze = max(cos(radians((low + high) / 2)), 0.01)
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    least = LEAST_KM / KM_A_DEGREE
    wide, tall = max((right - left) * squeeze, least), max(high - low, least)
    scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / tall)
    centre_x, centre_y = (left + right) / 2, (low + high) / 2

    def place(x: float, y: float) -> tuple[float, float]:
        return (WIDTH / 2 + (x - centre_x) * squeeze * scale, HEIGHT / 2 - (y - centre_y) * scale)

    parts = [
        f'<svg class="map" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">',
        f'<rect class="sea" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        *_draw_grid(place, (centre_x, centre_y), middle, squeeze * scale, scale),
    ]
    for spot, (x, y) in sorted(zip(spots, points, strict=True), key=lambda pair: not pair[0].url):
        cx, cy = place(x, y)
        dot = f'<circle class="{"spot" if spot.url else "here"}" cx="{cx:.1f}" cy="{cy:.1f}" r="{5 if spot.url else 9}"><title>{escape(spot.title)}</title></circle>'
        parts.append(f'<a href="{escape(spot.url)}" tabindex="-1">{dot}</a>' if spot.url else dot)
    parts += _draw_scale(scale)
    return Markup("".join([*parts, "</svg>"]))


def _find_middle(longitudes: Sequence[float]) -> float:
    """The meridian to count from, so that places on both sides of the antimeridian lie side by side."""
    spread = max(longitudes) - min(longitudes)
    return 180.0 if spread > 180 else 0.0


def _turn(degrees: float) -> float:
    """An angle between -180 and 180."""
    return (degrees + 180) % 360 - 180


def _draw_grid(
    place: Callable[[float, float], tuple[float, float]], centre: tuple[float, float], middle: float, across: float, up: float
) -> Iterator[str]:
    """Meridians and parallels at round numbers."""
    for is_parallel, scale, length, at in ((True, up, HEIGHT, centre[1]), (False, across, WIDTH, centre[0])):
        span = length / scale
        step = _choose_step(span / 3)
        for number in range(ceil((at - span / 2) / step), floor((at + span / 2) / step) + 1):
            value = number * step
            digits = max(0, ceil(-log10(step)))
            if is_parallel and abs(value) <= 90:
                y = place(centre[0], value)[1]
                text = f"{abs(value):.{digits}f}°{'N' if value >= 0 else 'S'}"
                yield f'<path class="grid" d="M0 {y:.1f}H{WIDTH}"/><text class="degree" x="6" y="{y - 4:.1f}">{text}</text>'
            elif not is_parallel:
                x, east = place(value, centre[1])[0], _turn(value + middle)
                text = f"{abs(east):.{digits}f}°{'E' if east >= 0 else 'W'}"
                label = f'<text class="degree" x="{x + 4:.1f}" y="14">{text}</text>' if 60 < x < WIDTH - 60 else ""
                yield f'<path class="grid" d="M{x:.1f} 0V{HEIGHT}"/>{label}'


def _choose_step(about: float) -> float:
    """The round number next below: 1, 2 or 5 with a power of ten."""
    power: float = 10.0 ** floor(log10(about))
    return next(factor * power for factor in (5, 2, 1) if factor * power <= about * 1.0000001)


def _draw_scale(scale: float) -> list[str]:
    """A bar with its length."""
    km = _choose_step(WIDTH / 4 / scale * KM_A_DEGREE)
    length = km / KM_A_DEGREE * scale
    x, y = WIDTH - 16 - length, HEIGHT - 18
    text = f"{km:g} km" if km >= 1 else f"{km * 1000:g} m"
    return [
        f'<path class="scale" d="M{x:.1f} {y - 5}V{y}H{x + length:.1f}V{y - 5}"/>',
        f'<text class="degree" x="{x + length / 2:.1f}" y="{y - 6}" text-anchor="middle">{text}</text>',
    ]
