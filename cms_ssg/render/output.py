"""Render one output: pure, from loaded values to bytes and the reads they depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from jinja2.exceptions import TemplateError, TemplateNotFound, TemplateSyntaxError

from cms_ssg.list_rules import list_rule, page_path
from cms_ssg.reads import ADDRESS, digest
from cms_ssg.render import feeds
from cms_ssg.render.body import body_requests, link_names
from cms_ssg.render.kinds import KINDS
from cms_ssg.render.page import FEED_TYPES, Page, Surroundings, menu_names, reference_names
from cms_ssg.render.reading import Missing, Reader, Reads
from cms_ssg.render.views import ListView, make_terms, parse_time
from cms_ssg.types import Artifact, Problem

Request = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """An output to render: the winning claim of a path. spec: kind and its parameters; owner: of the claim."""

    path: str
    locale: str
    spec: dict[str, Any]
    owner: int

    @property
    def kind(self) -> str:
        return str(self.spec["kind"])


@dataclass(frozen=True, slots=True)
class Rendered:
    """What rendering gave: an artifact, or a problem; in both cases what was read."""

    job: Job
    artifact: Artifact | None
    reads: Reads
    problem: Problem | None = None


def render_output(around: Surroundings, job: Job, found: dict[Request, Any]) -> Rendered:
    """Render a job from what was loaded. Raises Missing when a template asks for more."""
    reader = Reader(found)
    reader.reads.name("renderer")
    reader.reads.name("setting/frame")
    around.theme.reads = reader.reads
    locale = around.site.locales.get(job.locale) or around.site.settings.locales[0]
    page = Page(around, reader, job.kind, job.path, locale)
    try:
        data, content_type = RENDER[job.kind](page, job)
    except Missing:
        raise
    except Exception as error:  # a template may raise anything; it fails this page only
        return Rendered(job, None, reader.reads, _describe_error(error, job, found))
    finally:
        around.theme.reads = None
    return Rendered(job, Artifact(job.path, data, digest(data), content_type), reader.reads)


def list_requests(around: Surroundings, job: Job, found: dict[Request, Any], stage: int) -> Iterable[Request]:
    """What a job is known to need at a stage; each stage may look at what the ones before it loaded."""
    stages = STAGES.get(job.kind, ())
    requests = stages[stage](around, job, found) if stage < len(stages) else ()
    return (*requests, *_menu_requests(around, job)) if stage == 0 and (around.menu_refs or around.menu_urls) else requests


def _menu_requests(around: Surroundings, job: Job) -> Iterator[Request]:
    for ref in around.menu_refs:
        for name in reference_names(around.site, job.locale, ref):
            yield ("claim", name)
    for url in around.menu_urls:
        for name in menu_names(around.site, job.locale, url):
            yield ("claim", name)


def _describe_error(error: Exception, job: Job, found: dict[Request, Any]) -> Problem:
    """A template's failure in words: template, line, output, entry."""
    full = found.get(("full", job.owner)) if job.kind in ("entry", "fallback") else None
    subject = f" (from {full.file})" if full is not None else ""
    place, line = "", 0
    if isinstance(error, TemplateSyntaxError):
        place, line = f"templates/{error.name or '?'}", error.lineno
    elif isinstance(error, TemplateNotFound):
        return Problem(
            "theme.missing-template",
            "",
            0,
            f"{job.path}{subject} needs the template {error.name}",
            "Add it to the theme's templates folder.",
        )
    else:
        trace = error.__traceback__
        while trace is not None:
            name = trace.tb_frame.f_code.co_filename
            if "/templates/" in name and name.endswith((".html", ".xml", ".txt")):
                place, line = "templates/" + name.rpartition("/templates/")[2], trace.tb_lineno
            trace = trace.tb_next
    code = "theme.template" if isinstance(error, TemplateError) or place else "theme.render"
    return Problem(
        code,
        place,
        line,
        f"{job.path}{subject}: {str(error) or type(error).__name__}",
        "`cms theme check` lists the variables each template knows.",
    )


# Entry pages

NOT_LAYOUTS = frozenset(("404", "base", "home", "list", "redirect", "terms"))
"""Templates that are not made for entries, whatever another generator's layout of that name was."""


def _entry_first(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    yield ("full", job.owner)
    yield ("card", job.owner)
    if neighbours := around.site.neighbours_of(str(job.spec.get("type"))):
        yield ("list", around.site.default_locale if job.kind == "fallback" else job.locale, neighbours)
    if around.site.settings.home.url != "/":
        yield from (("list", code, around.site.settings.home.list) for code in {job.locale, around.site.default_locale})


def _entry_second(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    site = around.site
    full, card = found.get(("full", job.owner)), found.get(("card", job.owner))
    if full is None or card is None:
        return
    if (neighbours := site.neighbours_of(full.type)) and (row := found.get(("list", full.locale, neighbours))) is not None:
        yield ("around", row.id, full.id)
    if len(site.locales) > 1:
        yield ("list", "", f"variants/{full.translation_key}")
    where = job.locale if site.fallback_locales else full.locale
    for taxonomy, terms in (card.get("terms") or {}).items():
        for slug, _ in terms:
            yield ("list", where, f"{taxonomy}/{slug}")
            if taxonomy == "series" and where != full.locale:
                yield ("list", full.locale, f"series/{slug}")
    if full.links:
        yield from body_requests(site, job.locale, full, card["path"] or "")


def _entry_third(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    full, card = found.get(("full", job.owner)), found.get(("card", job.owner))
    if full is None or card is None:
        return
    if len(around.site.locales) > 1 and (row := found.get(("list", "", f"variants/{full.translation_key}"))) is not None:
        yield ("all", row.id)
    for slug, _ in (card.get("terms") or {}).get("series", ()):
        if (row := found.get(("list", full.locale, f"series/{slug}"))) is not None:
            yield ("all", row.id)


def _render_entry(page: Page, job: Job) -> tuple[bytes, str]:
    site, fallback = page.site, job.kind == "fallback"
    page.kind = "entry"
    full = page.reader.need("full", job.owner)
    if full is None:
        raise LookupError("the entry is gone")
    page.translation_key = full.translation_key
    page.reader.reads.name(f"schema/{full.type}")
    schema = site.schemas[full.type]
    if schema.neighbours:
        row = page.reader.list_named(full.locale, schema.neighbours)
        page.around_of = (row.id, full.id) if row is not None else None
    entry = page.entry(job.owner, is_fallback=fallback)
    assert entry is not None
    variants = page.variants()
    paths = {card["locale"]: card["path"] for card in reversed(variants)}
    menu = dict(paths)
    if site.fallback_locales and site.default_locale in paths:
        for code in site.fallback_locales:
            menu.setdefault(code, site.path_in(paths[site.default_locale], site.default_locale, code))
    page.describe(
        title=entry.meta_title, canonical=page.absolute(entry.path), description=entry.meta_description,
        image=page.absolute(entry.image), noindex=bool(entry.fields.get("noindex")), published=entry.date, updated=entry.updated or entry.date,
        alternates=page.alternates(paths), languages=page.languages(menu) if len(site.locales) > 1 else [], feeds=page.home_feeds(),
    )  # fmt: skip
    if canonical := entry.fields.get("canonical"):
        page.page_view.canonical = str(canonical)
    layout = str(entry.fields.get("layout") or "")
    usable = layout not in NOT_LAYOUTS and layout.replace("-", "").replace("_", "").isalnum()
    names = [f"{layout}.html"] if usable else []
    html = page.render([*names, f"{full.type}.html", "entry.html"], entry=entry)
    return html.encode("utf-8", "replace"), KINDS["entry"].content_type


# Lists


def _list_first(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    number = job.spec.get("page", 0)
    yield ("listed", job.spec["list"])
    yield ("page", job.spec["list"], number) if number else ("front", job.spec["list"])


def _list_second(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    row = found.get(("listed", job.spec["list"]))
    if row is None:
        return
    number = job.spec.get("page", 0)
    yield ("list", row.locale, f"children/{row.name}")
    if (entry := (row.card or {}).get("entry")) is not None:
        yield ("full", entry)
        yield ("card", entry)
    if parent := (row.card or {}).get("parent"):
        yield ("list", row.locale, parent)
    if number:
        yield ("claim", page_path(list_rule(around.site, row.locale, row.name), number + 1))
    window = found.get(("page", row.id, number) if number else ("front", row.id))
    yield from _card_requests(around, job.locale, window.members if window is not None else (), found)


def _list_third(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    row = found.get(("listed", job.spec["list"]))
    if row is None:
        return
    if (children := found.get(("list", row.locale, f"children/{row.name}"))) is not None:
        yield ("all", children.id)
    if (entry := (row.card or {}).get("entry")) is not None:
        full, card = found.get(("full", entry)), found.get(("card", entry))
        if full is not None and full.links:
            yield from body_requests(around.site, job.locale, full, (card or {}).get("path") or "")


def _card_requests(around: Surroundings, locale: str, members: tuple[int, ...], found: dict[Request, Any]) -> Iterator[Request]:
    """The terms that cards show."""
    for member in members:
        if (card := found.get(("card", member))) is not None:
            where = locale if around.site.fallback_locales else card["locale"]
            for taxonomy, terms in (card.get("terms") or {}).items():
                for slug, _ in terms:
                    yield ("list", where, f"{taxonomy}/{slug}")


def _render_list(page: Page, job: Job) -> tuple[bytes, str]:
    row = page.reader.list_numbered(job.spec["list"])
    number = job.spec.get("page", 0)
    view = ListView(page, row, number)
    rule = list_rule(page.site, row.locale, row.name)
    home = rule.kind == "home"
    page.kind = "home" if home and not number else "list"
    title = view.title
    locales = {code: page.site.prefix(code) + "/" for code in page.site.locales} if home and not number else {}
    page.describe(
        title=title, description=view.description or (page.site_view.description if home else ""), noindex=False,
        feeds=page.feeds(rule, title), languages=page.languages(locales) if len(page.site.locales) > 1 else [],
        alternates=page.alternates(locales),
    )  # fmt: skip
    html = page.render(["home.html" if home and not number else "list.html"], list=view)
    return html.encode("utf-8", "replace"), KINDS["list"].content_type


def _terms_requests(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    yield ("listed", job.spec["list"])
    yield ("all", job.spec["list"])


def _render_terms(page: Page, job: Job) -> tuple[bytes, str]:
    row = page.reader.list_numbered(job.spec["list"])
    taxonomy = row.name.partition("/")[2]
    members = page.reader.window("all", row.id)
    title = (row.card or {}).get("title") or taxonomy
    page.describe(title=title)
    html = page.render(["terms.html"], terms=make_terms(page, members, row.locale), taxonomy=taxonomy, title=title)
    return html.encode("utf-8", "replace"), KINDS["terms"].content_type


# Feeds and sitemaps


def _feed_first(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    yield ("listed", job.spec["list"])
    yield ("top", job.spec["list"], around.site.settings.feed_size)


def _feed_second(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    window = found.get(("top", job.spec["list"], around.site.settings.feed_size))
    yield from _card_requests(around, job.locale, window.members if window is not None else (), found)


def _render_feed(page: Page, job: Job) -> tuple[bytes, str]:
    row = page.reader.list_numbered(job.spec["list"])
    view = ListView(page, row, 0)
    title = view.title if view.title == page.site_view.title else f"{view.title} · {page.site_view.title}"
    items = []
    for member in page.reader.window("top", row.id, page.site.settings.feed_size):
        if (card := page.card(member)) is not None:
            url = page.absolute(card.path)
            items.append(feeds.FeedItem(
                title=card.title, url=url, id=url, summary=card.summary, published=card.date, updated=card.updated,
                authors=tuple(a.title for a in card.authors), tags=tuple(t.title for t in card.tags), image=page.absolute(card.image),
            ))  # fmt: skip
    feed = feeds.Feed(
        title=title, url=page.site.origin + view.url, feed_url=page.absolute(job.path), locale=page.locale.hreflang or page.locale.code,
        description=view.description or page.site_view.description, author=page.site_view.author, items=tuple(items),
    )  # fmt: skip
    form = job.spec["format"]
    make = {"rss": feeds.render_rss, "atom": feeds.render_atom, "json": feeds.render_json_feed}[form]
    return make(feed), FEED_TYPES[form] + "; charset=utf-8"


def _sitemap_first(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    yield ("page", job.spec["list"], job.spec["page"])


def _sitemap_second(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    window = found.get(("page", job.spec["list"], job.spec["page"]))
    if window is not None and len(around.site.locales) > 1:
        for member in window.members:
            if (card := found.get(("card", member))) is not None:
                yield ("list", "", f"variants/{card['variants']}")


def _sitemap_third(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    for request in list(_sitemap_second(around, job, found)):
        if (row := found.get(request)) is not None:
            yield ("all", row.id)


def _render_sitemap(page: Page, job: Job) -> tuple[bytes, str]:
    urls = []
    for member in reversed(page.reader.window("page", job.spec["list"], job.spec["page"])):
        page.reader.reads.entry(ADDRESS, member)
        card = page.reader.need("card", member)
        if card is None:
            continue
        lastmod = parse_time(card.get("updated") or card.get("date"), page.site.zone)
        urls.append(feeds.SitemapUrl(page.absolute(card["path"]), lastmod, tuple(_sitemap_alternates(page, card))))
    return feeds.render_sitemap(urls), KINDS["sitemap"].content_type


def _sitemap_alternates(page: Page, card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if len(page.site.locales) < 2:
        return
    row = page.reader.list_named("", f"variants/{card['variants']}")
    members = page.reader.window("all", row.id) if row is not None else ()
    if len(members) < 2:
        return
    for member in reversed(members):
        page.reader.reads.entry(ADDRESS, member)
        other = page.reader.need("card", member)
        if other is not None and other["locale"] in page.site.locales:
            locale = page.site.locales[other["locale"]]
            yield (locale.hreflang or locale.code, page.absolute(other["path"]))


def _render_sitemap_index(page: Page, job: Job) -> tuple[bytes, str]:
    row = page.reader.list_numbered(job.spec["list"])
    files = []
    for member in reversed(page.reader.window("all", row.id)):
        month = page.reader.list_numbered(-member)
        for path, lastmod in ((month.card or {}).get("files") or ()) if month is not None else ():
            files.append(feeds.SitemapFile(page.absolute(path), parse_time(lastmod, page.site.zone)))
    return feeds.render_sitemap_index(files), KINDS["sitemaps"].content_type


# Single pages


def _render_404(page: Page, job: Job) -> tuple[bytes, str]:
    t = page.globals["t"]
    page.describe(title=t("not_found"), canonical="", noindex=True)
    return page.render(["404.html"]).encode(), KINDS["404"].content_type


def _redirect_requests(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    if "target" not in job.spec:
        yield ("card", job.owner)
    else:
        yield from (("claim", name) for name in link_names(around.site, job.locale, "", job.path, job.spec["target"]))


def _render_redirect(page: Page, job: Job) -> tuple[bytes, str]:
    target = job.spec.get("target")
    if target is None:
        page.reader.reads.entry(ADDRESS, job.owner)
        target = (page.reader.need("card", job.owner) or {}).get("path") or "/"
    target = page.site.origin + page.link(target) if target.startswith("/") else target
    page.describe(title=page.site_view.title, canonical=target, noindex=True)
    html = page.render(["redirect.html"], target=target)
    return html.encode(), KINDS["redirect"].content_type


def _render_robots(page: Page, job: Job) -> tuple[bytes, str]:
    data = feeds.render_robots([page.absolute("/sitemap.xml")], noindex=bool(page.site_view.noindex))
    return data, KINDS["robots"].content_type


RENDER: dict[str, Callable[[Page, Job], tuple[bytes, str]]] = {
    "entry": _render_entry, "fallback": _render_entry, "home": _render_list, "list": _render_list, "archive": _render_list,
    "terms": _render_terms, "feed": _render_feed, "sitemap": _render_sitemap, "sitemaps": _render_sitemap_index,
    "404": _render_404, "redirect": _render_redirect, "robots": _render_robots,
}  # fmt: skip

Stage = Callable[[Surroundings, Job, dict[Request, Any]], Iterable[Request]]
ENTRY_STAGES: tuple[Stage, ...] = (_entry_first, _entry_second, _entry_third)
LIST_STAGES: tuple[Stage, ...] = (_list_first, _list_second, _list_third)
SITEMAP_STAGES: tuple[Stage, ...] = (_sitemap_first, _sitemap_second, _sitemap_third)

STAGES: dict[str, tuple[Stage, ...]] = {
    "entry": ENTRY_STAGES, "fallback": ENTRY_STAGES, "home": LIST_STAGES, "list": LIST_STAGES, "archive": LIST_STAGES,
    "terms": (_terms_requests,), "feed": (_feed_first, _feed_second), "sitemap": SITEMAP_STAGES, "sitemaps": (_terms_requests,),
    "redirect": (_redirect_requests,),
}  # fmt: skip
