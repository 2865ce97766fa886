"""``cms api``: search and whatever else cannot be static."""

from __future__ import annotations

from pathlib import Path

import click

from cms_ssg.cli.call import Call, site_command


@site_command("api", "cms api\ncms api --port 8001 --workers 2\ncms api --site ../other --host 0.0.0.0")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0 uses any free port.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 makes it reachable from other machines."
)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that share the port.")
@click.option(
    "--site", "sites", multiple=True, metavar="DIR", help="A further site that it answers for, by its host name; repeat it for more."
)
@click.option("--quiet", is_flag=True, help="Do not log a line for each request.")
@click.option("--with-parent", is_flag=True, hidden=True)
def api(call: Call, port: int, host: str, workers: int, sites: tuple[str, ...], quiet: bool, with_parent: bool) -> None:
    """Run the API: search, forms, checkout, the desk.

    Pages do not need it: if it is stopped, every page can still be read. More in docs/api.md.
    """
    from cms_ssg.api.process import Serving, run

    def say_address(url: str) -> None:
        call.output.result({"url": url}, url)
        call.output.note("Ctrl-C stops.")

    call.settings  # noqa: B018 - what is wrong in site.toml is said before anything is opened
    folders = [call.root, *(Path(site).resolve() for site in sites)]
    serving = Serving(host, port, workers, not quiet, with_parent, build_options(call))
    run(folders, serving, call.env, say_address)


def build_options(call: Call) -> tuple[str, ...]:
    """Options of `cms build` that are as they are here."""
    return (*(["--log-json"] if call.output.as_log else []), "--log-level", call.output.level)
