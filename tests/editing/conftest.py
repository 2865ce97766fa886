"""A built site with entries of the store and its API, for all tests of a file, and people who work at its desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from cms_ssg.api.limits import Limiter
from cms_ssg.store.tokens import Powers
from tests.api.atlas import Api
from tests.editing.person import DeskPerson

Meet = Callable[..., DeskPerson]


@pytest.fixture
def meet(api: Api, atlas: tuple[Path, str]) -> Iterator[Meet]:
    """Signs somebody in: (name, powers)."""
    api.framework.state.limiter = Limiter(None)  # more people sign in here than may from one address
    with ExitStack() as stack:

        def sign_in(name: str, powers: Powers = Powers(), scopes: Sequence[str] = ("read", "write")) -> DeskPerson:  # noqa: B008
            person = DeskPerson(str(api.client.base_url), atlas[1], name, powers, scopes)
            stack.callback(person.client.close)
            return person

        yield sign_in


@pytest.fixture
def ada(meet: Meet) -> DeskPerson:
    return meet("ada")


@pytest.fixture
def bob(meet: Meet) -> DeskPerson:
    return meet("bob")
