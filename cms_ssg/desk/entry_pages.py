"""The desk's pages about entries, as HTML: the list, the form, and its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from cms_ssg.content.frontmatter.dates import say_moment
from cms_ssg.content.schema.content_types import Schema
from cms_ssg.desk.entry_form import BODY, PREFIX, Input, list_inputs
from cms_ssg.desk.session import Session
from cms_ssg.desk.translations import render_new
from cms_ssg.desk.writing import May
from cms_ssg.entries.find import ListedEntry
from cms_ssg.entries.history import LogItem
from cms_ssg.site import Site
from cms_ssg.store.comments import CommentRow
from cms_ssg.store.entries import OF_FILES
from cms_ssg.store.open_editors import OpenEditor
from cms_ssg.store.pending import PendingRow
from cms_ssg.store.texts import StoredEntry

SOURCES: Final = {"file": "file", "shared": "shared file", "api": "store"}
DONE: Final = {
    "save": "Saved.", "merged": "Saved, together with what somebody else changed meanwhile.", "publish": "Published: it goes out with the next build.",
    "schedule": "Scheduled. It is listed in the calendar.", "past": "That time is past, so it goes out with the next build.",
    "scheduled": "The change is made at that time. It is listed in the calendar.", "propose": "Somebody is asked to approve it.",
    "proposed": "Somebody is asked to approve it. It is listed at Waiting.", "unpublish": "A draft again.", "trash": "In the trash.",
    "restore": "Back from the trash.", "created": "A new draft. Nobody sees it before it is published.", "discarded": "What was not saved is forgotten.",
    "reverted": "It is as it was then.", "commented": "Said.",
}  # fmt: skip


class EntryPage(NamedTuple):
    """What the page of one entry shows. texts: of its inputs; base: those that they were made from; theirs: the other side of those that two
    changed; others: who has it open too; translations: HTML about these; original: number of the entry that a new one translates.
    """

    entry: StoredEntry
    schema: Schema
    may: May
    path: str
    texts: Mapping[str, str]
    base: Mapping[str, str]
    theirs: Mapping[str, str] = {}
    problems: Sequence[tuple[str, str]] = ()
    others: Sequence[OpenEditor] = ()
    pending: Sequence[PendingRow] = ()
    comments: Sequence[CommentRow] = ()
    done: str = ""
    is_kept: bool = False
    translations: str = ""
    original: int = 0

    @property
    def is_open(self) -> bool:
        """Whether this person may change something, at once or by asking for it."""
        return not self.entry.id or self.may.edit or self.may.propose


def render_list(site: Site, found: Sequence[ListedEntry], asked: Mapping[str, str], types: Sequence[str], next_: int, base: str) -> str:
    """The list of entries with its search."""

    def choose(name: str, first: str, options: Sequence[str]) -> str:
        lines = "".join(f"<option{' selected' if asked.get(name) == one else ''}>{escape(one)}</option>" for one in options)
        return f'<label>{escape(name.capitalize())} <select name="{name}"><option value="">{first}</option>{lines}</select></label>'

    locales = choose("locale", "All", list(site.locales)) if len(site.locales) > 1 else ""
    form = (
        f'<form class="filter" role="search"><label>Title or file <input type="search" name="words" value="{escape(asked.get("words", ""))}"></label>'
        f"{choose('type', 'All', types)}{choose('status', 'All', ('draft', 'published', 'trashed'))}{locales}<button>Search</button></form>"
    )
    rows = "".join(
        f'<tr><td><a href="{base}/desk/entries/{one.number}">{escape(one.title or one.file)}</a></td><td>{escape(one.type)}</td>'
        f"<td>{escape(one.locale)}</td><td>{escape(one.status)}</td><td>{SOURCES.get(one.source) or escape(one.source)}</td>"
        f"<td>{escape(say_moment(one.changed_at, site.zone).partition(' (')[0])}</td></tr>"
        for one in found
    )
    heads = "".join(f'<th scope="col">{text}</th>' for text in ("Title", "Type", "Locale", "Status", "From", "Changed"))
    table = (
        f'<div class="scroll"><table class="entries"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
        if found
        else "<p>Nothing is found.</p>"
    )
    query = urlencode({name: value for name, value in asked.items() if value and name != "before"} | {"before": str(next_)})
    more = f'<p><a href="?{escape(query)}">Older ones</a></p>' if next_ else ""
    return f"{form}{render_new(types, site.locales, base)}{table}{more}"


def render_entry(page: EntryPage, site: Site, session: Session, base: str) -> str:
    """The form of an entry with everything about it. A new entry has the number 0."""
    entry = page.entry
    address = f"{base}/desk/entries/{entry.id or 'new'}"
    notices = _render_notices(page, site)
    inputs = list_inputs(page.schema, entry.fields, site.zone)
    shown = [one._replace(text=page.texts.get(one.name, one.text)) for one in inputs]
    wrong = dict(page.problems)
    usual = "".join(_render_input(one, page, wrong) for one in shown if one.is_first)
    rest = "".join(_render_input(one, page, wrong) for one in shown if not one.is_first)
    needs_more = any(one.name in wrong or one.name in page.theirs for one in shown if not one.is_first)
    lock = "" if page.is_open else " readonly"
    title = ""
    if "title" in page.schema.properties:
        title = (
            f'<label class="field">Title <input class="title" name="{PREFIX}title" value="{escape(page.texts.get(PREFIX + "title", ""))}" maxlength="1000"'
            f"{' required' if 'title' in page.schema.required else ''}{lock}></label>{_render_theirs(page, PREFIX + 'title')}"
        )
    hidden = {"csrf": session.csrf, "version": str(entry.version), "type": entry.type, "locale": entry.locale}
    if page.original:
        hidden["of"] = str(page.original)
    if entry.source in OF_FILES:
        hidden["base"] = msgspec.json.encode(dict(page.base)).decode()
    body = (
        f'<label class="field" for="body">Text, in Markdown</label><div class="tools" hidden></div>'
        f'<textarea id="body" name="{BODY}" rows="18" spellcheck="true" lang="{escape(entry.locale)}"{lock}>\n{escape(page.texts.get(BODY, ""))}</textarea>'
        f"{_render_theirs(page, BODY)}"
    )
    form = (
        f'<form method="post" action="{address}" id="entry" data-number="{entry.id}" data-base="{escape(base)}"{"" if page.is_open else " data-readonly"}>'
        + "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
        + f'{title}{body}<fieldset class="details">{usual}</fieldset><details class="more"{_open_if(needs_more)}><summary>More fields</summary>{rest}</details>'
        + f'<div class="bar">{_render_buttons(page)}<span id="state" role="status" aria-live="polite"></span></div></form>'
    )
    frames = '<iframe title="Preview" name="preview-a"></iframe><iframe title="Preview" name="preview-b" hidden></iframe>'
    aside = f'<section class="preview" aria-label="Preview" hidden>{frames}</section>'
    about = "" if not entry.id else _render_about(page, site, session, base)
    return f'{notices}<div class="desk">{form}{aside}</div>{about}'


def _render_notices(page: EntryPage, site: Site) -> str:
    entry = page.entry
    lines = []
    if page.done in DONE:
        lines.append(f'<p class="notice" role="status">{DONE[page.done]}</p>')
    for name, text in page.problems:
        label = f"<strong>{escape(name.removeprefix(PREFIX))}</strong>: " if name else ""
        lines.append(f'<p class="notice bad" role="alert">{label}{escape(text)}</p>')
    if page.theirs:
        lines.append(
            '<p class="notice bad" role="alert">The same was changed meanwhile, by somebody else or in another window. Nothing is saved yet: '
            "below stands your text, and the other one beside it. Make of both what is right, and save again.</p>"
        )
    if page.is_kept and not page.theirs:
        button = '<button form="entry" name="do" value="discard" formnovalidate>Forget it</button>'
        lines.append(f'<p class="notice" role="status">This is what you typed last time and did not save. {button}</p>')
    others = ", ".join(escape(one.person) for one in page.others)
    holder = next((one for one in page.others if one.holds), None)
    if holder is not None and not page.is_open:
        lines.append(f'<p class="notice" id="presence" aria-live="polite">{escape(holder.person)} is editing this.</p>')
    elif holder is not None:
        since = f"{holder.since.astimezone(site.zone):%H:%M}"
        lines.append(
            f'<p class="notice" id="presence" aria-live="polite">{escape(holder.person)} has been editing this since {since}. You can write too: both changes are merged. '
            '<button type="button" id="take">Take over</button></p>'
        )
    else:
        lines.append(
            f'<p class="notice" id="presence" aria-live="polite"{"" if others else " hidden"}>{others} {"has" if len(page.others) == 1 else "have"} this open too.</p>'
        )
    if entry.source not in OF_FILES and not page.is_open:
        lines.append('<p class="notice">You may read this and comment on it, but not change it.</p>')
    if entry.source in OF_FILES and not page.may.edit:
        lines.append(
            f'<p class="notice">This is the file <code>{escape(entry.file)}</code>. Edit it there; <code>[desk] files = true</code> in site.toml lets '
            "the desk write it.</p>"
        )
    return "".join(lines)


def _render_input(one: Input, page: EntryPage, wrong: Mapping[str, str]) -> str:
    field = one.name.removeprefix(PREFIX)
    name, text = escape(one.name), escape(one.text)
    more = (' aria-invalid="true"' if one.name in wrong else "") + (
        " required" if one.required and one.kind not in ("flag", "yaml") else ""
    )
    more += "" if page.is_open else " readonly"
    hint = f'<span class="hint">{escape(one.hint)}</span>' if one.hint else ""
    label = f"{escape(one.label)}{' *' if one.required else ''}"
    if one.kind == "flag":
        box = f'<input type="checkbox" name="{name}" value="yes"{" checked" if one.text else ""}>'
        return f'<label class="field flag">{box} {label}{hint}</label>{_render_theirs(page, one.name)}'
    if one.kind == "choice":
        options = "".join(f"<option{' selected' if choice == one.text else ''}>{escape(choice)}</option>" for choice in one.choices)
        input_ = f'<select name="{name}"{more}><option value=""></option>{options}</select>'
    elif one.kind in ("lines", "long", "yaml"):
        rows = min(20, max(2, one.text.count("\n") + 1 + (one.kind == "yaml")))
        input_ = f'<textarea name="{name}" rows="{rows}" class="{one.kind}"{more}>\n{text}</textarea>'
        hint += (
            '<span class="hint">One a line.</span>'
            if one.kind == "lines"
            else '<span class="hint">As YAML.</span>'
            if one.kind == "yaml"
            else ""
        )
    elif one.kind == "image":
        input_ = (
            f'<input name="{name}" value="{text}"{more}><span class="picture" data-for="{name}" data-focus="{PREFIX}focus" hidden>'
            f'<img alt="" src=""><i aria-hidden="true"></i></span><input type="file" accept="image/*" aria-label="Upload {escape(one.label)}" data-upload="{name}" hidden>'
        )
    else:
        kinds = {"number": "number", "moment": "datetime-local", "day": "date"}
        step = ' step="any"' if one.kind == "number" else ' step="1"' if one.kind == "moment" else ""
        input_ = f'<input type="{kinds.get(one.kind, "text")}" name="{name}" value="{text}"{step}{more}>'
    return f'<label class="field" data-field="{escape(field)}">{label}{input_}{hint}</label>{_render_theirs(page, one.name)}'


def _open_if(is_needed: bool) -> str:
    """What a folded part of the form has where something wrong in it must be seen."""
    return " open" if is_needed else ""


def _render_theirs(page: EntryPage, name: str) -> str:
    if name not in page.theirs:
        return ""
    return f'<div class="theirs"><strong>Theirs</strong><pre>{escape(page.theirs[name]) or "(empty)"}</pre></div>'


def _render_buttons(page: EntryPage) -> str:
    entry, may = page.entry, page.may

    def button(do: str, text: str, *, main: bool = False, quiet: bool = False) -> str:
        style = ' class="main"' if main else ' class="quiet"' if quiet else ""
        return f'<button name="do" value="{do}"{style}>{text}</button>'

    if not entry.id:
        return button("save", "Make a draft", main=True)
    is_trashed = entry.removed or entry.status == "trashed"
    found = []
    if is_trashed:
        return button("restore", "Bring it back", main=True) if may.edit else ""
    if may.edit and not (may.is_live and may.needs_approval):
        found.append(button("save", "Save", main=True))
    if may.publish and not may.is_live:
        found.append(button("publish", "Publish"))
    if may.propose and (may.needs_approval or not may.publish):
        found.append(button("propose", "Ask for approval", main=may.is_live))
    other = []
    if may.publish or (may.propose and may.needs_approval):
        schedule = button("schedule", "Schedule") if may.publish else ""
        other.append(f'<span class="later"><label>At <input type="datetime-local" name="at"></label>{schedule}</span>')
    if may.edit and may.is_live:
        other.append(button("unpublish", "Unpublish", quiet=True))
    if may.edit:
        other.append(button("trash", "Trash", quiet=True))
    if other:
        found.append(
            f'<details class="other"{_open_if("at" in dict(page.problems))}><summary>More</summary><div>{"".join(other)}</div></details>'
        )
    return "".join(found)


def _render_about(page: EntryPage, site: Site, session: Session, base: str) -> str:
    entry = page.entry
    status = "trashed" if entry.removed else entry.status
    live = f' · <a href="{escape(base + page.path)}">{escape(page.path)}</a>' if page.path and page.may.is_live else ""
    waits = "".join(f"<li>{_say_pending(one, site)}</li>" for one in page.pending)
    said = "".join(_render_comment(one, site) for one in page.comments)
    csrf = f'<input type="hidden" name="csrf" value="{session.csrf}">'
    return (
        f'<section class="about"><p>Entry {entry.id} · {escape(entry.type)} · {escape(status)} · version {entry.version}{live} · '
        f'<a href="{base}/desk/entries/{entry.id}/history">History</a></p>'
        + page.translations
        + (f'<h2>Waits</h2><ul>{waits}</ul><p><a href="{base}/desk/changes">All that waits</a></p>' if waits else "")
        + f'<h2>Comments</h2><form method="post" action="{base}/desk/entries/{entry.id}/comment">{csrf}<label class="field">What you want to say '
        '<textarea name="text" rows="2" required maxlength="5000"></textarea></label><label class="field flag"><input type="checkbox" name="asks" value="yes"> '
        f"Something is to be changed before it goes out</label><button>Send</button></form>{said}</section>"
    )


def _say_pending(one: PendingRow, site: Site) -> str:
    when = f"at {say_moment(one.due_at, site.zone)}" if one.due_at else "once it is approved"
    return escape(f"Change {one.id} by {one.author or 'nobody named'}, {when}" + (f": {one.problem}" if one.problem else ""))


def _render_comment(one: CommentRow, site: Site) -> str:
    asked = " asks for a change" if one.asks else ""
    about = f", change {one.change}" if one.change else f", version {one.version}"
    return (
        f"<article><p><strong>{escape(one.author)}</strong>{asked} · {escape(say_moment(one.made_at, site.zone))}{about}</p>"
        f'<p class="text">{escape(one.text)}</p></article>'
    )


def render_history(entry: StoredEntry, items: Sequence[tuple[LogItem, str]], site: Site, csrf: str, base: str) -> str:
    """What became of an entry, the newest first. items: each with its difference as text; csrf: "" for who may not go back to a version."""
    rows = []
    for item, difference in items:
        back = (
            f'<form method="post" action="{base}/desk/entries/{entry.id}/revert"><input type="hidden" name="csrf" value="{csrf}">'
            f'<input type="hidden" name="version" value="{item.version}"><button class="quiet">Make it version {item.version} again</button></form>'
            if csrf and 0 < item.version < entry.version
            else ""
        )
        name = f"Version {item.version}" if item.version else "Commit"
        shown = f'<pre class="diff">{escape(difference)}</pre>' if difference else ""
        rows.append(
            f"<article><h2>{name} · {escape(item.author or 'nobody named')} · {escape(say_moment(item.at, site.zone))}</h2>"
            f"<p>{escape(item.what)} · {escape(item.origin)}</p>{shown}{back}</article>"
        )
    return f'<p><a href="{base}/desk/entries/{entry.id}">Back to the form</a></p>{"".join(rows)}'
