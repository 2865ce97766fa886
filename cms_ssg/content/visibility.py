"""Words of other systems that hide or time content (Hugo, Jekyll, Eleventy, Ghost, Hexo, Astro, WordPress …): each is understood, or an error.

What such a word hides elsewhere must not go live here because the word is unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cms_ssg.content.frontmatter.dates import HINT, DateError, parse_date
from cms_ssg.content.schema.checks import show
from cms_ssg.content.schema.content_types import nearest_name
from cms_ssg.types import Problem

OWN: Final = ("draft", "status", "publish_at", "expire_at")
"""Our own fields that hide or time content."""

STARTS: Final = frozenset(
    "publishdate publisheddate publishedat publishedon publishon pubdate datepublished publicationdate postdate postdategmt "
    "publishtime publishfrom publishup scheduled scheduledat scheduledfor embargo embargountil embargoeduntil embargoedtill embargodate golive "
    "goliveat validfrom visiblefrom availablefrom".split()
)
ENDS: Final = frozenset(
    "expirydate expiredate expires expiresat expireson expireat expiry expirationdate expiration unpublishdate unpublishat unpublishon "
    "unpublisheddate unpublishedat publishuntil publisheduntil publishdown visibleuntil validuntil availableuntil expire dateexpires "
    "archivedat deletedat trashedat".split()
)
HIDES_IF_TRUE: Final = frozenset(
    "isdraft unpublished notpublished nopublish donotpublish private isprivate deleted isdeleted trash trashed istrashed expired disabled".split()
)
HIDES_IF_FALSE: Final = frozenset("published ispublished publish dgpublish public ispublic visible isvisible live enabled".split())
NOT_HERE: Final = {
    "hidden": True, "ishidden": True, "unlisted": True, "headless": True, "protected": True, "membersonly": True,
    "eleventyexcludefromcollections": True, "listed": False, "discoverable": False, "render": False, "permalink": False, "routable": False,
}  # fmt: skip
"""Word -> the value with which it hides a page from some places but not from others, or from some readers, which nothing here does."""

EVERYDAY: Final = {
    "archived": True, "isarchived": True, "ignored": True, "ignore": True, "skip": True, "exclude": True, "excluded": True, "wip": True,
    "workinprogress": True, "offline": True, "inactive": True, "secret": True, "confidential": True, "internal": True,
    "online": False, "active": False, "isactive": False, "ready": False, "display": False, "show": False, "output": False,
}  # fmt: skip
"""The same, for everyday words: taken as they are, so that ``inline`` is no slip of ``online``."""

UNSEARCHED: Final = {
    "sitemap": False, "sitemapexclude": True, "excludefromsitemap": True, "hidefromsitemap": True, "nositemap": True, "showinsitemap": False,
    "insitemap": False, "search": False, "searchable": False, "searchhidden": True, "excludefromsearch": True, "excludesearch": True,
    "searchexclude": True, "hidefromsearch": True, "nosearch": True, "showinsearch": False, "insearch": False,
}  # fmt: skip
"""Word -> the value with which it keeps a page out of the sitemap or the search, which is shown elsewhere all the same."""

NO_INDEX: Final = {"noindex": True, "robotsnoindex": True, "seonoindex": True, "index": False, "indexable": False, "isindexable": False}
DOUBTED_STARTS: Final = frozenset("releasedate releasetime releaseat releaseon startdate starttime startat startsat starton".split())
DOUBTED_ENDS: Final = frozenset("enddate endtime endat endsat endon stopdate stoptime closedate".split())
"""Times of the page, or of what it is about: a record, a concert."""
OF_EVENTS: Final = frozenset("location venue place event organizer organiser performer performers tickets".split())

PASSWORDS: Final = frozenset(["password", "postpassword"])
STATUS: Final = frozenset(["status", "poststatus"])
STATES: Final = frozenset(
    "state stage workflow workflowstate workflowstatus poststate pagestatus articlestatus contentstatus publishstatus publishingstatus "
    "publicationstatus moderationstate reviewstatus editorialstatus".split()
)
"""Words for a status that also mean other things: only a status that hides is taken from them."""

STATUSES: Final = {
    "draft": "draft", "pending": "draft", "auto-draft": "draft", "private": "draft", "review": "draft", "unpublished": "draft", "archived": "draft",
    "hidden": "draft", "rejected": "draft", "withdrawn": "draft", "in-review": "draft", "in_review": "draft", "in review": "draft", "needs-review": "draft",
    "published": "published", "publish": "published", "public": "published",
    "future": "published", "scheduled": "published", "trashed": "trashed", "trash": "trashed", "deleted": "trashed",
}  # fmt: skip
WORDS: Final = STARTS | ENDS | HIDES_IF_TRUE | HIDES_IF_FALSE | NOT_HERE.keys() | PASSWORDS | STATUS | {"visibility", "robots", "build"}
LONG_WORDS: Final = tuple(sorted(word for word in WORDS if len(word) > 5))
"""Those that others are compared with: a slip of a shorter one may be a word of its own."""

ACCESS: Final = frozenset("private draft none members membersonly members-only paid subscribers restricted password".split())
_CASCADED: Final = STARTS | ENDS | frozenset(["draft", "build", "headless", "publishat", "expireat"])

COMING: Final = frozenset(["future", "scheduled"])
TRASH: Final = frozenset(["trash", "trashed", "istrashed", "deleted", "isdeleted"])

TRUE: Final = frozenset(["true", "yes", "on", "1"])
FALSE: Final = frozenset(["false", "no", "off", "0", ""])
WAY_OUT: Final = "Write draft: true to hide it, or take the word away. If it means something else here, make it a field of the content type (content_schema/)."


@dataclass(slots=True)
class Understood:
    """What such words come to. fields: ours, to be put over what is there; lines: of these, where the words stand; words: all that were seen."""

    fields: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def understand(raw: Mapping[str, Any], known: Collection[str], lines: Mapping[str, int], place: str, zone: str) -> Understood:
    """Read the words of other systems in front matter.

    raw: the fields, under our names where the collection gives them; known: fields of the content type, which are not doubted.
    Where our own fields say something else, whatever hides more counts.
    """
    found = Understood()
    for name, value in raw.items():
        if value is None or (name in known and name != "status"):
            continue
        word = fold(name)
        try:
            for own, meant in _read_word(word, value, raw, zone):
                found.words.add(name)
                if own in known and _counts(own, meant, {**raw, **found.fields}):
                    found.fields[own], found.lines[own] = meant, lines.get(name, 0)
        except _Unclear as unclear:
            found.words.add(name)
            found.problems.append(Problem("content.hides", place, lines.get(name, 0), f"{name}: {unclear}", unclear.hint))
        if (hint := _explain_unclear(word, value, raw, zone)) and "content.hides" not in {problem.code for problem in found.problems}:
            does = "keeps a page out of the sitemap or the search" if word in UNSEARCHED else "may schedule a page"
            said = f"{name}: {show(value)} {does} in other systems; here it has no effect"
            found.problems.append(Problem("content.may-hide", place, lines.get(name, 0), said, hint, "warning"))
    return found


class _Unclear(Exception):
    """A word that means something which cannot be done, or that cannot be read."""

    def __init__(self, message: str, hint: str = WAY_OUT) -> None:
        super().__init__(message)
        self.hint = hint


def fold(name: str) -> str:
    """A key without what systems write differently: ``expiryDate``, ``expiry_date`` and ``ExpiryDate`` are one."""
    return "".join(sign for sign in name.casefold() if sign not in "-_ .")


def _read_word(word: str, value: Any, raw: Mapping[str, Any], zone: str) -> Iterator[tuple[str, Any]]:
    """(our field, value) of what one word says. Raises _Unclear."""
    if word in STATUS:
        yield from _read_status(value, raw)
    elif word in STARTS or (word in ("published", "publish") and read_truth(value) is None):
        if read_truth(value) is not False:
            _check_date(value, zone)
            yield ("date", value)
            yield ("publish_at", value)
    elif word in ENDS:
        if read_truth(value) is not False and str(value).casefold() != "never":
            _check_date(value, zone)
            yield ("expire_at", value)
    elif word in HIDES_IF_TRUE or word in HIDES_IF_FALSE:
        truth = read_truth(value)
        if truth is None:
            raise _Unclear(f"{show(value)} is neither true nor false", f"In other systems this hides a page. {WAY_OUT}")
        if word in TRASH and truth:
            yield ("status", "trashed")
        else:
            yield ("draft", truth is (word in HIDES_IF_TRUE))
    elif word in STATES and STATUSES.get(str(value).strip().casefold()) in ("draft", "trashed"):
        yield from _read_status(value, raw)
    elif (hides := (NOT_HERE | EVERYDAY).get(word)) is not None and value != "" and read_truth(value) is hides:
        raise _Unclear(f"{show(value)} hides a page from lists or from some readers in other systems, which nothing here does")
    elif word in PASSWORDS and value not in ("", False):
        raise _Unclear("in other systems it keeps a page from readers without the password, which nothing here does")
    elif word == "visibility" or (word == "access" and str(value).strip().casefold() in ACCESS):
        yield from _read_visibility(str(value).strip().casefold())
    elif word == "cascade" and _hides_below(value):
        raise _Unclear(
            "in Hugo it hides or schedules all pages below, which cms does not support", "Write it into the files of these pages."
        )
    elif word == "build" and isinstance(value, dict) and (set(map(str, value.values())) & {"never", "link", "local", "False"}):
        raise _Unclear("in Hugo it keeps a page from being made or listed, which nothing here does")
    elif _is_no_index(word, value):
        yield ("noindex", True)


def _is_no_index(word: str, value: Any) -> bool:
    """Whether a word keeps a page out of search engines."""
    if word == "robots":
        return bool({"noindex", "none"} & {part.strip() for part in str(value).casefold().split(",")})
    return word in NO_INDEX and value != "" and read_truth(value) is NO_INDEX[word]


def _explain_unclear(word: str, value: Any, raw: Mapping[str, Any], zone: str) -> str:
    """What to write where a word may hide or time a page and may mean something else, "" where it cannot be meant so."""
    unsearched = UNSEARCHED.get(word)
    if unsearched is not None and ((read_truth(value) is unsearched and value != "") or (word == "sitemap" and _is_disabled(value))):
        return "noindex: true keeps a page out of sitemaps and search engines. If it means something else, make it a field of the content type."
    own = "publish_at" if word in DOUBTED_STARTS else "expire_at" if word in DOUBTED_ENDS else ""
    if not own or raw.get(own) or not OF_EVENTS.isdisjoint(map(fold, raw)):
        return ""
    try:
        parse_date(value, zone)
    except DateError:
        return ""
    return f"{own}: schedules the page. If it is a date of what the page is about, make it a field of the content type (content_schema/)."


def _is_disabled(sitemap: Any) -> bool:
    """Whether Hugo's table for the sitemap leaves the page out."""
    return isinstance(sitemap, dict) and any(
        read_truth(value) is True for name, value in sitemap.items() if fold(str(name)) in ("disable", "exclude")
    )


def _read_status(value: Any, raw: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    said = str(value).strip().casefold()
    if said not in STATUSES:
        return  # another thing's status; where it stands in ours, the content type says what it may be
    yield ("status", STATUSES[said])
    if said in COMING:
        starts = [value for name, value in raw.items() if value and (name in ("publish_at", "date") or fold(name) in STARTS)]
        if not starts:
            raise _Unclear(f"{show(value)}, and nothing says when", "Add publish_at: 2025-03-01 09:00.")
        yield ("publish_at", starts[-1])


def _hides_below(cascade: Any) -> bool:
    """Whether Hugo's cascade hands a word that hides or times content, or a field of ours that does, to the pages below."""
    if isinstance(cascade, list):
        return any(_hides_below(part) for part in cascade)
    if not isinstance(cascade, dict):
        return False
    hiding = any(fold(str(name)) in _CASCADED and value not in (False, None, "") for name, value in cascade.items())
    return hiding or any(_hides_below(value) for value in cascade.values())


def _read_visibility(said: str) -> Iterator[tuple[str, Any]]:
    if said in ("private", "draft", "none"):
        yield ("draft", True)
    elif said not in ("public", "published", "visible", "everyone", "all", ""):
        raise _Unclear(f"{said} shows a page to some readers only, which nothing here does")


def read_truth(value: Any) -> bool | None:
    """Whether a value is a way of writing true or false; YAML 1.2 reads ``no`` as text."""
    said = str(value).strip().casefold()
    return True if said in TRUE else False if said in FALSE else None


def _check_date(value: Any, zone: str) -> None:
    try:
        parse_date(value, zone)
    except DateError as error:
        raise _Unclear(str(error), HINT) from None


def _counts(own: str, meant: Any, given: Mapping[str, Any]) -> bool:
    """Whether what a word says goes over what our field says: times only where there is none, words that hide always."""
    before = given.get(own)
    if own == "draft":
        return meant is True
    if own == "status":
        return before not in ("draft", "trashed")
    return before is None


def misspelt(name: str, value: Any, zone: str) -> str:
    """The word that hides or times content and that an unknown key looks like a slip of, "" where its value is no such thing."""
    if fold(name) in WORDS:
        return ""
    near = nearest_name(name, OWN) or nearest_name(fold(name), LONG_WORDS, 1)
    return near if near and _fits(fold(near), value, zone) else ""


def _fits(word: str, value: Any, zone: str) -> bool:
    """Whether a value could be meant for a word."""
    if word in STATUS:
        return str(value).strip().casefold() in STATUSES
    if word in STARTS or word in ENDS or word in ("publishat", "expireat"):
        try:
            parse_date(value, zone)
        except DateError:
            return False
        return True
    return str(value).strip() != "" and read_truth(value) is not None


def words_that_hide(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Word of another system -> the value with which it hides nothing (None: without it), for those that hide this content now."""
    shown: dict[str, Any] = {}
    for name, value in fields.items():
        word = fold(name)
        said = STATUSES.get(str(value).strip().casefold())
        if (word == "poststatus" and said != "published") or (word in STATES and said in ("draft", "trashed")):
            shown[name] = "published"
        elif word in HIDES_IF_TRUE and read_truth(value) is True:
            shown[name] = False
        elif word in HIDES_IF_FALSE and read_truth(value) is False:
            shown[name] = True
        elif word in ("visibility", "access") and str(value).strip().casefold() in ("private", "draft", "none"):
            shown[name] = "public"
    return shown


def names_of_start(fields: Mapping[str, Any]) -> list[str]:
    """Words of other systems that say from when this content is shown."""
    return [
        name for name, value in fields.items()
        if value and (fold(name) in STARTS or (fold(name) in ("published", "publish") and read_truth(value) is None))
    ]  # fmt: skip
