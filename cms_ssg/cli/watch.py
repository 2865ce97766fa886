"""``cms watch`` and ``cms serve``: build at every save, and show it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from cms_ssg.cli.call import Call, site_command

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@contextmanager
def until_interrupted(call: Call) -> Iterator[None]:
    """Ctrl-C is how these commands are meant to end."""
    try:
        yield
    except KeyboardInterrupt:
        call.output.stopped("stopped")


@site_command("watch", "cms watch")
@click.option("--poll", is_flag=True, help="Check the files every second, for file systems without change events.")
def watch(call: Call, poll: bool) -> None:
    """Build at every save, until Ctrl-C."""
    from cms_ssg.serve.watch import watch as run_watch

    with until_interrupted(call):
        run_watch(
            call.site.root,
            env=call.env,
            reporter=call.output,
            poll=poll,
            on_ready=lambda: call.output.note("Every save is built; Ctrl-C stops."),
        )


@site_command("serve", "cms serve\ncms serve --port 8080 --no-watch")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="If it is in use, a free one near it; 0 uses any free port.",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 makes it reachable from other machines."
)
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="Answer to this name too; may be given more than once.")
@click.option(
    "--drafts/--no-drafts",
    default=None,
    help="Show drafts too, with a notice (default, unless --host makes the server reachable by others).",
)
@click.option("--no-watch", is_flag=True, help="Serve the existing output; build nothing.")
@click.option("--poll", is_flag=True, help="Check the files every second, for file systems without change events.")
def serve(call: Call, port: int, host: str, hosts: tuple[str, ...], drafts: bool | None, no_watch: bool, poll: bool) -> None:
    """Build at every save, and serve the site locally.

    Serves the output folder on this machine; open pages reload when they change. Drafts and scheduled entries are shown with a notice at
    the top of the page. They are never written to the output folder.
    """
    from cms_ssg.serve.run import ServeOptions
    from cms_ssg.serve.run import serve as run_serve

    def say_address(address: str) -> None:
        call.output.result({"url": address}, address)
        call.output.note("Ctrl-C stops." if no_watch else "Every save is built and shown; Ctrl-C stops.")

    with until_interrupted(call):
        shows_drafts = host in LOOPBACK if drafts is None else drafts
        options = ServeOptions(call.env, host, port, hosts, watched=not no_watch, poll=poll, drafts=shows_drafts)
        run_serve(call.root, call.settings, options, call.output, say_address)
