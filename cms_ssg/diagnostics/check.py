"""``cms check``: what is wrong with content, links, strings and theme, found without saving or writing anything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, LiteralString

from cms_ssg.config.environments import list_shared_targets
from cms_ssg.config.explain import open_origin
from cms_ssg.config.explain_toml import FILE
from cms_ssg.content.lines import line_of_field
from cms_ssg.diagnostics.check_fields import check_fields, check_own_ids
from cms_ssg.diagnostics.check_fragments import Link, PlaceCheck, fragment_of
from cms_ssg.diagnostics.check_templates import check_template_links
from cms_ssg.diagnostics.check_terms import TERM_NAMES, check_parents, check_term_names
from cms_ssg.diagnostics.suggestions import Nearest
from cms_ssg.engine.dead_links import find_claimed, list_dead_menu_lines, list_menu_lines, make_dangling, path_names
from cms_ssg.engine.homes import list_taken_homes
from cms_ssg.engine.options import BuildOptions, BuildResult
from cms_ssg.images.facts import may_be_image, unshown_format
from cms_ssg.kinds.reference import resolve
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.reporting.progress import Reporter
from cms_ssg.site import Site, open_site
from cms_ssg.types import Problem

BODIES: Final[LiteralString] = """
SELECT e.id, e.source_key, e.locale, c.path, b.links, coalesce(e.fields ->> 'image', '')
FROM cms.entries e JOIN cms.cards c ON c.entry = e.id JOIN cms.bodies b ON b.entry = e.id
WHERE e.site = %s AND e.id > %s AND c.live AND (b.links <> '[]'::jsonb OR e.fields ? 'image') ORDER BY e.id LIMIT 500"""

IMAGES_ARE: Final = "Name a JPEG, PNG, WebP, AVIF, GIF or SVG."

LAYOUTS: Final[LiteralString] = """
SELECT e.fields ->> 'layout', min(e.source_key), count(*) FROM cms.entries e JOIN cms.cards c ON c.entry = e.id
WHERE e.site = %s AND c.live AND e.fields ? 'layout' GROUP BY 1 ORDER BY 1"""

USED_COLLECTIONS: Final[LiteralString] = "SELECT DISTINCT collection FROM cms.entries WHERE site = %s AND removed_at IS NULL"

HAS_AUTHORS: Final[LiteralString] = """
SELECT 1 FROM cms.entries e JOIN cms.cards c ON c.entry = e.id WHERE e.site = %s AND e.type = 'author' AND c.live LIMIT 1"""

HIDDEN_AUTHORS: Final[LiteralString] = """
SELECT e.fields ->> 'slug', min(e.source_key) FROM cms.entries e
WHERE e.site = %s AND e.type = 'author' AND e.status = 'draft' AND e.removed_at IS NULL GROUP BY 1"""

HOME_LIST: Final[LiteralString] = "SELECT 1 FROM cms.lists WHERE site = %s AND name = %s AND items > 0 LIMIT 1"


def check(root: Path, env: str = "", reporter: Reporter | None = None, against: Path | None = None) -> list[Problem]:
    """Everything that is wrong, errors and warnings. Runs a sync and a plan in a transaction that is rolled back.

    against: a file with addresses of an old site, each of which is to answer. Raises CmsError check.no-addresses.
    """
    from cms_ssg.content.collections.uncollected import find_uncollected
    from cms_ssg.diagnostics.old_addresses import read_addresses
    from cms_ssg.engine.inputs import read_redirects
    from cms_ssg.engine.open_session import target_folder

    site = open_site(root, os.environ, env)
    problems: list[Problem] = []
    problems += (*site.type_problems, *site.rule_warnings)
    if not site.type_problems:  # with a type missing its content would be wrong for no fault of its own
        addresses = read_addresses(against) if against is not None else []
        problems += _check_content(site, env, reporter, (against or Path(), addresses))
    problems += list_shared_targets(site.root, site.settings, os.environ)
    problems += read_redirects(site.root, site.settings).problems
    if nobodys := find_uncollected(str(site.root), site.rules, target_folder(site)):
        problems.append(nobodys)
    problems += _check_tokens(site)
    problems += _check_strings(site)
    problems += check_theme(root, env, site=site).problems
    return list(dict.fromkeys(problems))


def _check_content(site: Site, env: str, reporter: Reporter | None, old: tuple[Path, list[tuple[str, int]]]) -> list[Problem]:
    """old: a file with an old site's addresses, and those."""
    from cms_ssg.diagnostics.old_addresses import list_unanswered
    from cms_ssg.engine.open_session import open_session
    from cms_ssg.engine.other_locales import list_other_locales
    from cms_ssg.store.conflicts import list_conflicts
    from cms_ssg.store.images import drop_told, list_bad_images
    from cms_ssg.store.sources import list_problems

    problems: list[Problem] = []
    with open_session(site, BuildOptions(dry_run=True, env=env), BuildResult(), reporter) as session:
        session.planner.begin("", lambda paths: None)
        problems += [p for p in session.sync().problems if not p.code.startswith("content.")]
        session.planner.take()
        problems += session.planner.problems
        problems += list_problems(session.connection, session.row.id)
        if session.row.has_bad_images:
            bad_images = list_bad_images(session.connection, session.row.id)
            problems = [*drop_told(problems, bad_images), *bad_images]
        problems += list_conflicts(session.connection, site, session.row.id)
        problems += _check_bodies(session.connection, site, session.row.id)
        problems += check_fields(session.connection, site, session.row.id)
        problems += _check_layouts(session.connection, site, session.row.id)
        problems += _check_site_links(session.connection, site, session.row.id)
        problems += check_template_links(session.connection, site, session.row.id)
        problems += list_other_locales(session.connection, site, session.row.id)
        problems += check_term_names(session.connection, session.row.id)
        problems += check_parents(session.connection, site, session.row.id)
        problems += _check_authors(session.connection, site, session.row.id)
        problems += list_taken_homes(session.connection, site, session.row.id)
        problems += _check_home(session.connection, site, session.row.id)
        problems += list_unanswered(session.connection, site, session.row.id, *old)
        opened = OpenSite(site, session.connection, session.row.id)
        for vertical in site.features.verticals:
            for check_more in resolve(vertical.checks) if vertical.checks else ():
                problems += check_more(opened)
        problems += _check_collections(session.connection, site, session.row.id, {problem.place for problem in problems})
    return problems


def _check_bodies(connection: Any, site: Site, site_id: int) -> Iterator[Problem]:
    """Links and images of live entries that lead nowhere in this site, and shortcodes that the theme does not have."""
    from cms_ssg.render.body import unknown_shortcode
    from cms_ssg.render.reference_names import link_names
    from cms_ssg.render.theme_chain import theme_folders
    from cms_ssg.render.theme_check import list_templates

    templates = list_templates(theme_folders(site.root, site.settings).templates)
    nearest, places = Nearest(connection, site, site_id), PlaceCheck.open(site)
    yield from check_own_ids(connection, site, site_id, templates)
    after = 0
    while rows := connection.execute(BODIES, (site_id, after)).fetchall():
        after = rows[-1][0]
        wanted = []
        for _, file, locale, path, links, image in rows:
            for kind, target, line, values in links:
                if kind == "shortcode" or "pieces" in values:
                    pieces = (
                        [target] if kind == "shortcode" else [piece["name"] for piece in values["pieces"] if not isinstance(piece, str)]
                    )
                    yield from (unknown_shortcode(file, line, name) for name in pieces if f"shortcodes/{name}.html" not in templates)
                elif "form" not in values and (names := link_names(site, locale, file, path or "", target)):  # a program may answer it
                    wanted.append((file, line, kind, target, names))
            # what front matter names is looked for beside the page or at the root, and nowhere else; an author may have no page
            if image and (names := tuple(n for n in link_names(site, locale, file, path or "", image) if n.startswith("/") or not path)):
                wanted.append((file, -1, "image", image, names))
        known = find_claimed(connection, site_id, (n for *_, names in wanted for n in names))
        with_place = [
            Link(file, line, target, names) for file, line, kind, target, names in wanted if kind == "link" and fragment_of(target)
        ]
        yield from places.check(connection, site_id, with_place)
        for file, line, kind, target, names in wanted:
            no_image = line < 0 and not may_be_image(target)  # a PDF is there, and no featured image
            dead = no_image or not known.intersection(names)
            form = unshown_format(target) if kind == "image" and not dead else ""
            place = line if line >= 0 or not (dead or form) else line_of_field(site, file, "image")
            if dead:
                yield make_dangling(file, place, kind, target, IMAGES_ARE if no_image else nearest.suggest(file, target))
            elif form:
                yield Problem("image.unshown", file, place, f'"{target}" is {form}, which most browsers do not show', IMAGES_ARE, "warning")


def _check_layouts(connection: Any, site: Site, site_id: int) -> Iterator[Problem]:
    """Layouts that front matter asks for and no theme has: the type's own template is used instead."""
    from cms_ssg.render.output import layout_template
    from cms_ssg.render.theme_chain import theme_folders

    folders = theme_folders(site.root, site.settings).templates
    for layout, file, count in connection.execute(LAYOUTS, (site_id,)):
        template = layout_template(layout)
        if template and not any((folder / template).is_file() for folder in folders):
            more = f", and by {count - 1} more" if count > 1 else ""
            hint = "Its type's template is used. Add it to the theme's templates folder, or take the layout away."
            message = f'no theme has the template "{template}" that is asked for here{more}'
            yield Problem("content.no-layout", file, line_of_field(site, file, "layout"), message, hint, "warning")


def _check_site_links(connection: Any, site: Site, site_id: int) -> Iterator[Problem]:
    """Lines of menus, and redirects, that lead nowhere in this site."""
    from cms_ssg.engine.inputs import read_redirects

    yield from list_dead_menu_lines(connection, site, site_id)
    origin = open_origin(site.root, site.settings.env, os.environ)
    with_place = [
        Link(FILE, origin.line(*line.path), line.item.url, line.names) for line in list_menu_lines(site) if fragment_of(line.item.url)
    ]
    wanted: list[tuple[Problem, tuple[str, ...]]] = []
    targets = read_redirects(site.root, site.settings).targets
    for source, target in targets.items():
        line = origin.line("redirects", source)
        if (way := _follow(targets, source)) is not None:
            said, hint = f"this redirect leads back to itself: {' -> '.join(way)}", "Let one of them lead to a page."
            yield Problem("redirects.loop", FILE if line else "", line, said, hint)
            continue
        if fragment_of(target):
            with_place.append(Link(FILE if line else "", line, target, path_names(target)))
        said, hint = f'the redirect {source} leads to "{target}", where nothing is', "Name a path of this site, or a whole address."
        wanted.append((Problem("redirects.dangling", FILE if line else "", line, said, hint, "warning"), path_names(target)))
    known = find_claimed(connection, site_id, (n for _, names in wanted for n in names))
    yield from (problem for problem, names in wanted if names and not known.intersection(names))
    yield from PlaceCheck.open(site).check(connection, site_id, with_place)


def _follow(targets: Mapping[str, str], source: str) -> list[str] | None:
    """The way from a redirect back to itself, through others; None where it ends somewhere."""
    way = [source]
    while (target := next(iter(path_names(targets.get(way[-1], ""))), "")) and target != source:
        if target in way:
            return None
        way.append(target)
    return [*way, source] if target else None


def _check_authors(connection: Any, site: Site, site_id: int) -> Iterator[Problem]:
    """Authors without an entry, in a site that has entries of authors or a data file of them: most often a slip of the pen."""
    from cms_ssg.store.sites import load_inputs

    rule = site.settings.taxonomies.get("author")
    if rule is None or not (rule.data or connection.execute(HAS_AUTHORS, (site_id,)).fetchone()):
        return
    found = [row[1:] for row in connection.execute(TERM_NAMES, (site_id,)) if row[0] == "author"]
    wanted = [tuple(f"{code}/author:{slug}" for code in (locale, site.default_locale)) for locale, slug, _, _ in found]
    known = find_claimed(connection, site_id, (n for names in wanted for n in names))
    inputs = load_inputs(connection, site_id) if rule.data else {}
    hidden = dict(connection.execute(HIDDEN_AUTHORS, (site_id,)).fetchall())
    for (_, slug, name, file), names in zip(found, wanted, strict=True):
        if known.isdisjoint(names) and not {f"data/{rule.data}#{key}" for key in (slug, name)} & inputs.keys():
            said = f'no author is called "{name}"; shown by that name'
            way = f"add {slug} to the data file {rule.data}." if rule.data else f'cms new author --slug {slug} "Full Name".'
            hint = f"cms publish {hidden[slug]}" if slug in hidden else f"Mend the name, or: {way}"
            yield Problem("content.missing-author", file, line_of_field(site, file, rule.field), said, hint, "warning")


def _check_home(connection: Any, site: Site, site_id: int) -> Iterator[Problem]:
    """A list that the home page is to show, and nothing is in."""
    name = site.settings.home.list
    line = open_origin(site.root, site.settings.env, os.environ).line("home", "list")
    if line and not connection.execute(HOME_LIST, (site_id, name)).fetchone():
        hint = "Lists are named by kind and slug: type/post, section/news, tag/front."
        said = f'nothing is in the list "{name}" that the home page shows'
        yield Problem("settings.empty-home", FILE, line, said, hint, "warning")
    path = f"{site.prefix(site.default_locale)}/"
    if not find_claimed(connection, site_id, [path]):  # every page links to it
        line = open_origin(site.root, site.settings.env, os.environ).line("home", "url")
        hint = f'Add a page with the path {path}, or put something into the list "{name}", or take away [home] url.'
        yield Problem("settings.no-home", FILE, line, f"nothing is at the home page's address, {path}", hint, "warning")


def _check_collections(connection: Any, site: Site, site_id: int, places: set[str]) -> Iterator[Problem]:
    """Collections of site.toml that no file belongs to. places: files that have a problem, and may have no entry for it."""
    from cms_ssg.config.load import default_collections
    from cms_ssg.content.collections.rules import find_collection

    used = {row[0] for row in connection.execute(USED_COLLECTIONS, (site_id,))}
    used.update(rule.name for place in places if (rule := find_collection(place, site.settings.collection)) is not None)
    shipped = {rule.name for rule in default_collections(site.settings.verticals)}
    origin = open_origin(site.root, site.settings.env, os.environ)
    for number, rule in enumerate(site.settings.collection):
        line = origin.line("collection", number, "name")
        if rule.name not in used and (rule.name not in shipped or line) and "**" not in rule.exclude:
            globs = ", ".join(rule.glob)
            hint = f"It looks for {globs} in {rule.path}/, and an earlier collection takes a file first."
            yield Problem("settings.empty-collection", FILE, line, f'no file belongs to the collection "{rule.name}"', hint, "warning")


def _check_tokens(site: Site) -> Iterator[Problem]:
    """Tokens that no theme knows, with their lines."""
    from cms_ssg.render.tokens import check_tokens

    origin = open_origin(site.root, site.settings.env, os.environ)
    for name, value in site.settings.tokens.items():
        for problem in check_tokens({name: value}):
            yield replace(problem, line=origin.line("tokens", name))


def _check_strings(site: Site) -> Iterator[Problem]:
    from cms_ssg.render.strings import check_strings
    from cms_ssg.render.theme_chain import theme_folders

    folders = theme_folders(site.root, site.settings).strings
    for locale in site.settings.locales:
        yield from check_strings(folders, locale.code, site.root)


@dataclass(slots=True)
class ThemeCheck:
    """What is wrong with a theme. gallery: a page with every template and sample content."""

    problems: list[Problem] = field(default_factory=list)
    gallery: Path | None = None


def check_theme(root: Path, env: str = "", *, site: Site | None = None) -> ThemeCheck:
    """Look for unknown variables, filters and templates; with no `site` given, write the gallery too."""
    from cms_ssg.render.theme_chain import theme_folders
    from cms_ssg.render.theme_check import check_templates

    found = site or open_site(root, os.environ, env)
    folders = theme_folders(found.root, found.settings)
    fields = {name for schema in found.schemas.values() for name in schema.properties}
    fields.update(name for rule in found.settings.collection for name in (*rule.fields, *rule.defaults))
    result = ThemeCheck(check_templates(folders, fields))
    if site is None:
        from cms_ssg.render.gallery import write_gallery

        result.gallery, failed = write_gallery(found, folders, found.root / ".cms" / "gallery")
        told = {problem.place for problem in result.problems if problem.severity == "error"}
        result.problems += [problem for problem in failed if problem.place not in told]
    return result
