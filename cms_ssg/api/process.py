"""Runs the API: one process, or several that share a port; stops gracefully, and says where it listens."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from cms_ssg.errors import fail

GRACE_S: Final = 10
"""How long answers that are being given may take once the process is told to end; streams are ended at once."""

START_S: Final = 60
"""How long a process that takes the place of another may need until it answers; a busy machine is slow at that."""


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket. Raises CmsError api.port."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        # Connections inherit it. Without it a body waits 40 ms for the client's word that the headers came.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(1024)
        listening.set_inheritable(True)
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or error
        raise fail(
            "api.port", f"cannot listen at {host}:{port}: {said}", hint="Use another --host or --port; 0 takes any that is free."
        ) from None
    return listening


def make_config(app: Any, **options: Any) -> Any:
    """How uvicorn serves: it believes no header about who asks, and logs nothing, since we do."""
    from uvicorn import Config

    protocol: Any = "auto"
    if find_spec("httptools") is not None:
        from cms_ssg.api.connections import PatientConnection

        protocol = PatientConnection
    return Config(
        app, http=protocol, log_config=None, access_log=False, proxy_headers=False, server_header=False, lifespan="on", timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=65, timeout_worker_healthcheck=START_S, h11_max_incomplete_event_size=16_384, backlog=1024, **options,
    )  # fmt: skip


class Serving(NamedTuple):
    """How the API is served. port: 0 takes any; workers: processes that share it; logs: a line for each request; with_parent: end when stdin
    does, for whoever starts it in the background; build_options: more of them for builds that a push asks for.
    """

    host: str = "127.0.0.1"
    port: int = 8001
    workers: int = 1
    logs: bool = False
    with_parent: bool = False
    build_options: tuple[str, ...] = ()


def run(folders: Sequence[Path], serving: Serving, env: str = "", on_ready: Callable[[str], None] = lambda _url: None) -> None:
    """Answer until told to end. Raises CmsError settings.*, db.*, api.port, api.same-host."""
    from cms_ssg.api.app import ENV, LOGS, SITES, make_app
    from cms_ssg.api.log import library_logs, log_answer, log_note
    from cms_ssg.api.sites import load_sites
    from cms_ssg.events.receive import building_pushes
    from cms_ssg.workers.tasks import running_tasks

    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(0)
    )  # the server raises it again when it has ended: what was begun here is ended then, too
    sites = load_sites(folders, env)
    listening = open_socket(serving.host, serving.port)
    name = "localhost" if serving.host in ("127.0.0.1", "::1", "0.0.0.0", "::") else serving.host
    url = f"http://{name}:{listening.getsockname()[1]}/"
    with ExitStack() as stack:
        stack.enter_context(library_logs(sites.addresses()))
        for folder in folders:  # such as sending e-mails, where nothing else of this site may be running
            stack.enter_context(running_tasks(folder, env, log_note))
            stack.enter_context(building_pushes(folder, env, log_note, serving.build_options))
        if serving.workers == 1:
            app = make_app(sites, on_answer=log_answer if serving.logs else lambda **_: None)
            asyncio.run(_serve_one(app, listening, lambda: on_ready(url), serving.with_parent))
            return
        os.environ[SITES], os.environ[ENV], os.environ[LOGS] = os.pathsep.join(map(str, folders)), env, "1" if serving.logs else ""
        from uvicorn.supervisors import Multiprocess

        config = make_config("cms_ssg.api.app:make_app_from_environ", factory=True, workers=serving.workers)
        on_ready(url)
        Multiprocess(config, sockets=[listening]).run()


async def _serve_one(app: Any, listening: socket.socket, on_ready: Callable[[], None], with_parent: bool) -> None:
    from uvicorn import Server

    server = Server(make_config(app))
    serving = asyncio.create_task(server.serve([listening]))
    parent = asyncio.create_task(_end_with_parent(server, app)) if with_parent else None
    while not server.started and not serving.done():  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    if server.started:
        on_ready()
    await serving
    if parent is not None:
        parent.cancel()


async def _end_with_parent(server: Any, app: Any) -> None:
    """Wait for the end of stdin in a thread of its own: a pipe's other end goes with the process that holds it."""
    import threading

    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def wait() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, daemon=True).start()
    await ended.wait()
    app.end_streams()
    server.should_exit = True
