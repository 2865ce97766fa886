"""``cms hooks``: who is told of what, what was not taken, and the receiver that builds at a push."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.cli.output import make_table
from cms_ssg.text.counting import count

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

SHOWN = 50


@click.group("hooks")
def hooks() -> None:
    """List and test hooks and webhooks; build on push.

    Hooks, webhooks and the receiver are described in docs/extending.md.
    """


def open_site_store(call: Call) -> tuple[Connection[TupleRow], str, int]:
    """A connection, the store's address and the site's number."""
    from cms_ssg.store.connect import connect, database_url
    from cms_ssg.store.migrate import migrate
    from cms_ssg.store.sites import ensure_site

    url = database_url(call.root, call.settings.database_url, os.environ)
    connection = connect(url, autocommit=True)
    try:
        migrate(connection)
        return connection, url, ensure_site(connection, call.settings.store_name).id
    except BaseException:
        connection.close()
        raise


@site_command("list", "cms hooks list")
def list_all(call: Call) -> None:
    """List hooks, receivers and the newest messages."""
    from cms_ssg.content.frontmatter.dates import say_moment
    from cms_ssg.events.plugins import find_plugins
    from cms_ssg.events.webhooks import show_receiver
    from cms_ssg.store.deliveries import list_deliveries

    plugins = find_plugins(call.root, call.settings)
    found = plugins.list_implementations() if plugins is not None else []
    connection, _, site_id = open_site_store(call)
    with connection:
        deliveries = list_deliveries(connection, site_id, SHOWN)
    blocks = [make_table([["hook", name, plugin] for name, plugin in found])] if found else []
    if call.settings.webhooks:
        blocks.append(make_table([["webhook", show_receiver(hook.url), ", ".join(hook.events)] for hook in call.settings.webhooks]))
    if deliveries:
        zone = call.site.zone
        rows: list[list[object]] = [
            [d.state, d.event, show_receiver(d.url), say_moment(d.made_at, zone), count(d.tries, "try", "tries"), d.answer, d.id]
            for d in deliveries
        ]
        blocks.append(make_table(rows))
    value = {
        "hooks": [{"hook": name, "plugin": plugin} for name, plugin in found],
        "webhooks": [{"url": show_receiver(hook.url), "events": hook.events} for hook in call.settings.webhooks],
        "deliveries": [{**d._asdict(), "url": show_receiver(d.url), "state": d.state} for d in deliveries],
    }
    call.output.result(value, "\n\n".join(blocks) or "no hooks and no webhooks")
    if plugins is not None:
        call.output.problems(plugins.take_problems())


@site_command("retry", "cms hooks retry\ncms hooks retry msg_3f2a")
@click.argument("message", default="", metavar="[ID]")
def retry(call: Call, message: str) -> int:
    """Send undelivered messages again now.

    All waiting or dead messages, or the one with this ID. Also calls hooks for waiting events. Exit 3 if a receiver still refuses.
    """
    from cms_ssg.events.call_hooks import call_hooks
    from cms_ssg.events.plugins import find_plugins
    from cms_ssg.events.webhooks import send_due
    from cms_ssg.store.deliveries import RETRY

    connection, url, site_id = open_site_store(call)
    problems = []
    with connection:
        again = connection.execute(RETRY, {"site": site_id, "id": message}).rowcount
        if message and not again:
            raise click.UsageError(f"no message that waits or was given up has the ID {message}; cms hooks list shows them")
        plugins = find_plugins(call.root, call.settings)
        if plugins is not None:
            connection.autocommit = False
            call_hooks(connection, call.site, site_id, plugins)
            problems += plugins.take_problems()
    refused = send_due(url, site_id, call.settings)
    call.output.problems([*problems, *refused])
    text = f"{count(again, 'message')} sent, {len(refused):,} not taken" if again else "nothing to send again"
    call.output.result({"sent": again, "refused": len(refused), "problems": [*problems, *refused]}, text)
    return PARTIAL if refused else DONE


@site_command("test", "cms hooks test")
def send_test(call: Call) -> int:
    """Send a test message to every receiver.

    Prints each response; nothing is stored. Exit 3 if a receiver does not accept the message.
    """
    from cms_ssg.events.signatures import read_secrets
    from cms_ssg.events.webhooks import send_message, show_receiver
    from cms_ssg.store.deliveries import TEST, make_body, make_id

    if not call.settings.webhooks:
        raise click.UsageError("site.toml has no [[webhooks]]")
    rows: list[dict[str, Any]] = []
    for hook in call.settings.webhooks:
        body = make_body(TEST, {"site": call.settings.store_name}).encode()
        answer = send_message(hook.url, read_secrets(os.environ, hook.secret_env), hook.secret_env, make_id(), body)
        rows.append({"url": show_receiver(hook.url), "good": answer.is_good, "answer": answer.text})
    text = make_table([["ok" if row["good"] else "fail", row["url"], row["answer"]] for row in rows])
    call.output.result({"receivers": rows}, text)
    return DONE if all(row["good"] for row in rows) else PARTIAL


@site_command("serve", "cms hooks serve\ncms hooks serve --host 0.0.0.0 --port 8090")
@click.option("--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="0 uses any free port.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 makes it reachable from other machines."
)
def serve(call: Call, port: int, host: str) -> None:
    """Receive signed pushes, and build after each.

    From GitHub, GitLab or by Standard Webhooks; until Ctrl-C. This is `cms api` on another port, which receives such messages at
    /api/rebuild.
    """
    from cms_ssg.api.process import Serving, run
    from cms_ssg.cli.api import build_options
    from cms_ssg.cli.watch import until_interrupted
    from cms_ssg.errors import fail
    from cms_ssg.events.signatures import read_secrets

    receiver = call.settings.receiver
    if receiver is None:
        raise click.UsageError("site.toml has no [receiver]; docs/extending.md shows one")
    if not read_secrets(os.environ, receiver.secret_env):
        hint = "Whoever knows the address could start builds. Set it to the secret that the sender signs with."
        raise fail("hooks.secret", f"the variable {receiver.secret_env} is empty", place="site.toml", hint=hint)

    def say_address(address: str) -> None:
        call.output.result({"url": address}, address)
        call.output.note(f"Pushes to {receiver.branch} are built; Ctrl-C stops.")

    with until_interrupted(call):
        run([call.root], Serving(host, port, build_options=build_options(call)), call.env, say_address)


for command in (list_all, retry, send_test, serve):
    hooks.add_command(command)
