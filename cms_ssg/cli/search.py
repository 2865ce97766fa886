"""``cms search``: ask the index from the command line, write it anew, see what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cms_ssg.cli.call import DONE, FAILED, Call, site_command
from cms_ssg.cli.hooks import open_site_store
from cms_ssg.cli.output import count, make_table

if TYPE_CHECKING:
    from cms_ssg.search.questions import Answer, Question, Suggestion


@click.group("search")
def search() -> None:
    """Ask the search index, write it anew, see what it holds.

    docs/search.md tells more.
    """


@site_command("query", 'cms search query "tide table"\ncms search query tide --facet section/history --limit 5')
@click.argument("text", default="")
@click.option("--locale", default="", help="A language of the site; its first by default.")
@click.option("--facet", "facets", multiple=True, metavar="NAME/VALUE", help="Narrow the answer; repeat it for more.")
@click.option("--sort", type=click.Choice(["relevance", "newest", "oldest", "title"]), default="relevance", show_default=True)
@click.option("--offset", type=click.IntRange(0, 10_000), default=0)
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
def query(call: Call, text: str, locale: str, facets: tuple[str, ...], sort: Any, offset: int, limit: int) -> int:
    """Find documents, as the search page does."""
    from cms_ssg.search.questions import Question
    from cms_ssg.search.words import parse_query

    filters: dict[str, list[str]] = {}
    for facet in facets:
        name, slash, value = facet.partition("/")
        if not slash or name not in {"type", *call.settings.taxonomies}:
            raise click.UsageError(f"{facet!r} is no facet of this site; such as section/history")
        filters.setdefault(name, []).append(value)
    question = Question(
        terms=parse_query(text), locale=_check_locale(call, locale), filters={name: tuple(values) for name, values in filters.items()},
        sort=sort, offset=offset, limit=limit,
    )  # fmt: skip
    answer: Answer = _ask(call, question)
    rows = [[hit.url, hit.title, f"{hit.score:.4f}"] for hit in answer.hits]
    said = [count(answer.total, "document", "documents") + f" in {answer.took_ms} ms"]
    if answer.did_you_mean:
        said.append(f"nothing has {text!r}; this is for {answer.did_you_mean!r}")
    call.output.result(answer, "\n".join([*said, *([make_table(rows)] if rows else [])]))
    return DONE if answer.total else FAILED


@site_command("suggest", "cms search suggest ti")
@click.argument("text")
@click.option("--locale", default="", help="A language of the site; its first by default.")
def suggest(call: Call, text: str, locale: str) -> None:
    """Titles for what is being typed."""
    found: tuple[Suggestion, ...] = _ask(call, (text, _check_locale(call, locale)))
    call.output.result(found, make_table([[one.title, one.url] for one in found]) if found else "no title is like that")


@site_command("reindex", "cms search reindex")
def reindex(call: Call) -> None:
    """Write every document anew from what is stored.

    Builds keep the index true by themselves; this is for a change of mind, such as after a restore. Searches go on meanwhile.
    """
    from cms_ssg.search.reindex import reindex as run_reindex

    _need_search(call)
    connection, _, site_id = open_site_store(call)
    call.output.phase("index", 0)
    with connection:
        done = run_reindex(connection, call.site, site_id, call.output.advance)
    call.output.result({"entries": done}, f"{count(done, 'entry', 'entries')} looked at, and their documents written")


@site_command("status", "cms search status")
def status(call: Call) -> None:
    """How many documents there are in each language."""
    from cms_ssg.search.reindex import count_documents

    connection, _, site_id = open_site_store(call)
    with connection:
        rows = count_documents(connection, site_id)
    table = make_table(
        [[row.locale, row.documents, f"documents, {row.waiting} waiting for their pages, {row.size_bytes // 1024:,} kB"] for row in rows]
    )
    state = "on" if call.settings.search is not None else "off: [search] in site.toml switches it on"
    call.output.result(
        {"search": call.settings.search is not None, "locales": [row._asdict() for row in rows]},
        f"search is {state}\n{table if rows else 'no documents'}",
    )


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

    from cms_ssg.search.postgres import PostgresIndex
    from cms_ssg.store.pool import make_pool

    _need_search(call)
    connection, url, site_id = open_site_store(call)
    connection.close()

    async def ask() -> Any:
        async with make_pool(url, 1, 30.0) as pool:
            index = PostgresIndex(pool.connection, site_id, call.site.base_path, call.settings.timezone)
            return await (index.suggest(*asked, 10) if isinstance(asked, tuple) else index.search(asked))

    return asyncio.run(ask())


for command in (query, suggest, reindex, status):
    search.add_command(command)
