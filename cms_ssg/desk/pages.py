"""The desk's pages as HTML. Everything that somebody wrote is shown as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from cms_ssg.desk.queue import Queue, Waiting
from cms_ssg.desk.session import Session

STYLE: Final = """
:root { color-scheme: light dark; font: 100%/1.55 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
header, nav ul { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.25rem; margin: 0; padding: 0; list-style: none; }
header { justify-content: space-between; border-bottom: 1px solid #8886; padding-bottom: .75rem; }
a[aria-current] { font-weight: 700; }
article { border: 1px solid #8886; border-radius: 8px; padding: 1rem; margin-block: 1rem; }
article h2 { margin: 0; font-size: 1.15rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; margin: .6rem 0; }
dt { opacity: .75; }
dd { margin: 0; white-space: pre-line; }
.acts { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
button, input, textarea { font: inherit; box-sizing: border-box; padding: .5rem .9rem; border: 1px solid #888; border-radius: 6px; min-height: 2.5rem; }
input[name="note"] { flex: 1 1 12rem; min-width: 0; }
:focus-visible { outline: 3px solid #0a84ff; outline-offset: 2px; }
label.field { display: block; margin-block: 1rem; }
textarea { display: block; box-sizing: border-box; width: 100%; min-height: 7rem; resize: vertical; }
textarea.short { min-height: 3.5rem; }
select { font: inherit; padding: .5rem; min-height: 2.5rem; border-radius: 6px; }
fieldset.row { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center; margin: .75rem 0; padding: 0; border: 0; }
fieldset.row label { display: inline-flex; gap: .4rem; align-items: center; min-height: 2.5rem; }
fieldset.row input[type="checkbox"] { min-height: 0; width: 1.25rem; height: 1.25rem; margin: 0; }
button.main { background: #0a5fb4; border-color: #0a5fb4; color: #fff; font-weight: 600; }
summary { cursor: pointer; min-height: 2.5rem; align-content: center; }
.meta { opacity: .8; margin: 0; }
.wrong { border-color: #d0342c; background: #d0342c1a; }
table { width: 100%; border-collapse: collapse; margin-block: 1rem; }
th, td { text-align: start; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid #8886; font-weight: inherit; }
thead th, tr.total > * { font-weight: 700; }
.n { text-align: end; white-space: nowrap; }
.scroll { overflow-x: auto; }
fieldset:not(.row) { border: 1px solid #8886; border-radius: 8px; margin-block: 1rem; }
input[type="number"] { width: 5.5rem; }
fieldset:not(.row) label > input:not([type="checkbox"], [type="number"]) { display: block; width: min(100%, 26rem); box-sizing: border-box; }
input[type="checkbox"] { min-height: 0; }
.notice { border-left: 4px solid #0a84ff; padding: .5rem .9rem; background: #0a84ff1a; }
.hide { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dt { margin-top: .4rem; } }
"""


def render_page(title: str, main: str, base: str, session: Session | None = None, queues: Sequence[Queue] = (), here: str = "") -> str:
    """A page of the desk. base: the site's base path."""
    links = "".join(
        f'<li><a href="{escape(base)}/desk/{queue.name}"{" aria-current=page" if queue.name == here else ""}>{escape(queue.title)}</a></li>'
        for queue in queues
    )
    out = ""
    if session is not None:
        out = (
            f'<form method="post" action="{escape(base)}/desk/sign-out"><input type="hidden" name="csrf" value="{session.csrf}">'
            f"<button>Sign out {escape(session.name)}</button></form>"
        )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{escape(title)} · Desk</title><link rel="stylesheet" href="{escape(base)}/desk/desk.css"></head>'
        f'<body><header><nav aria-label="Queues"><ul>{links}</ul></nav>{out}</header><main><h1>{escape(title)}</h1>{main}</main></body></html>\n'
    )


def render_sign_in(base: str, wrong: bool) -> str:
    """The form for a token."""
    notice = '<p class="notice" role="alert">This token is unknown here, has expired or was revoked.</p>' if wrong else ""
    return (
        f'{notice}<form method="post" action="{escape(base)}/desk/sign-in"><label class="field" for="token">Token, as cms token create showed it</label>'
        '<input id="token" name="token" type="password" autocomplete="current-password" required maxlength="200"> <button>Sign in</button></form>'
    )


def render_queue(queue: Queue, waiting: Sequence[Waiting], session: Session, base: str, done: str = "") -> str:
    """What waits, each with its buttons."""
    notice = f'<p class="notice" role="status">{escape(done)}</p>' if done else ""
    if queue.links:
        notice += (
            f"<p>{' · '.join(f'<a href={chr(34)}{escape(base + path)}{chr(34)}>{escape(text)}</a>' for path, text in queue.links)}</p>"
        )
    if not waiting:
        return f"{notice}<p>Nothing waits.</p>"
    return notice + "".join(_render_waiting(queue, one, session, base) for one in waiting)


def _render_waiting(queue: Queue, one: Waiting, session: Session, base: str) -> str:
    title = escape(one.title)
    if one.path:
        title = f'<a href="{escape(base + one.path)}">{title}</a>'
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(text))}</dd>" for name, text in _lines(one.lines))
    label = escape(f"Note about {one.title}")
    note = (
        f'<input name="note" aria-label="{label}" placeholder="Note or answer" maxlength="5000">'
        if any(action.note for action in queue.actions)
        else ""
    )
    buttons = "".join(
        f'<button formaction="{escape(base)}/desk/{queue.name}/{action.name}">{escape(action.text)}<span class="hide"> {escape(one.title)}</span></button>'
        for action in queue.actions
    )
    form = (
        f'<form class="acts" method="post"><input type="hidden" name="csrf" value="{session.csrf}">'
        f'<input type="hidden" name="key" value="{escape(one.key)}">{note}{buttons}</form>'
    )
    return f"<article><h2>{title}</h2><dl><dt>Status</dt><dd>{escape(one.status)}</dd>{lines}</dl>{form if queue.actions else ''}</article>"


def _lines(lines: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    return [(name, text) for name, text in lines.items() if text not in (None, "")]
