"""Render one output: pure, from loaded values to bytes and the reads they depend on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from jinja2.exceptions import TemplateError, TemplateNotFound, TemplateSyntaxError

from cms_ssg.errors import CmsError
from cms_ssg.files.media_types import content_type
from cms_ssg.kinds.failures import describe_failure
from cms_ssg.kinds.output_kind import HTML
from cms_ssg.reads import ADDRESS, digest
from cms_ssg.render import feeds
from cms_ssg.render.absolute_links import make_links_absolute
from cms_ssg.render.body import is_inner, resolve_link
from cms_ssg.render.feed_links import FEED_TYPES, HomeFeeds, list_feeds, list_home_feeds
from cms_ssg.render.limits import Budget
from cms_ssg.render.list_rules import list_kind, list_rule
from cms_ssg.render.list_titles import read_list_kind
from cms_ssg.render.list_view import ListView
from cms_ssg.render.page import Page
from cms_ssg.render.reading import Missing, Reader, Reads
from cms_ssg.render.requests import Job, Request
from cms_ssg.render.site_view import Surroundings
from cms_ssg.render.term_view import make_terms
from cms_ssg.render.theme_chain import PARENT, name_template_file
from cms_ssg.types import Artifact, Problem

TAXONOMY_WORDS: Final = {"author": "authors", "section": "sections", "series": "series", "tag": "tags"}
"""Taxonomy -> the text that is the title of its index where the site gives it none."""


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
    kind = around.site.features.outputs[job.kind]
    reader.reads.name("renderer")
    reader.reads.name("setting/frame")
    if kind.vertical:
        reader.reads.name(f"vertical/{kind.vertical}")
    around.theme.reads, around.theme.budget = reader.reads, Budget()
    locale = around.site.locales.get(job.locale) or around.site.settings.locales[0]
    page = Page(around, reader, job.kind, job.path, locale)
    try:
        data, content_type = kind.load_render()(page, job)
    except Missing:
        raise
    except Exception as error:  # noqa: BLE001 a template may raise anything; it fails this page only
        if reader.asked:  # it may have failed for want of what is still to be loaded
            raise Missing(*reader.asked) from None
        if isinstance(error, CmsError):
            reader.reads.name(f"unreadable/{error.problems[0].place}")
        return Rendered(job, None, reader.reads, _describe_error(error, job, found if kind.content else {}))
    finally:
        around.theme.reads = None
        page.close()
    if reader.asked:
        raise Missing(*reader.asked)
    return Rendered(job, Artifact(job.path, data, digest(data), content_type, kind.cache), reader.reads)


def _describe_error(error: Exception, job: Job, found: dict[Request, Any]) -> Problem:
    """A template's failure in words: template, line, output, entry."""
    full = found.get(("full", job.owner))
    subject = f" (from {full.file})" if full is not None else ""
    if isinstance(error, CmsError):  # a file that cannot be read: it is to blame, not the template that asked for it
        return replace(error.problems[0], message=f"{error.problems[0].message}; {job.path}{subject} needs it")
    place, line = find_template(error)
    if isinstance(error, TemplateNotFound):
        plain = (error.name or "").replace(PARENT, "")
        below = "" if plain == error.name else " of a theme below"
        message, hint = f"{job.path}{subject} needs the template {plain}{below}", "Add it to the theme's templates folder."
        return Problem("theme.missing-template", place, line, message, hint)
    reason = str(error) or type(error).__name__
    if isinstance(error, RecursionError):
        reason = "it includes, extends or calls itself without end, or is nested too deeply"
    if not place and (failure := describe_failure(error, reason)) is not None:
        return replace(failure, message=f"{job.path}{subject}: {failure.message}")
    code = "theme.template" if isinstance(error, TemplateError) or place else "theme.render"
    hint = "docs/themes.md lists what each template knows; `cms theme check` finds unknown names without building."
    return Problem(code, place, line, f"{job.path}{subject}: {reason}", hint)


def find_template(error: Exception) -> tuple[str, int]:
    """The template that failed, and its line."""
    if isinstance(error, TemplateSyntaxError):
        return name_template_file(error.filename) if error.filename else f"templates/{error.name or '?'}", error.lineno
    place, line, trace = "", 0, error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if "/templates/" in name and name.endswith((".html", ".xml", ".txt")):
            place, line = name_template_file(name), trace.tb_lineno
        trace = trace.tb_next
    return place, line


# Entry pages

NOT_LAYOUTS = frozenset(("404", "base", "home", "list", "redirect", "terms"))
"""Templates that are not made for entries, whatever another generator's layout of that name was."""


def render_entry(page: Page, job: Job) -> tuple[bytes, str]:
    """The page of an entry."""
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
        if row is None:
            page.reader.reads.entry(ADDRESS, full.id)
    entry = page.entry(job.owner, is_fallback=fallback)
    assert entry is not None
    variants = page.variants()
    paths: dict[str, str] = {}
    for card in variants:  # in the order of the site's locales, so that its first one is x-default
        paths.setdefault(card["locale"], card["path"])
    indexed: dict[str, str] = {}
    for card in variants:
        if "unindexed" not in card:
            indexed.setdefault(card["locale"], card["path"])
    menu = dict(paths)
    if site.fallback_locales and site.default_locale in paths:
        for code in site.fallback_locales:
            menu.setdefault(code, site.path_in(paths[site.default_locale], site.default_locale, code))
    own = page.absolute(entry.path)
    canonical = page.absolute(str(entry.fields.get("canonical") or "")) or own
    page.describe(
        title=entry.meta_title, canonical=canonical, description=entry.meta_description,
        image=entry.social_image, noindex=bool(entry.fields.get("noindex")), published=entry.date, updated=entry.updated or entry.date,
        alternates=page.alternates(indexed) if not fallback and own in map(page.absolute, indexed.values()) else [],
        languages=page.languages(menu) if len(site.locales) > 1 else [], feeds=list_home_feeds(page),
    )  # fmt: skip
    layout = layout_template(str(entry.fields.get("layout") or ""))
    html = page.render([*([layout] if layout else []), f"{full.type}.html", "entry.html"], entry=entry)
    return html.encode("utf-8", "replace"), HTML


def layout_template(layout: str) -> str:
    """The template that a layout asks for, "" where it is not the name of one for entries."""
    usable = layout not in NOT_LAYOUTS and layout.replace("-", "").replace("_", "").isalnum()
    return f"{layout}.html" if usable else ""


# Lists


def render_list(page: Page, job: Job) -> tuple[bytes, str]:
    """A page of a list."""
    row = page.reader.list_numbered(job.spec["list"])
    number = job.spec.get("page", 0)
    view = ListView(page, row, number)
    rule = list_rule(page.site, row.locale, row.name)
    home = page.site.features.role_of({"kind": rule.kind}) == "front"
    page.kind = "home" if home and not number else "list"
    title = view.title
    locales = page.homes() if home and not number and len(page.site.locales) > 1 else {}
    page.describe(
        title=title, description=view.description or (page.site_view.description if home else ""), noindex="noindex" in (row.card or {}),
        feeds=list_feeds(page, rule, title) or HomeFeeds(page), languages=page.languages({}) if len(page.site.locales) > 1 else [],
        alternates=page.alternates({code: path for code, (path, indexed) in locales.items() if indexed}),
    )  # fmt: skip
    own = list_kind(page.site, row.name)
    front = home and not number
    group, _, slug = row.name.partition("/")
    word = slug if group == "type" else group
    page.reader.reads.name("setting/verticals")
    names = page.site.features.templates_of("home" if front else rule.group)
    if front:
        names += [f"home-{word}.html", "home.html"]
    else:
        names += [own.template] if own is not None and own.template else []
        names += [f"list-{word}.html", "list.html"]
    html = page.render(names, list=view)
    return html.encode("utf-8", "replace"), HTML


def render_terms(page: Page, job: Job) -> tuple[bytes, str]:
    """The page that lists the lists of a group."""
    row = page.reader.list_numbered(job.spec["list"])
    taxonomy = row.name.partition("/")[2]
    members = page.reader.window("all", row.id)
    card = row.card or {}
    kind = read_list_kind(page, taxonomy)
    title, description = card.get("title") or taxonomy, card.get("description") or ""
    if word := kind.index_title if kind is not None else TAXONOMY_WORDS.get(taxonomy, "") if title == taxonomy else "":
        title = str(page.globals["t"](word))
    page.describe(title=title, description=description)
    terms = make_terms(page, members, row.locale)
    html = page.render(["terms.html"], terms=terms, taxonomy=taxonomy, title=title, description=description)
    return html.encode("utf-8", "replace"), HTML


# Feeds and sitemaps


def render_feed(page: Page, job: Job) -> tuple[bytes, str]:
    """A feed of a list."""
    row = page.reader.list_numbered(job.spec["list"])
    view = ListView(page, row, 0)
    title = view.title if view.title == page.site_view.title else f"{view.title} · {page.site_view.title}"
    items = []
    for name in ("feed_content", "websub_hub"):
        page.reader.reads.name(f"setting/{name}")
    for member in page.reader.window("top", row.id, page.site.settings.feed_size):
        if (card := page.card(member)) is not None:
            url = page.absolute(card.path)
            entry = page.entry(member) if page.site.settings.feed_content == "full" else None
            items.append(feeds.FeedItem(
                title=card.title, url=url, id=url, summary=card.summary, published=card.date, updated=card.updated,
                authors=tuple(a.title for a in card.authors), tags=tuple(t.title for t in card.tags), image=page.with_origin(card.image),
                html=make_links_absolute(str(entry.content), url) if entry is not None else None,
            ))  # fmt: skip
    feed = feeds.Feed(
        title=title, url=page.site.origin + view.url, feed_url=page.absolute(job.path), locale=page.locale.hreflang or page.locale.code,
        description=view.description or page.site_view.description, author=page.site_view.author,
        hub=page.site.settings.websub_hub, items=tuple(items),
    )  # fmt: skip
    form = job.spec["format"]
    make = {"rss": feeds.render_rss, "atom": feeds.render_atom, "json": feeds.render_json_feed}[form]
    return make(feed), FEED_TYPES[form] + "; charset=utf-8"


# Single pages


def render_404(page: Page, job: Job) -> tuple[bytes, str]:
    """The page for addresses that do not exist."""
    t = page.globals["t"]
    page.describe(title=t("not_found"), canonical="", noindex=True)
    return page.render(["404.html"]).encode("utf-8", "replace"), HTML


def render_search(page: Page, job: Job) -> tuple[bytes, str]:
    """The search page as it is before somebody has asked."""
    from markupsafe import Markup

    from cms_ssg.search.asked import Asked
    from cms_ssg.search.narrowing import Place
    from cms_ssg.search.results_page import render_search as render_results

    t = page.globals["t"]
    page.describe(title=t("search"), canonical="", noindex=True)
    if page.site_view.search.is_static:
        from cms_ssg.search.static_page import render_static_search

        form = render_static_search(t, page.url("/pagefind/pagefind.js"), page.site_view.search.page_size)
        return page.render(["search.html"], search=Markup(form)).encode("utf-8", "replace"), HTML
    place = Place(page.url(job.path.rstrip("/")), page.site.zone)
    html = page.render(["search.html"], search=Markup(render_results(Asked(), None, t, place)))
    return html.encode("utf-8", "replace"), HTML


def render_search_file(page: Page, job: Job) -> tuple[bytes, str]:
    """A file of the index that browsers search in, as it was made: see engine/static_search.py."""
    data = page.reader.need("stored", job.path.removeprefix("/pagefind/"))
    if data is None:
        raise LookupError(f"{job.path} is not stored")
    return data, content_type(job.path)


def render_redirect(page: Page, job: Job) -> tuple[bytes, str]:
    """A page that sends visitors on."""
    target = str(job.spec.get("target") or page.lead_to(job.owner) or "/")
    if is_inner(target):
        target = page.site.origin + (resolve_link(page, "", page.path, target) or page.url(target if target.startswith("/") else "/"))
    page.describe(title=page.site_view.title, canonical=target, noindex=True)
    html = page.render(["redirect.html"], target=target)
    return html.encode("utf-8", "replace"), HTML


def render_robots(page: Page, job: Job) -> tuple[bytes, str]:
    """robots.txt."""
    data = feeds.render_robots([page.absolute("/sitemap.xml")], noindex=bool(page.site_view.noindex))
    return data, "text/plain; charset=utf-8"
