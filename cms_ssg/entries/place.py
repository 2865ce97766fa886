"""Which file would hold a new entry: the first of the usual places that its collection reads as meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b

from cms_ssg.authoring.new import list_places
from cms_ssg.config.settings import Collection
from cms_ssg.content.collections.rules import below, find_type
from cms_ssg.content.frontmatter.dates import DateError, load_zone, parse_date
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import fail
from cms_ssg.site import Site
from cms_ssg.text.slugs import MAX_SLUG, make_slug

MOST_KEY = 40
"""Characters of a key that is added to a name; a longer one stands there as a digest."""


def choose_files(site: Site, entry: EntryInput, now: datetime, source: str) -> Iterator[str]:
    """The files that may hold a new entry, the best first: the next is for where one is taken, with the key, then with a digest of source and key.

    Raises CmsError entry.no-type, entry.no-locale, entry.no-slug, entry.no-place.
    """
    code = entry.locale.lower().replace("_", "-") if entry.locale else site.default_locale.lower()
    locale = next((known for known in site.locales if known.lower() == code), "")
    if not locale:
        raise fail("entry.no-locale", f'the site has no locale "{entry.locale}"', hint=f"Locales: {', '.join(site.locales)}.")
    given = str(entry.slug or entry.fields.get("slug") or "")  # which is not to become another
    name = make_slug(given or str(entry.fields.get("title") or entry.fields.get("name") or ""))
    key = make_slug(entry.external_key or "")
    if not name and (given or not key):
        said = "a slug of spaces" if given else "the title"
        raise fail("entry.no-slug", f"no name can be made of {said}", hint="Give a title or a slug.")
    if len(key) > MOST_KEY:
        key = blake2b(key.encode(), digest_size=5).hexdigest()
    if name:
        yield _place(site, entry, name, locale, now)
    if key and not given:
        own = blake2b(f"{source}/{entry.external_key}".encode(), digest_size=5).hexdigest()
        for ending in (key, own):
            yield _place(site, entry, f"{name[: MAX_SLUG - len(ending) - 1].strip('-')}-{ending}".strip("-"), locale, now)


def _place(site: Site, entry: EntryInput, name: str, locale: str, now: datetime) -> str:
    rules = [rule for rule in site.rules.collections if entry.type == rule.type or entry.type in rule.types.values()]
    if not rules:
        types = dict.fromkeys(name for rule in site.rules.collections for name in (rule.type, *rule.types.values()))
        hint = f"Types: {', '.join(types)}. A [[collection]] of site.toml makes a type's entries."
        raise fail("entry.no-type", f'no collection holds the type "{entry.type}"', hint=hint)
    section = str(entry.fields.get("section") or "")
    for rule in rules:
        for file in list_places(site, rule, name, section, locale, _moment(site, entry, now)):
            if _reads_as_meant(site, rule, file, entry.type, locale):
                return file
    raise fail("entry.no-place", f'no collection takes a new entry of type "{entry.type}"',
               hint=f"See path, glob, exclude and types of [[collection]] {rules[0].name}.")  # fmt: skip


def _reads_as_meant(site: Site, rule: Collection, file: str, type_name: str, locale: str) -> bool:
    if site.rules.find_collection(file) is not rule or find_type(rule, below(file, rule.path)) != type_name:
        return False
    return rule.locale.startswith("field:") or site.rules.read_place(rule, file).locale == locale


def _moment(site: Site, entry: EntryInput, now: datetime) -> datetime:
    """The day that a file's name may say."""
    zone = site.settings.timezone
    try:
        moment = parse_date(entry.fields["date"], zone) if entry.fields.get("date") else now
    except DateError:  # the schema says so
        moment = now
    return moment.astimezone(load_zone(zone)) if moment.tzinfo else moment.replace(tzinfo=UTC)
