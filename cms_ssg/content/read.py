"""From a content file's bytes to a draft: front matter, rules of its collection, schema, body."""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

from cms_ssg.config.settings import Collection
from cms_ssg.content.addresses import Addresses, clean_slug
from cms_ssg.content.approval import find_approvers, list_approvals
from cms_ssg.content.collections.rules import INDEX_NAMES, Place, Rules, below, find_type, fold_locale
from cms_ssg.content.frontmatter.dates import load_zone, say_moment
from cms_ssg.content.frontmatter.parse import FrontMatter, look_up, parse_front_matter
from cms_ssg.content.markdown.body import render_body
from cms_ssg.content.schema.checks import show
from cms_ssg.content.schema.content_types import Schema
from cms_ssg.content.time_limit import TooSlow, limit_cpu
from cms_ssg.content.urls import runs_script
from cms_ssg.content.visibility import misspelt, understand
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Body, Draft, Json, Problem, Status

MOST_CPU_S: Final = 60.0
"""Seconds for one file: the largest that is read takes a fourth of that."""

Read = tuple[Draft | None, tuple[Problem, ...]]


def read_draft(rules: Rules, file: str, data: bytes) -> Read:
    """Read one content file.

    file: path relative to the site folder, with ``/``; data: its bytes. Returns the draft, None where
    a problem is an error (the last good entry stays) or no collection takes the file; and all problems.
    Never raises for what stands in the file.
    """
    collection = rules.find_collection(file)
    if collection is None:
        return None, ()
    try:
        with limit_cpu(MOST_CPU_S):
            front = parse_front_matter(data, file, rules.front_matter_bytes)
            if front.problems:
                return None, front.problems
            return _Reading(rules, collection, file, front).make_draft(data)
    except TooSlow:
        hint = "Make several files of it, or look for what it repeats thousands of times."
        return None, (Problem("content.slow", file, 0, f"reading it takes more than {MOST_CPU_S:.0f} seconds of processor time", hint),)


def read_values(rules: Rules, file: str, fields: dict[str, Any], body: str) -> Read:
    """Read what no file holds as the file of this name would be read. fields: as its front matter would give them; body: Markdown."""
    collection = rules.find_collection(file)
    if collection is None:
        return None, ()
    return _Reading(rules, collection, file, FrontMatter(fields, {}, body, 1)).make_draft(b"")


class _Reading:
    """One file while it becomes a draft."""

    def __init__(self, rules: Rules, collection: Collection, file: str, front: FrontMatter) -> None:
        self.rules, self.collection, self.file, self.front = rules, collection, file, front
        self.lines = front.lines
        self.place: Place = rules.read_place(collection, file)
        self.problems: list[Problem] = []
        self.addresses = Addresses(rules, collection, file, front, self.problems)

    def make_draft(self, data: bytes) -> Read:
        rules, place, file, front = self.rules, self.place, self.file, self.front
        type_name = find_type(self.collection, below(file, self.collection.path))
        schema = rules.types.get(type_name)
        if schema is None:
            said = f"the collection {self.collection.name!r} makes this a {type_name!r}, which is no content type"
            return None, (Problem("content.unknown-type", file, 0, said, f"Types: {', '.join(rules.types)}."),)
        raw = self._map_fields(front.fields)
        for name in rules.term_fields:  # the one term of a field that has one, written as a list, as other systems have it
            if schema.properties.get(name, {}).get("type") == "string" and isinstance(only := raw.get(name), list) and len(only) == 1:
                raw[name] = only[0]
        locale = self._find_locale(raw)
        told = self._read_hiding(raw, schema) | self._names_of_rules()
        fields, problems = schema.check(raw, self.lines, file, rules.zone, told=told)
        self.problems += problems
        body, problems_of_body = render_body(front.body, rules.settings.markdown, file, front.body_line, file.endswith(".mdx"))
        self.problems += problems_of_body
        self._check_lists(raw, schema)
        self._name(type_name, fields, body)
        status = self._take_status(fields)
        if status == "published" and type_name in rules.settings.workflow:
            self._check_approval(type_name, fields)
        for name in ("aliases", "from"):
            if name in fields:
                fields[name] = self.addresses.clean(name, fields[name])
        if type_name == "redirect" and runs_script(str(fields.get("to"))):
            said = f"to: {show(fields['to'])} is neither a path nor the address of a page"
            self.problems.append(Problem("content.field", file, self.lines.get("to", 0), said, "Write a path, or a URL of http or https."))
        if schema.pages and locale and not any(problem.severity == "error" for problem in self.problems):
            self.addresses.check(type_name, locale, fields)
        if any(problem.severity == "error" for problem in self.problems):
            return None, tuple(self.problems)
        if self.collection.date and status == "published" and "-date" in schema.sort and not fields.get("date"):
            said = "it has no date, so it comes last in every list"
            self.problems.append(Problem("content.no-date", file, 1, said, self.addresses.say_date_rule(), "warning"))
        self._check_times(fields, schema.months)
        key = fields.pop("translation_key", "") or place.key
        draft = Draft(
            file, self.collection.name, type_name, locale, str(key), status,
            _moment(fields, "publish_at"), _moment(fields, "expire_at"), fields, body,
            blake2b(rules.digest + data, digest_size=16).digest(), place.bundle, tuple(self.problems),
        )  # fmt: skip
        return draft, draft.problems

    def _map_fields(self, given: dict[str, Any]) -> dict[str, Any]:
        """Front matter under our names, with the collection's defaults, date and section."""
        collection, place = self.collection, self.place
        raw = dict(given)
        if collection.fields:
            used = set()
            for own, key in collection.fields.items():
                value = look_up(given, key)
                if value is not None and given.get(own) is None:
                    raw[own] = value
                    if key.partition(".")[0] in self.lines:
                        self.lines[own] = self.lines[key.partition(".")[0]]
                if key != own and key in given and key not in collection.fields:
                    used.add(key)
            for key in used:
                del raw[key]
        for name, value in collection.defaults.items():
            if raw.get(name) is None:
                raw[name] = value
        for name, pattern in collection.split.items():
            texts = [raw[name]] if isinstance(raw.get(name), str) else raw.get(name)
            if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
                raw[name] = [part for text in texts for part in re.split(pattern, text) if part and part.strip()]
        if raw.get("date") is None:
            if place.date:
                raw["date"] = place.date
            elif ":" in collection.date:
                key, _, pattern = collection.date.partition(":")
                said = look_up(given, key) or (place.inner if key == "path" else "")  # as {path} in a URL pattern
                raw["date"] = self._date_from(str(said), pattern)
        if collection.section == "folder" and place.folder and raw.get("section") is None:
            raw["section"] = place.folder
        return raw

    def _read_hiding(self, raw: dict[str, Any], schema: Schema) -> set[str]:
        """Put what words of other systems say of when it is shown under our names; slips of such words are errors. Returns the words."""
        found = understand(raw, schema.properties, self.lines, self.file, self.rules.zone)
        raw.update(found.fields)
        self.lines.update(found.lines)
        self.problems += found.problems
        for name, value in self.front.fields.items():
            if (
                name in raw
                and name not in schema.properties
                and name not in found.words
                and (near := misspelt(name, value, self.rules.zone))
            ):
                said = f'unknown field "{name}", which looks like one that hides or times a page'
                hint = f'Did you mean "{near}"? If not, give it another name, or make it a field of the content type.'
                self.problems.append(Problem("content.hides", self.file, self.lines.get(name, 0), said, hint))
                found.words.add(name)
        return found.words

    def _check_lists(self, raw: dict[str, Any], schema: Schema) -> None:
        """A warning where several values of a list were most likely written as one text."""
        texts = {name: value for name, value in raw.items() if isinstance(value, str) and ", " in value and name in self.front.fields}
        for name, value in texts.items():
            if schema.properties.get(name, {}).get("type") == "array" and name not in self.collection.split:
                text = value[:60]
                said = f'{name}: "{text}" is one value with a comma in it'
                hint = f'Several are written {name}: [{text}]; if it is one: {name}: ["{text}"].'
                self.problems.append(Problem("content.comma", self.file, self.lines.get(name, 0), said, hint, "warning"))

    def _names_of_rules(self) -> set[str]:
        """Fields that have their names from the collection and not from this file."""
        return {name for name in (*self.collection.fields, *self.collection.defaults) if name not in self.front.fields}

    def _date_from(self, text: str, pattern: str) -> str | None:
        try:
            match = re.search(pattern, text)
            return f"{match['year']}-{int(match['month']):02d}-{int(match['day']):02d}" if match else None
        except (re.error, IndexError, ValueError, TypeError) as error:
            self.problems.append(
                Problem(
                    "content.date-rule",
                    self.file,
                    0,
                    f"the collection's date rule does not work: {error}",
                    "It has the groups year, month and day.",
                )
            )
            return None

    def _find_locale(self, raw: dict[str, Any]) -> str:
        rule, codes, locale = self.collection.locale, self.rules.locale_codes, self.place.locale
        unknown, line = self.place.problem, 0
        if rule.startswith("field:"):
            key = rule[6:]
            named = look_up(raw, key)
            if named is not None:
                locale = codes.get(fold_locale(str(named)), "")
                unknown, line = ("" if locale else str(named)), self.lines.get(key, 0)
            if key not in ("locale", *self.rules.types):
                raw.pop(key, None)
        if unknown:
            self.problems.append(
                Problem(
                    "content.unknown-locale",
                    self.file,
                    line,
                    f"{unknown!r} is no locale of the site",
                    f"Locales: {', '.join(codes.values())}.",
                )
            )
        return locale

    def _name(self, type_name: str, fields: dict[str, Json], body: Body) -> None:
        """Title, slug and, for a term, its taxonomy."""
        title = str(fields.get("title") or "").strip()
        if not title and "name" in fields:
            title = str(fields["name"]).strip()
        if not title and type_name != "redirect" and body.toc:
            title = body.toc[0].text
        fields["title"] = title or re.sub(r"[-_]+", " ", self.place.stem).strip().capitalize() or self.place.stem
        given = str(fields.get("slug") or "").strip()
        slug = clean_slug(given or make_slug(self.place.stem)) or make_slug(fields["title"])
        fields["slug"] = slug
        if given and given != slug:
            self.addresses.check_slug(given, slug)
        if type_name == "term" and not fields.get("taxonomy"):
            is_index = self.file.rpartition("/")[2].partition(".")[0] in INDEX_NAMES
            fields["taxonomy"] = "section" if is_index else self.place.folder or "tag"

    def _check_approval(self, type_name: str, fields: dict[str, Json]) -> None:
        """Nothing of a type with a workflow is public that was not approved as it is; what was approved before stays live."""
        needed = self.rules.settings.workflow[type_name].approvals
        names = find_approvers(fields, self.front.body)
        if len(names) >= needed:
            return
        before = ", ".join(dict.fromkeys(name for name, _ in list_approvals(fields)))
        said = (
            "it is not approved"
            if not before
            else f"it was changed since {before} approved it"
            if not names
            else f"only {', '.join(names)} approved it"
        )
        hint = f"It needs {needed}: cms entry approve, by somebody who did not write it. Until then make it a draft."
        self.problems.append(Problem("workflow.unapproved", self.file, self.lines.get("approved", 0), said, hint))

    def _take_status(self, fields: dict[str, Json]) -> Status:
        draft, status = fields.pop("draft", False), fields.pop("status", None)
        if draft and status != "trashed":  # the trash remembers what was a draft
            return "draft"
        return status or "published"

    def _check_times(self, fields: dict[str, Json], dated: bool) -> None:
        """A warning where it is over before it begins. dated: without publish_at it begins at its date."""
        start = "publish_at" if fields.get("publish_at") else "date" if dated else ""
        begins, ends = _moment(fields, start), _moment(fields, "expire_at")
        if begins is not None and ends is not None and ends <= begins:
            zone = load_zone(self.rules.zone)
            said = f"it is never shown: its expire_at ({say_moment(ends, zone)}) is not after its {start} ({say_moment(begins, zone)})"
            hint = "Mend one of them; a date without a time is its midnight."
            line = self.lines.get("expire_at") or self.lines.get(start, 0)
            self.problems.append(Problem("content.never-shown", self.file, line, said, hint, "warning"))


def _moment(fields: dict[str, Json], name: str) -> datetime | None:
    text = fields.get(name)
    return datetime.fromisoformat(text) if text else None
