"""What ``cms check`` says of terms: names that make one term, terms above that are not there or lead round in a circle."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, LiteralString

from cms_ssg.content.lines import line_of_field
from cms_ssg.site import Site
from cms_ssg.text.slugs import normal_form
from cms_ssg.types import Problem

TERM_NAMES: Final[LiteralString] = """
SELECT t.taxonomy, e.locale, n.pair ->> 0, n.pair ->> 1, min(e.source_key) FROM cms.entries e JOIN cms.cards c ON c.entry = e.id
CROSS JOIN LATERAL jsonb_each(coalesce(c.card -> 'terms', '{}')) AS t(taxonomy, pairs) CROSS JOIN LATERAL jsonb_array_elements(t.pairs) AS n(pair)
WHERE e.site = %s AND c.live GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""

TERMS: Final[LiteralString] = """
SELECT e.locale, c.card ->> 'taxonomy', c.card ->> 'slug', coalesce(c.card ->> 'parent', ''), e.source_key
FROM cms.entries e JOIN cms.cards c ON c.entry = e.id WHERE e.site = %s AND e.type = 'term' AND c.live ORDER BY e.source_key"""

LISTED: Final[LiteralString] = "SELECT DISTINCT name FROM cms.lists WHERE site = %s AND name = ANY(%s) AND items > 0"

Term = tuple[str, str]
"""Taxonomy and slug."""


def check_term_names(connection: Any, site_id: int) -> Iterator[Problem]:
    """Names that differ in more than case and separators, and yet make one term because their slugs are the same."""
    before: dict[tuple[str, str, str], str] = {}
    for taxonomy, locale, slug, name, file in connection.execute(TERM_NAMES, (site_id,)):
        other = before.setdefault((taxonomy, locale, slug), name)
        if _plain_name(other) != _plain_name(name):
            said = f'{taxonomy} "{name}" is the same term as "{other}": both are "{slug}" in URLs'
            yield Problem("content.same-term", file, 0, said, "Write one of them out, such as C-sharp for C#.", "warning")


def _plain_name(name: str) -> str:
    return re.sub(r"[\s_'’-]+", "", normal_form(name).casefold())


def check_parents(connection: Any, site: Site, site_id: int) -> Iterator[Problem]:
    """Terms whose parent is not there, or that stand above themselves."""
    by_locale: dict[str, dict[Term, tuple[str, str]]] = {}
    for locale, taxonomy, slug, parent, file in connection.execute(TERMS, (site_id,)):
        by_locale.setdefault(locale, {}).setdefault((taxonomy, slug), (parent, file))
    everywhere = by_locale.get(site.default_locale, {})
    known = {term for terms in by_locale.values() for term in terms}
    wanted = {(taxonomy, parent) for terms in by_locale.values() for (taxonomy, _), (parent, _) in terms.items() if parent} - known
    names = ["/".join(term) for term in sorted(wanted)]
    listed = {row[0] for row in connection.execute(LISTED, (site_id, names))} if names else set()
    for locale, terms in by_locale.items():
        yield from _find_circles(site, {**everywhere, **terms}, set(terms.values()), is_first=locale == site.default_locale)
        for (taxonomy, _), (parent, file) in terms.items():
            if (taxonomy, parent) in wanted and f"{taxonomy}/{parent}" not in listed:
                said = f'parent: there is no {taxonomy} "{parent}"; the term is shown without one'
                hint = _nearest(parent, [slug for group, slug in known if group == taxonomy])
                yield Problem("content.missing-parent", file, line_of_field(site, file, "parent"), said, hint, "warning")


def _nearest(name: str, slugs: list[str]) -> str:
    from cms_ssg.content.schema.content_types import nearest_name

    near = nearest_name(name, tuple(sorted(slugs)))
    return f'Did you mean "{near}"?' if near else "Mend the name, or give something that term."


def _find_circles(site: Site, terms: Mapping[Term, tuple[str, str]], own: set[tuple[str, str]], is_first: bool) -> Iterator[Problem]:
    """Circles of parents, each at the file of its first term. own: of this locale; a circle of the default one's alone is told there."""
    done: set[Term] = set()
    for start in sorted(terms):
        way: list[Term] = []
        at = start
        while at in terms and at not in done:
            done.add(at)
            way.append(at)
            at = (at[0], terms[at][0])
        if at not in way:
            continue
        circle = way[way.index(at) :]
        if not is_first and own.isdisjoint(terms[term] for term in circle):
            continue
        first = circle.index(min(circle))
        circle = circle[first:] + circle[:first]
        file = terms[circle[0]][1]
        names = " -> ".join(slug for _, slug in (*circle, circle[0]))
        said = (
            f"parent: {circle[0][0]}s stand above each other in a circle: {names}"
            if len(circle) > 1
            else f"parent: {names}: stands above itself"
        )
        others = ", ".join(terms[term][1] for term in circle[1:])
        hint = f"Take the parent away in one of them; the others: {others}" if others else "Take the parent away, or name another term."
        yield Problem("content.parent-loop", file, line_of_field(site, file, "parent"), said, hint, "warning")
