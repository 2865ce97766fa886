"""``cms serve``: the server, the API behind it and the watch, until interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cms_ssg.config.settings import Settings
from cms_ssg.errors import fail
from cms_ssg.kinds.features import load_features
from cms_ssg.reporting.progress import Reporter
from cms_ssg.serve.hosts import list_own_hosts
from cms_ssg.serve.server import AWAKE_S, open_server


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve. env: the [env.NAME] in force; hosts: names beside this machine's own that are answered; watched: build at every save;
    poll: look at the files each second, for file systems that tell nothing; drafts: shown too, here alone.
    """

    env: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    hosts: Sequence[str] = ()
    watched: bool = True
    poll: bool = False
    drafts: bool = False


def serve(
    root: Path, settings: Settings, options: ServeOptions, reporter: Reporter, on_ready: Callable[[str], None] = lambda _url: None
) -> None:
    """Serve the site's output until interrupted, building at every save if watched.

    on_ready: told the URL once the first build is done. Raises CmsError serve.port, serve.host, serve.target.
    """
    if not settings.target.folder:
        raise fail("serve.target", "only a folder can be served", place="site.toml", hint='Such as [target] url = "folder:build".')
    base = urlsplit(settings.base_url)
    server = open_server(
        options.host,
        options.port,
        root / settings.target.folder,
        base.path.rstrip("/"),
        live=options.watched,
        origin=f"{base.scheme}://{base.netloc}",
    )
    server.own_hosts |= list_own_hosts(options.hosts)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True, name="cms-serve")
    thread.start()
    from cms_ssg.serve.api_proxy import ApiBehind

    is_dynamic = (
        (settings.search is not None and not settings.search.is_static)
        or settings.statistics.beacon
        or any(vertical.routes for vertical in load_features(settings.verticals).verticals)
    )
    server.api = ApiBehind(root, settings, options.env, server.base_path, only_desk=not is_dynamic, seen_at=server.url)
    if is_dynamic:  # else it starts when somebody opens the desk
        server.api.start()
    try:
        if options.watched:
            from cms_ssg.serve.drafts import DraftShow
            from cms_ssg.serve.watch import watch

            show = DraftShow(server, root, options.env, reporter).show if options.drafts else lambda: None
            watch(
                root,
                env=options.env,
                reporter=reporter,
                poll=options.poll,
                on_ready=lambda: on_ready(server.url),
                on_written=server.reload,
                on_built=show,
            )
        else:
            on_ready(server.url)
            while thread.is_alive():
                thread.join(AWAKE_S)
    finally:
        server.shutdown()
        server.server_close()
        if server.api is not None:
            server.api.stop()
