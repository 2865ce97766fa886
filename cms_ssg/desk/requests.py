"""How routes of the desk read forms, and work with an editor for who is signed in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from cms_ssg.api.entries import explain_problem
from cms_ssg.api.problems import fail
from cms_ssg.api.routing import site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.desk.entry_form import PREFIX, list_texts
from cms_ssg.desk.session import Session
from cms_ssg.desk.writing import Form, find_entry_at_desk
from cms_ssg.entries.edit import Editor
from cms_ssg.errors import CmsError
from cms_ssg.store.connect import connect

Result = TypeVar("Result")
MOST_FIELDS: Final = 400


async def read_pairs(request: Request) -> dict[str, str]:
    """What a form sent, empty inputs too: a text that was emptied is a change."""
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise fail("api.invalid", f"the form has more than {MOST_FIELDS} inputs", status=422) from None
    return {name: text.replace("\0", "").replace("\r\n", "\n") for name, text in pairs}


def read_form(editor: Editor, number: int, pairs: dict[str, str]) -> Form:
    """What a form asks. A box that is not ticked is sent as nothing, and means no."""
    entry = find_entry_at_desk(editor, number)
    texts = dict(list_texts(pairs))
    schema = editor.site.schemas[entry.type]
    flags = {f"{PREFIX}{name}": "" for name, spec in schema.properties.items() if spec.get("type") == "boolean"}
    base = parse_base(pairs.get("base", ""))
    return Form(
        pairs.get("do", ""), {**flags, **texts} if texts else {}, read_number(pairs.get("version", "")), base, pairs.get("at", "")[:40]
    )


def parse_base(text: str) -> dict[str, str]:
    """The texts of a file as a form was made from them, {} for none."""
    try:
        base: Any = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return {str(name): str(value) for name, value in base.items()} if isinstance(base, dict) else {}


def pack_texts(texts: Mapping[str, str], base: Mapping[str, str]) -> dict[str, str]:
    """The texts of a form as they are kept; base: those of a file that they were made from."""
    return {**texts, **({"base": json.dumps(dict(base))} if base else {})}


async def work(request: Request, session: Session, function: Callable[[Editor], Result]) -> Result:
    """Run a function with an editor for who is signed in, in another thread. What is wrong becomes an answer."""
    context = site_of(request)

    def run() -> Result:
        with open_editor(context, session) as editor:
            return function(editor)

    return await run_in_threadpool(run)


@contextmanager
def open_editor(context: SiteContext, session: Session) -> Iterator[Editor]:
    """An editor with a connection of its own."""
    with connect(str(context.pool.conninfo), autocommit=True) as connection:
        editor = Editor(connection, context.site, context.number, session.name)
        editor.entries.origin, editor.entries.takes_approvals, editor.entries.writer = "desk", False, session.writer
        try:
            yield editor
        except CmsError as error:
            raise explain_problem(error) from None


def read_number(text: str) -> int:
    """A number that a form sent, 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
