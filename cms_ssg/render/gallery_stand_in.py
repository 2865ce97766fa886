"""What stands in the gallery for a feature: any attribute, any call and any item has a value that a template can show.

So templates of verticals are shown without knowing what these hand to them; what is missing in them is found by the check, and by the first build.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from jinja2 import Undefined

NUMBERS = frozenset(
    ("count", "number", "position", "total", "rating", "price", "width", "height", "pages", "every", "poll_s", "refresh_s", "event")
)
FALSE = frozenset(("hidden", "disabled", "error", "problem"))


MOMENT = datetime(2025, 3, 1, 9, tzinfo=UTC)


class _Number(int):
    """A number that a template may also call: ``count``, ``count()``."""

    def __call__(self, *_: Any, **__: Any) -> _Number:
        return self


class _Address(str):
    """An address that a template may also call."""

    __slots__ = ()

    def __call__(self, *_: Any, **__: Any) -> _Address:
        return self


class StandIn:
    """A value of an unknown kind. cards: what it gives where a template goes through it."""

    def __init__(self, cards: Sequence[Any] = (), name: str = "Sample") -> None:
        self._cards, self._name = cards, name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name.endswith("_at") or name in ("date", "updated", "at"):
            return MOMENT
        if name == "url" or name.endswith("_url"):
            return _Address("/sample/")
        if name == "status":
            return "live"
        if name in NUMBERS:
            return _Number(3)
        if name == "time":
            return lambda *_, **__: MOMENT
        return _Number(0) if name in FALSE else StandIn(self._cards, name.replace("_", " ").capitalize())

    def __call__(self, *_: Any, **__: Any) -> StandIn:
        return self

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return getattr(self, key)
        return list(self)[key] if isinstance(key, slice) else next(iter(self))

    def __iter__(self) -> Iterator[Any]:
        items: list[StandIn] = [_CardOrAny(card) for card in self._cards[:4]]
        return iter(items or [StandIn((), self._name), StandIn((), self._name)])

    def __len__(self) -> int:
        return len(self._cards[:4]) or 2

    def __int__(self) -> int:
        return 3

    def __float__(self) -> float:
        return 3.0

    def __round__(self, digits: int = 0) -> float:
        return 3.0

    def __add__(self, other: Any) -> Any:
        return [*self, *other] if isinstance(other, list | StandIn) else 3 + other

    def __lt__(self, other: Any) -> bool:
        return bool(other > 3) if isinstance(other, int | float) else False

    def __gt__(self, other: Any) -> bool:
        return bool(other < 3) if isinstance(other, int | float) else False

    def __str__(self) -> str:
        return self._name

    def __html__(self) -> str:
        return self._name

    def __format__(self, spec: str) -> str:
        return format(3, spec) if spec else self._name

    # As text where a template uses it as one.
    def split(self, *_: Any) -> list[str]:
        return [self._name]

    def get(self, name: str, default: Any = None) -> Any:
        return getattr(self, name)

    def items(self) -> list[tuple[str, StandIn]]:
        return [(self._name, self), (f"{self._name} too", self)]


class _CardOrAny(StandIn):
    """A card of the samples that has all that a feature's own items have besides."""

    def __init__(self, card: Any) -> None:
        super().__init__((), str(card.title))
        self.__dict__.update(vars(card))


class ShownUndefined(Undefined):
    """A value that the samples do not have: nothing in a test, else a stand-in."""

    __slots__ = ()

    def _stand_in(self) -> StandIn:
        return StandIn((), str(self._undefined_name or "sample").replace("_", " ").capitalize())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stand_in(), name)

    def __getitem__(self, key: Any) -> Any:
        return self._stand_in()[key]

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self._stand_in()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._stand_in())

    def __len__(self) -> int:
        return len(self._stand_in())

    def __str__(self) -> str:
        return str(self._stand_in())

    def __lt__(self, other: Any) -> bool:  # type: ignore[override]
        return bool(self._stand_in() < other)

    def __gt__(self, other: Any) -> bool:  # type: ignore[override]
        return bool(self._stand_in() > other)

    def __round__(self, digits: int = 0) -> float:
        return 3.0

    def __int__(self) -> int:  # type: ignore[override]
        return 3

    def __float__(self) -> float:  # type: ignore[override]
        return 3.0
