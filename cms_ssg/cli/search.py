"""``cms search``: ask the index from the command line, write it anew, see what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cms_ssg.cli.call import DONE, FAILED, Call, site_command
from cms_ssg.cli.hooks import open_site_store
from cms_ssg.cli.output import make_table
from cms_ssg.text.counting import count

if TYPE_CHECKING:
    from cms_ssg.search.questions import Answer, Question, Suggestion

SORTS = ("relevance", "newest", "oldest", "title", "distance", "rating", "popularity", "price", "price_desc")
"""As the API has them; they are not imported from there, since every command reads this file."""


@click.group("search")
def search() -> None:
    """Query, inspect and rebuild the search index.

    More in docs/search.md.
    """


_asking = (
    click.argument("text", default=""),
    click.option("--locale", default="", help="A language of the site; its first by default."),
    click.option("--facet", "facets", multiple=True, metavar="NAME/VALUE", help="Narrow the answer; repeat it for more."),
    click.option(
        "--near",
        type=(float, float),
        default=None,
        metavar="LAT LNG",
        help="Show the distance from a place (latitude, longitude in degrees).",
    ),
    click.option("--radius-km", type=click.FloatRange(0, 20_038), default=None, help="No farther from there."),
    click.option("--sort", type=click.Choice(SORTS), default="relevance", show_default=True),
    click.option("--offset", type=click.IntRange(0, 10_000), default=0),
    click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True),
)


def _asks(function: Any) -> Any:
    """The options of what asks a question."""
    for option in reversed(_asking):
        function = option(function)
    return function


@site_command("query", 'cms search query "tide table"\ncms search query tide --facet section/history --limit 5')
@_asks
def query(call: Call, **options: Any) -> int:
    """Find documents, as the search page does."""
    answer: Answer = _ask(call, _make_question(call, **options))
    rows = [
        [hit.url, hit.title, f"{hit.score:.4f}", *([f"{hit.distance_km} km"] if hit.distance_km is not None else [])] for hit in answer.hits
    ]
    said = [count(answer.total, "document", "documents") + f" in {answer.took_ms} ms by {answer.engine}"]
    if answer.did_you_mean:
        said.append(f"nothing has {options['text']!r}; this is for {answer.did_you_mean!r}")
    call.output.result(answer, "\n".join([*said, *([make_table(rows)] if rows else [])]))
    return DONE if answer.total else FAILED


@site_command("explain", "cms search explain tide")
@_asks
def explain(call: Call, **options: Any) -> None:
    """Show how a question is read.

    Its terms, and the request that the engine is sent or the plan of the database.
    """
    import json
    import os

    from cms_ssg.search.open_engine import open_engine
    from cms_ssg.search.postgres import explain_search

    _need_search(call)
    question = _make_question(call, **options)
    connection, _, site_id = open_site_store(call)
    with connection:
        engine = open_engine(call.site, site_id, os.environ)
        if engine is not None:
            asked: Any = engine.explain(question)
            text = json.dumps(asked, ensure_ascii=False, indent=2)
        else:
            asked = explain_search(connection, question, site_id, call.settings.timezone)
            text = "\n".join(asked)
    terms = [term._asdict() for term in question.terms]
    said = "\n".join(f"{'' if term.wanted else 'not '}{term.kind} {term.text!r}" for term in question.terms) or "all documents"
    call.output.result({"terms": terms, "locale": question.locale, "request": asked}, f"{said}\n{text}")


@site_command("suggest", "cms search suggest ti")
@click.argument("text")
@click.option("--locale", default="", help="A language of the site; its first by default.")
def suggest(call: Call, text: str, locale: str) -> None:
    """Suggest titles for the beginning of a word."""
    found: tuple[Suggestion, ...] = _ask(call, (text, _check_locale(call, locale)))
    call.output.result(found, make_table([[one.title, one.url] for one in found]) if found else "no title is like that")


@site_command("reindex", "cms search reindex")
def reindex(call: Call) -> None:
    """Build the search index again from the database.

    If there is an engine, its index is filled again too.

    Builds keep the index up to date; this is needed only for example after a restore. Searches use the old index meanwhile.
    """
    import os

    from cms_ssg.errors import fail
    from cms_ssg.search.engine import EngineError
    from cms_ssg.search.open_engine import open_engine
    from cms_ssg.search.reindex import reindex as run_reindex
    from cms_ssg.search.sending import send_changes

    _need_search(call)
    connection, _, site_id = open_site_store(call)
    engine = open_engine(call.site, site_id, os.environ)
    sent = None
    with connection:
        call.output.phase("index", 0)
        done = run_reindex(connection, call.site, site_id, call.output.advance)
        if engine is not None:
            call.output.phase("send", 0)
            try:
                sent = send_changes(connection, engine, call.site, site_id, fill=True, on_batch=call.output.advance)
            except EngineError as error:
                raise fail(
                    "search.engine", str(error), hint="See that it runs at [search] url and takes the key; then run this again."
                ) from None
            if sent is None:
                raise fail(
                    "search.busy",
                    "another process is sending this site's documents",
                    hint="Wait for it; one that died is replaced after 5 minutes.",
                )
    text = f"{count(done, 'entry', 'entries')} looked at, and their documents written"
    if engine is not None:
        text += f"; {count(sent or 0, 'document', 'documents')} sent to {engine.name}"
    call.output.result({"entries": done, "sent": sent}, text)


@site_command("status", "cms search status")
def status(call: Call) -> int:
    """Count documents by language, here and in the engine.

    Also shows what has still to be sent to the engine.
    """
    import os

    from cms_ssg.search.engine import EngineError
    from cms_ssg.search.open_engine import open_engine
    from cms_ssg.search.reindex import count_documents
    from cms_ssg.search.sending import digest_layout, load_state

    connection, _, site_id = open_site_store(call)
    with connection:
        rows, state = count_documents(connection, site_id), load_state(connection, site_id)
        engine = open_engine(call.site, site_id, os.environ)
    table = make_table(
        [[row.locale, row.documents, f"documents, {row.waiting} waiting for their pages, {row.size_bytes // 1024:,} kB"] for row in rows]
    )
    told: dict[str, Any] = {"search": call.settings.search is not None, "locales": [row._asdict() for row in rows]}
    lines = [f"search is {'on' if call.settings.search is not None else 'off: [search] in site.toml switches it on'}"]
    lines.append(table if rows else "no documents")
    failed = False
    if engine is not None:
        try:
            indexes = [one._asdict() for one in engine.count()]
            lines += [f"{engine.name} {one['name']}: {'not there' if one['documents'] is None else one['documents']}" for one in indexes]
        except EngineError as error:
            indexes, failed = [], True
            lines.append(f"{engine.name}: {error}")
        is_filled = state is not None and state.filled_at is not None and bytes(state.layout) == digest_layout(engine)
        waiting = state.waiting if state is not None else 0
        told |= {
            "engine": engine.name,
            "indexes": indexes,
            "filled": is_filled,
            "waiting": waiting,
            "error": state.error if state else None,
        }
        if not is_filled:
            lines.append("to be filled by the next build or `cms search reindex`; Postgres answers until then")
        elif waiting and state is not None:
            lines.append(
                f"{count(waiting, 'change', 'changes')} to be sent, the oldest for {state.oldest_s:.0f} s; Postgres answers until then"
            )
        if state is not None and state.error:
            lines.append(f"last failure: {state.error}")
    call.output.result(told, "\n".join(lines))
    return FAILED if failed else DONE


@site_command("empty", "cms search empty --days 7")
@click.option("--days", type=click.IntRange(1, 90), default=30, show_default=True, help="How far back.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
def empty(call: Call, days: int, limit: int) -> None:
    """List searches that found nothing."""
    from cms_ssg.search.empty import EMPTY
    from cms_ssg.store.query import fetch

    connection, _, site_id = open_site_store(call)
    with connection:
        rows = fetch(connection, EMPTY, site=site_id, days=days, most=limit)
    table = make_table([[row.words, count(row.times, "time", "times"), row.last_day] for row in rows])
    call.output.result([row._asdict() for row in rows], table if rows else "every search found something")


def _make_question(
    call: Call, text: str, locale: str, facets: tuple[str, ...], near: tuple[float, float] | None, radius_km: float | None, **order: Any
) -> Question:
    from cms_ssg.search.documents import list_facets
    from cms_ssg.search.places import Near
    from cms_ssg.search.questions import Question
    from cms_ssg.search.words import parse_query

    filters: dict[str, list[str]] = {}
    for facet in facets:
        name, slash, value = facet.partition("/")
        if not slash or name not in list_facets(call.site):
            raise click.UsageError(f"{facet!r} is no facet of this site; such as section/history")
        filters.setdefault(name, []).append(value)
    if near is None and (radius_km is not None or order["sort"] == "distance"):
        raise click.UsageError("a distance is from a place: --near LAT LNG")
    if near is not None and not (-90 <= near[0] <= 90 and -180 <= near[1] <= 180):
        raise click.UsageError("--near: degrees north (-90 to 90), then degrees east (-180 to 180)")
    return Question(
        terms=parse_query(text), locale=_check_locale(call, locale), filters={name: tuple(values) for name, values in filters.items()},
        near=Near(*near, radius_km) if near is not None else None, **order,
    )  # fmt: skip


def _check_locale(call: Call, locale: str) -> str:
    code = locale or call.site.default_locale
    if code not in call.site.locales:
        raise click.UsageError(f"the site has no language {locale!r}: {', '.join(call.site.locales)}")
    return code


def _need_search(call: Call) -> None:
    from cms_ssg.errors import fail

    if call.settings.search is None:
        raise fail(
            "search.off",
            "search is switched off for this site",
            place="site.toml",
            hint="A table [search] switches it on; the next build makes the index.",
        )


def _ask(call: Call, asked: Question | tuple[str, str]) -> Any:
    """The answer of the site's index."""
    import asyncio
    import os

    from cms_ssg.search.fallback import open_index
    from cms_ssg.store.pool import make_pool

    _need_search(call)
    connection, url, site_id = open_site_store(call)
    connection.close()

    async def ask() -> Any:
        async with make_pool(url, 1, 30.0) as pool:
            index = open_index(call.site, site_id, pool.connection, os.environ)
            return await (index.suggest(*asked, 10) if isinstance(asked, tuple) else index.search(asked))

    return asyncio.run(ask())


for command in (query, suggest, reindex, status, explain, empty):
    search.add_command(command)
