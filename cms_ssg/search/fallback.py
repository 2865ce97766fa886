"""A site's engine, and Postgres where the engine is away or behind: an answer is never older than a second, and there always is one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from cms_ssg.search.engine import EngineError, SearchEngine
from cms_ssg.search.lexicon import say_terms
from cms_ssg.search.open_engine import open_engine
from cms_ssg.search.postgres import Connect, PostgresIndex
from cms_ssg.search.postgres_pages import NAME as POSTGRES
from cms_ssg.search.questions import MOST_OFFSET, Answer, Cursor, FacetValue, Question, SearchIndex, Suggestion
from cms_ssg.search.sending import digest_layout
from cms_ssg.site import Site
from cms_ssg.store.query import Query, fetch_async

BEHIND_S: Final = 0.5
"""For how long a change may be missing from the engine."""

LOOK_S: Final = 0.25
OPEN_S: Final = 5.0
"""How long an engine that failed is left alone."""


class _Ready(NamedTuple):
    layout: bytes
    is_behind: bool


class _Title(NamedTuple):
    name: str
    title: str | None


READY: Final = Query("""
SELECT layout, filled_at IS NULL OR coalesce((SELECT min(changed_at) < clock_timestamp() - %(behind_s)s * interval '1 s' FROM cms.search_changes c
  WHERE c.site = e.site), false) FROM cms.search_engines e WHERE site = %(site)s""", _Ready)  # fmt: skip
TITLES: Final = Query("""
SELECT name, card ->> 'title' FROM cms.lists WHERE site = %(site)s AND locale = %(locale)s AND name = ANY(%(names)s::text[] COLLATE "C")""", _Title)  # fmt: skip


def open_index(site: Site, number: int, connect: Connect, environ: Mapping[str, str]) -> SearchIndex:
    """What answers for a site. Raises CmsError search.*."""
    postgres = PostgresIndex(connect, number, site.base_path, site.settings.timezone)
    engine = open_engine(site, number, environ)
    return postgres if engine is None else EngineIndex(engine, postgres, connect, number)


class EngineIndex:
    """Asks the engine, else Postgres. Its answers say which it was."""

    def __init__(self, engine: SearchEngine, postgres: PostgresIndex, connect: Connect, site: int) -> None:
        self.engine, self.postgres, self.connect, self.site = engine, postgres, connect, site
        self._layout = digest_layout(engine)
        self._is_ready = False
        self._looked_at = -LOOK_S
        self._closed_until = 0.0

    async def search(self, question: Question) -> Answer:
        """Find, count and highlight."""
        if self._goes_on_elsewhere(question.cursor):
            return await self.postgres.search(question)
        if await self._can_answer():
            try:
                answer = await self.engine.search(question)
                if answer.total == 0 and (corrected := await self.postgres.correct(question)) is not None:
                    other = await self.engine.search(corrected)
                    if other.total:
                        answer = msgspec.structs.replace(other, did_you_mean=say_terms(corrected.terms))
                return await self._name_facets(answer, question.locale)
            except EngineError as error:
                self._leave_alone(error)
        return await self.postgres.search(question)

    def _goes_on_elsewhere(self, cursor: Cursor | None) -> bool:
        """Whether the pages before came from Postgres, whose order the next one has to follow, or lie beyond what an engine counts."""
        return cursor is not None and (cursor.engine == POSTGRES or (cursor.engine != self.engine.name and cursor.offset > MOST_OFFSET))

    def _leave_alone(self, error: EngineError) -> None:
        """Do not ask the engine for a while, unless it is only this question that it refuses."""
        if error.is_passing:
            self._closed_until = time.monotonic() + OPEN_S

    async def suggest(self, text: str, locale: str, limit: int) -> tuple[Suggestion, ...]:
        """Titles for what is being typed."""
        if await self._can_answer():
            try:
                return await self.engine.suggest(text, locale, limit)
            except EngineError as error:
                self._leave_alone(error)
        return await self.postgres.suggest(text, locale, limit)

    async def _can_answer(self) -> bool:
        now = time.monotonic()
        if now < self._closed_until:
            return False
        if now >= self._looked_at + LOOK_S:
            self._looked_at = now
            async with self.connect() as connection:
                rows = await fetch_async(connection, READY, site=self.site, behind_s=BEHIND_S)
            self._is_ready = bool(rows) and bytes(rows[0].layout) == self._layout and not rows[0].is_behind
        return self._is_ready

    async def _name_facets(self, answer: Answer, locale: str) -> Answer:
        """Facets with the titles that the site shows; engines know the names of terms only."""
        names = [f"{facet}/{value.value}" for facet, values in answer.facets.items() if facet != "type" for value in values]
        async with self.connect() as connection:
            titles = {row.name: row.title for row in await fetch_async(connection, TITLES, site=self.site, locale=locale, names=names)}
        facets = {
            facet: tuple(FacetValue(one.value, titles.get(f"{facet}/{one.value}") or one.title, one.count) for one in values)
            for facet, values in answer.facets.items()
        }
        return msgspec.structs.replace(answer, facets=facets)
