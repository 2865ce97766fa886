"""The desk's pages as HTML. Everything that somebody wrote is shown as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from cms_ssg.desk.queue import Queue, Waiting
from cms_ssg.desk.session import Session
from cms_ssg.paths import is_upload


class Link(NamedTuple):
    """A line of the navigation. name: its word in the address."""

    name: str
    title: str


class View(NamedTuple):
    """How a page is shown. here: its name in the navigation; wide: for two columns; script: of the desk's assets."""

    here: str = ""
    wide: bool = False
    script: str = ""


def render_page(
    title: str, main: str, base: str, session: Session | None = None, links: Sequence[Link] = (), view: View = View()  # noqa: B008
) -> str:  # fmt: skip
    """A page of the desk. main: HTML below its heading; base: the site's base path."""
    lines = "".join(
        f'<li><a href="{escape(base)}/desk/{link.name}"{" aria-current=page" if link.name == view.here else ""}>{escape(link.title)}</a></li>'
        for link in links
    )
    out = ""
    if session is not None:
        out = (
            f'<form method="post" action="{escape(base)}/desk/sign-out"><input type="hidden" name="csrf" value="{session.csrf}">'
            f"<button>Sign out {escape(session.name)}</button></form>"
        )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{escape(title)} · Desk</title><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="{escape(base)}/desk/assets/desk.css">'
        + (f'<script src="{escape(base)}/desk/assets/{view.script}" defer></script>' if view.script else "")
        + f'</head><body{" class=wide" if view.wide else ""}><header><nav aria-label="Desk"><ul>{lines}</ul></nav>{out}</header>'
        f"<main><h1>{escape(title)}</h1>{main}</main></body></html>\n"
    )


def render_sign_in(base: str, wrong: str, goes_on: str = "", has_issuer: bool = False) -> str:
    """The form for a token. wrong: why nobody is signed in, "" before anybody tried; goes_on: path of the page that was asked for."""
    notice = f'<p class="notice" role="alert">{escape(wrong)}</p>' if wrong else ""
    other = (
        f'<p><a class="button" href="{escape(base)}/desk/sign-in/oidc?next={escape(quote(goes_on))}">Sign in with your account</a></p>'
        if has_issuer
        else ""
    )
    return (
        f'{notice}{other}<form method="post" action="{escape(base)}/desk/sign-in"><label class="field" for="token">Token from cms token create</label>'
        f'<input type="hidden" name="next" value="{escape(goes_on)}">'
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
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{_show_text(str(text), base)}</dd>" for name, text in _lines(one.lines))
    if one.pages:
        links = "<br>".join(f'<a href="{escape(base + path)}">{escape(path)}</a>' for path in one.pages)
        lines += f"<dt>Pages</dt><dd>{links}</dd>"
    actions = [action for action in queue.actions if one.offers is None or action.name in one.offers]
    label = escape(f"Note about {one.title}")
    note = (
        f'<input name="note" aria-label="{label}" placeholder="Note or answer" maxlength="5000">'
        if any(action.note for action in actions)
        else ""
    )
    buttons = "".join(
        f'<button formaction="{escape(base)}/desk/{queue.name}/{action.name}">{escape(action.text)}<span class="hide"> {escape(one.title)}</span></button>'
        for action in actions
    )
    form = (
        f'<form class="acts" method="post"><input type="hidden" name="csrf" value="{session.csrf}">'
        f'<input type="hidden" name="key" value="{escape(one.key)}">{note}{buttons}</form>'
    )
    return f"<article><h2>{title}</h2><dl><dt>Status</dt><dd>{escape(one.status)}</dd>{lines}</dl>{form if actions else ''}</article>"


def _show_text(text: str, base: str) -> str:
    """A text; the paths of images that visitors sent as these images."""
    if not all(map(is_upload, text.split(" "))):
        return escape(text)
    return " ".join(
        f'<a href="{base}{path}"><img src="{base}{path}" alt="{path}" width="160" height="120"></a>' for path in map(escape, text.split())
    )


def _lines(lines: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    return [(name, text) for name, text in lines.items() if text not in (None, "")]
