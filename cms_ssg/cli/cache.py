"""``cms cache``: what the API's shared layer holds, and how to empty it."""

from __future__ import annotations

import os
from typing import Any

import click

from cms_ssg.cli.call import Call, site_command
from cms_ssg.cli.hooks import open_site_store
from cms_ssg.cli.output import make_table
from cms_ssg.text.counting import count


@click.group("cache")
def cache() -> None:
    """Show or clear the API's cache.

    The cache never makes an answer wrong; docs/cache.md says why.
    """


@site_command("status", "cms cache status")
def status(call: Call) -> None:
    """Show what is in Redis, and which tags were raised last."""
    from cms_ssg.store.tags import list_raised

    redis_url = _find_redis(call)
    shared: dict[str, Any] | None = _run(redis_url, "status") if redis_url else None
    connection, _, site_id = open_site_store(call)
    with connection:
        raised = list_raised(connection, site_id, 20)
    if shared is None:
        said = "no Redis: each process of the API keeps its own answers"
    elif shared["answers"] is None:
        said = f"Redis does not answer ({shared['last_error']}): answers go on without it"
    else:
        said = f"{count(shared['answers'], 'answer', 'answers')} in Redis"
    table = (
        make_table([[row.tag, "raised at", row.raised_at.isoformat(timespec="seconds")] for row in raised])
        if raised
        else "no tag was raised within a day"
    )
    call.output.result({"redis": shared, "raised": [row._asdict() for row in raised]}, f"{said}\n{table}")


@site_command("clear", "cms cache clear")
def clear(call: Call) -> None:
    """Remove all answers from Redis, make all others stale."""
    from cms_ssg.store.tags import raise_all

    redis_url = _find_redis(call)
    removed = _run(redis_url, "clear") if redis_url else 0
    connection, _, site_id = open_site_store(call)
    with connection:
        tags = raise_all(connection, site_id)
    call.output.result(
        {"removed": removed, "raised": tags},
        f"{count(removed, 'answer', 'answers')} removed from Redis, {count(tags, 'tag', 'tags')} raised",
    )


def _find_redis(call: Call) -> str:
    return os.environ.get("CMS_REDIS_URL", "") or call.settings.cache.redis_url


def _run(url: str, name: str) -> Any:
    import asyncio

    from cms_ssg.cache.redis import RedisLayer
    from cms_ssg.errors import fail

    async def ask() -> Any:
        layer = RedisLayer(url)
        try:
            if name == "clear":
                return await layer.clear()
            return await layer.status()
        finally:
            await layer.close()

    try:
        return asyncio.run(ask())
    except Exception as error:
        from redis.exceptions import RedisError

        if isinstance(error, RedisError | OSError):
            raise fail(
                "cache.redis",
                f"Redis does not answer: {type(error).__name__}",
                place="CMS_REDIS_URL",
                hint="Answers of the API go on without it.",
            ) from None
        raise


cache.add_command(status)
cache.add_command(clear)
