"""The newsroom's pages of the desk as HTML. What somebody wrote is shown as text, and updates as they are published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from cms_ssg.api.problems import ApiError
from cms_ssg.desk.session import Session
from cms_ssg.verticals.news.breaking import STYLES, say_sections
from cms_ssg.verticals.news.queries import Blog, Breaking, NotBegun, Update
from cms_ssg.verticals.news.texts import MOST_CHARACTERS, render_content

if TYPE_CHECKING:
    from cms_ssg.site import Site

SPANS: Final = (("30", "30 minutes"), ("120", "2 hours"), ("360", "6 hours"), ("1440", "a day"), ("", "until it is ended"))


def _count_updates(number: int) -> str:
    return f"{number:,} update{'' if number == 1 else 's'}"


def _say_state(blog: Blog) -> str:
    return f"{escape(blog.status)}, {_count_updates(blog.updates)}{'' if blog.is_live else ', its page is not published'}"


def render_problem(problem: ApiError) -> str:
    """Why something was refused."""
    return f'<p class="notice bad wrong" role="alert" data-code="{escape(problem.code)}">{escape(problem.message.capitalize())}. {escape(problem.hint)}</p>'


def render_blogs(blogs: Sequence[Blog], waiting: Sequence[NotBegun], session: Session, base: str) -> str:
    """Live blogs to choose from, and those that may begin."""
    out = "".join(
        f'<article><h2><a href="{escape(base)}/desk/live/{blog.number}">{escape(blog.title)}</a></h2>'
        f'<p class="meta">{_say_state(blog)}</p></article>'
        for blog in blogs
    )
    for entry in waiting:
        form = _form(f"{base}/desk/live/{entry.number}/start", session, _button("Start", entry.title))
        out += f'<article><h2>{escape(entry.title)}</h2><p class="meta">not begun</p>{form}</article>'
    return out or "<p>There is no live blog yet: write a file in content/live, and build.</p>"


def render_blog(site: Site, blog: Blog, updates: Sequence[Update], session: Session, text: str = "") -> str:
    """A form to post, and the newest updates with what can be done about them. text: what is in the form."""
    place = f"{site.base_path}/desk/live/{blog.number}"
    others = {"live": (("paused", "Pause"), ("ended", "End")), "paused": (("live", "Go on"), ("ended", "End"))}
    states = "".join(
        _form(f"{place}/status/{status}", session, _button(name, "the live blog"))
        for status, name in others.get(blog.status, (("live", "Go on"),))
    )
    post = (
        f'<label class="field">Update, in Markdown<textarea class="wide" name="markdown" required maxlength="{MOST_CHARACTERS}" autofocus>{escape(text)}</textarea></label>'
        '<fieldset class="row"><legend class="hide">How it is shown</legend><label><input type="checkbox" name="important" value="true"> Important</label>'
        '<label><input type="checkbox" name="pinned" value="true"> Pinned</label>'
        '<label>Author <input name="author" maxlength="200" autocapitalize="none" size="14"></label></fieldset><button class="main">Post</button>'
    )
    form = "" if blog.status == "ended" else _form(f"{place}/updates", session, post, ' id="post"')
    shown = "".join(_render_update(site, update, session, place) for update in updates)
    return (
        f'<script src="{escape(site.base_path)}/desk/live/desk.js" defer></script>'
        f'<div id="state" class="acts"><p class="meta">{_say_state(blog)}</p>{states}</div>'
        f'{form}<p class="notice" id="waiting" role="status" hidden></p><section id="updates" aria-label="Updates">{shown or "<p>Nothing yet.</p>"}</section>'
    )


def _render_update(site: Site, update: Update, session: Session, place: str) -> str:
    at = update.posted_at.astimezone(site.zone)
    marks = "".join(f", {word}" for word, on in (("important", update.is_important), ("pinned", update.is_pinned)) if on)
    by = f", {escape(update.author)}" if update.author else ""
    name = f"update {update.position}"
    own = f"{place}/updates/{update.position}"
    markdown = update.content.get("markdown")
    edit = ""
    if isinstance(markdown, str):
        field = f'<label class="field">Text of {name}<textarea class="wide" name="markdown" required maxlength="{MOST_CHARACTERS}">{escape(markdown)}</textarea></label>'
        edit = f"<details><summary>Edit<span class=hide> {name}</span></summary>{_form(f'{own}/edit', session, field + _button('Save', name))}</details>"
    pin = ("unpin", "Unpin") if update.is_pinned else ("pin", "Pin")
    acts = _form(f"{own}/{pin[0]}", session, _button(pin[1], name)) + _form(f"{own}/delete", session, _button("Delete", name), " data-ask")
    return (
        f'<article id="u{update.position}"><p class="meta">{update.position}, <time datetime="{at.isoformat()}">{at:%H:%M}</time>{by}{marks}</p>'
        f'{render_content(site, update.content)}{edit}<div class="acts">{acts}</div></article>'
    )


def render_breaking_form(given: Mapping[str, Any], sections: Sequence[str], session: Session, base: str) -> str:
    """A form for an item. given: what its fields hold at first."""
    styles = "".join(f"<option{_mark(style == given['style'])}>{style}</option>" for style in STYLES)
    spans = "".join(f'<option value="{minutes}"{_mark(minutes == given["minutes"])}>{text}</option>' for minutes, text in SPANS)
    names = "".join(f'<option value="{escape(name)}"></option>' for name in ("all", "none", *sections))
    headline, summary, post, section = (escape(given[name]) for name in ("headline", "summary", "post", "section"))
    form = (
        f'<label class="field">Headline<textarea class="wide short" name="headline" required maxlength="300" autofocus>{headline}</textarea></label>'
        f'<label class="field">A sentence more<textarea class="wide short" name="summary" maxlength="1000">{summary}</textarea></label>'
        '<fieldset class="row"><legend class="hide">Where and how long</legend>'
        f'<label>Story <input name="post" value="{post}" placeholder="slug or path" autocapitalize="none"></label>'
        f'<label>For <select name="minutes">{spans}</select></label><label>Style <select name="style">{styles}</select></label>'
        f'<label>Priority <input name="priority" type="number" value="{given["priority"]}" min="-1000" max="1000"></label>'
        f'<label>Sections <input name="section" value="{section}" list="sections"></label><datalist id="sections">{names}</datalist>'
        f'<label><input type="checkbox" name="home" value="true"{" checked" if given["home"] else ""}> Front page</label></fieldset>'
        '<button class="main">Show on every page</button>'
    )
    return _form(f"{base}/desk/breaking/items/add", session, form)


def render_breaking(items: Sequence[Breaking], form: str, session: Session, base: str, zone: ZoneInfo) -> str:
    """A form for more, and what is shown."""
    shown = "".join(_render_item(item, session, base, zone) for item in items)
    return f"{form}<h2>Shown and planned</h2>{shown or '<p>Nothing.</p>'}"


def _mark(on: bool) -> str:
    return " selected" if on else ""


def _render_item(item: Breaking, session: Session, base: str, zone: ZoneInfo) -> str:
    where = " and ".join((*(("the front page",) if item.home else ()), say_sections(item.sections)))
    until = f" until {item.expires_at.astimezone(zone):%Y-%m-%d %H:%M}" if item.expires_at is not None else ""
    said = (
        f"{item.state}, {item.style}, priority {item.priority}, on {where}, since {item.starts_at.astimezone(zone):%Y-%m-%d %H:%M}{until}"
    )
    form = _form(f"{base}/desk/breaking/items/{item.number}/end", session, _button("End", item.headline))
    return f'<article><h3>{escape(item.headline)}</h3><p class="meta">{escape(said)}</p>{form}</article>'


def _form(action: str, session: Session, inner: str, attributes: str = "") -> str:
    return (
        f'<form method="post" action="{escape(action)}"{attributes}><input type="hidden" name="csrf" value="{session.csrf}">{inner}</form>'
    )


def _button(text: str, about: str) -> str:
    return f'<button>{escape(text)}<span class="hide"> {escape(about)}</span></button>'
