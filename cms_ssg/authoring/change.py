"""Changes what a content file says of itself: whether it is public, since when, and any other field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cms_ssg.authoring.find import Content, find_content, read_bytes, read_fields
from cms_ssg.authoring.patch import Value, has_key, patch_body, patch_front_matter
from cms_ssg.authoring.write import write_file
from cms_ssg.content.collections.rules import find_type
from cms_ssg.content.frontmatter.dates import HINT, DateError, load_zone, parse_date, say_moment
from cms_ssg.content.frontmatter.parse import look_up, parse_front_matter
from cms_ssg.content.schema.content_types import nearest_name
from cms_ssg.content.visibility import TRASH, fold, names_of_start, words_that_hide
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.site import Site
from cms_ssg.types import Json, Problem


@dataclass(frozen=True, slots=True)
class Edit:
    """What was done. file: where it is now; path: of its page, "" if it has none; what: in words, for a person."""

    file: str
    path: str
    what: str
    problems: tuple[Problem, ...] = ()


def publish(site: Site, what: str, at: str = "", now: datetime | None = None, keep_date: bool = False) -> Edit:
    """Make content public, at once or not before at (in the site's zone where it names none).

    What was hidden is dated to the moment at which it goes out, where its type is dated by that; keep_date: it keeps the date it has.
    Raises UsageError authoring.not-found, authoring.ambiguous, authoring.bad-time; CmsError where the file cannot be changed.
    """
    content = find_content(site, what)
    fields = read_fields(content)
    changes: dict[str, Value] = _unset_draft(content, fields)
    now = now or datetime.now(UTC)
    zone = load_zone(site.settings.timezone)
    moment = parse_moment(site, at) if at else now.astimezone(zone).replace(microsecond=0)
    key = key_of(content, "publish_at", fields)
    is_hidden = bool(changes) or bool(at) or _is_to_come(content, now, keep_date)
    if at:
        changes[key] = moment
    elif look_up(fields, key) is not None:
        changes[key] = None
    for word in names_of_start(fields) if is_hidden else ():
        if word not in (key, *content.rule.fields.values()):
            changes[word] = moment
    date = key_of(content, "date", fields)
    if (look_up(fields, date) is None and uses_date(content)) or (is_hidden and not keep_date and _is_dated_by_publication(content)):
        changes[date] = moment
    when = f"public from {say_moment(moment, zone)} on" if at else "public from the next build on"
    edit = apply(content, changes, when, "public already")
    return replace(edit, what=_say_what_hides(Content(site, content.file), now, bool(at)) or edit.what)


def _is_to_come(content: Content, now: datetime, keep_date: bool) -> bool:
    """Whether content that is no draft waits for a time that publishing now takes away."""
    try:
        draft = content.draft
    except CmsError:
        return False
    date = draft.fields.get("date")
    waits_for_date = isinstance(date, str) and _is_dated_by_publication(content) and datetime.fromisoformat(date) > now
    return (draft.publish_at is not None and draft.publish_at > now) or (waits_for_date and not keep_date)


def _say_what_hides(content: Content, now: datetime, has_time: bool) -> str:
    """Why content that is no draft is not shown yet, or not any more, "" where it is. has_time: it was given the time when it is."""
    try:
        draft = content.draft
    except CmsError:  # its problems are in the Edit
        return ""
    zone, date = load_zone(content.site.settings.timezone), draft.fields.get("date")
    if draft.expire_at is not None and draft.expire_at <= now:
        return f"no draft, but not shown: its expire_at was {say_moment(draft.expire_at, zone)}"
    if draft.expire_at is not None and draft.publish_at is not None and draft.expire_at <= draft.publish_at:
        return f"no draft, but never shown: its expire_at is {say_moment(draft.expire_at, zone)}"
    if not has_time and isinstance(date, str) and content.site.schemas[draft.type].months and datetime.fromisoformat(date) > now:
        return f"public from {say_moment(datetime.fromisoformat(date), zone)} on, its date, as --keep-date asks"
    return ""


def unpublish(site: Site, what: str) -> Edit:
    """Make content a draft. Raises as publish does."""
    content = find_content(site, what)
    fields = read_fields(content)
    draft, status = key_of(content, "draft", fields), key_of(content, "status", fields)
    changes: dict[str, Value] = {status: "draft"} if look_up(fields, status) == "published" else {}
    if look_up(fields, draft) is not True and not changes and look_up(fields, status) != "draft":
        changes[draft] = True
    return apply(content, changes, "a draft again", "a draft already")


def trash(site: Site, what: str) -> Edit:
    """Take content off the site; what it was before is kept for restore. Raises as publish does."""
    content = find_content(site, what)
    fields = read_fields(content)
    changes: dict[str, Value] = {}
    status = key_of(content, "status", fields)
    if look_up(fields, status) != "trashed":
        changes[status] = "trashed"
        if look_up(fields, status) == "draft":
            changes[key_of(content, "draft", fields)] = True
    return apply(content, changes, f'in the trash; cms restore "{content.file}" brings it back', "in the trash already")


def restore(site: Site, what: str) -> Edit:
    """Bring trashed content back as the draft or public entry it was. Raises as publish does."""
    content = find_content(site, what)
    fields = read_fields(content)
    status = key_of(content, "status", fields)
    words: dict[str, Value] = {name: value for name, value in words_that_hide(fields).items() if fold(name) in TRASH}
    if look_up(fields, status) != "trashed" and not words:
        return apply(content, {}, "", "not in the trash")
    is_draft = look_up(fields, key_of(content, "draft", fields)) is True
    return apply(
        content, words | ({status: None} if look_up(fields, status) == "trashed" else {}), "back" + (" as a draft" if is_draft else ""), ""
    )


def set_fields(site: Site, what: str, pairs: Sequence[str], gone: Sequence[str]) -> Edit:
    """Set fields of content. pairs: ``key=value``, the value as YAML writes it; gone: keys to remove. Raises as publish does."""
    return set_values(site, what, dict(map(parse_pair, pairs)), gone)


def set_values(site: Site, what: str, values: Mapping[str, Json], gone: Sequence[str], body: str | None = None) -> Edit:
    """Set fields of content by their values; gone: keys to remove; body: Markdown of a new body. Raises as publish does."""
    content = find_content(site, what)
    fields = read_fields(content)
    changes: dict[str, Value] = {}
    moved: list[str] = []
    for name, value in values.items():
        key = key_of(content, name, fields)
        changes[key] = value
        moved += [name] if look_up(fields, key) != value else []
    absent = [name for name in gone if not has_key(fields, key_of(content, name, fields))]
    changes.update({key_of(content, name, fields): None for name in gone})
    moved += [name for name in gone if name not in absent]
    missing = _say_missing(absent, fields)
    done = f"changed {', '.join(moved)}{missing and '; ' + missing}"
    return apply(content, changes, done if moved else "changed the body", f"nothing changed{missing and ': ' + missing}", body)


def parse_pair(pair: str) -> tuple[str, Json]:
    """The name and the value of ``key=value``, the value as YAML writes it. Raises UsageError authoring.not-a-field."""
    name, equals, value = pair.partition("=")
    if not equals or not name.strip():
        raise UsageError(
            Problem("authoring.not-a-field", "", 0, f'"{pair}" is not KEY=VALUE', 'Such as: --set section=news --set "tags=[a, b]"')
        )
    return name.strip(), _parse_value(value)


def _say_missing(names: Sequence[str], fields: Mapping[str, Json]) -> str:
    """That there are no such fields, with those that may have been meant; "" for no names."""
    found = [(name, nearest_name(name, tuple(fields))) for name in names]
    return "; ".join(f'there is no field "{name}"' + (f', did you mean "{near}"?' if near else "") for name, near in found)


def apply(content: Content, changes: Mapping[str, Value], done: str, idle: str, body: str | None = None) -> Edit:
    """Patch a file and say what was done, idle if it was so before. Raises CmsError, and writes nothing, where that would make an error."""
    data = read_bytes(content.place, content.file)
    patched = patch_front_matter(data, changes, content.file)
    if body is not None:
        patched = patch_body(patched, body, content.file)
    if patched != data:
        before = {(p.code, p.message) for p in _list_errors(content, data)}
        if made := [p for p in _list_errors(content, patched) if (p.code, p.message) not in before]:
            raise CmsError(*made)
        write_file(content.place, patched, content.file)
    return describe(Content(content.site, content.file), done if patched != data else idle)


def _list_errors(content: Content, data: bytes) -> list[Problem]:
    from cms_ssg.content.read import read_draft

    return [p for p in read_draft(content.site.rules, content.file, data)[1] if p.severity == "error"]


def describe(content: Content, what: str) -> Edit:
    """An Edit of the file as it is now, with the problems a build would find in it."""
    from cms_ssg.content.read import read_draft

    draft, problems = read_draft(content.site.rules, content.file, read_bytes(content.place, content.file))
    return Edit(content.file, content.path if draft is not None else "", what, tuple(problems))


def parse_moment(site: Site, text: str) -> datetime:
    """A time as a person gives it, in the site's zone. Raises UsageError authoring.bad-time."""
    try:
        return parse_date(text, site.settings.timezone).astimezone(load_zone(site.settings.timezone))
    except DateError as error:
        raise UsageError(Problem("authoring.bad-time", "", 0, str(error), HINT)) from None


def key_of(content: Content, field: str, fields: Mapping[str, Json]) -> str:
    """The front matter key that the collection reads a field from: its own name where that is given, else the collection's."""
    return field if fields.get(field) is not None else content.rule.fields.get(field, field)


def uses_date(content: Content) -> bool:
    """Whether entries of this type are sorted by date and the file's name does not give it."""
    rule, site = content.rule, content.site
    schema = site.schemas.get(find_type(rule, content.file.removeprefix(f"{rule.path.strip('/')}/")))
    return rule.date == "" and schema is not None and any(name.lstrip("-") == "date" for name in schema.sort)


def _is_dated_by_publication(content: Content) -> bool:
    """Whether the date of this type says when it went out: it is not shown before, and has archives by month. An event's date is another thing."""
    schema = content.site.schemas.get(find_type(content.rule, content.file.removeprefix(f"{content.rule.path.strip('/')}/")))
    return schema is not None and schema.months


def _unset_draft(content: Content, fields: Mapping[str, Json]) -> dict[str, Value]:
    """What makes a file public: its own way of saying draft is turned round."""
    changes: dict[str, Value] = {}
    draft, status = key_of(content, "draft", fields), key_of(content, "status", fields)
    if look_up(fields, draft) not in (None, False):
        changes[draft] = False
    if look_up(fields, status) not in (None, "published"):
        changes[status] = "published"
    return changes | words_that_hide({name: value for name, value in fields.items() if name not in (draft, status)})


def _parse_value(text: str) -> Json:
    """A value as YAML front matter would read it; what is no YAML is text."""
    front = parse_front_matter(f"---\nvalue: {text}\n---\n".encode("utf-8", "replace"), "")
    return front.fields.get("value", text) if not front.problems and "\n" not in text else text
