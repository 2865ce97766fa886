"""What is wrong with a theme, found in the templates' syntax trees without rendering: ``cms theme check``."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError

from cms_ssg.kinds.load import list_verticals
from cms_ssg.render.entry_view import EntryView
from cms_ssg.render.fragment_tag import CALLED
from cms_ssg.render.theme import Theme, list_assets
from cms_ssg.render.theme_chain import PARENT, ThemeFolders, check_theme_files, name_template_file
from cms_ssg.types import Problem

EVERYWHERE: Final = frozenset("site locale page menus t asset url link image image_facts latest data ref clock fact slots".split())
"""What every template is given. docs/themes.md describes each."""

SOMEWHERE: Final = frozenset("entry list terms taxonomy title description target search args values inner".split())
"""What some kinds of output are given besides."""

JINJA: Final = frozenset("caller cycler dict joiner kwargs lipsum loop namespace range self super varargs".split())

ATTRIBUTES: Final[dict[str, frozenset[str]]] = {
    "site": frozenset("title description base_url author name params tokens noindex timezone search statistics".split()),
    "locale": frozenset("code name dir hreflang prefix fallback".split()),
    "page": frozenset("kind title path url canonical description image noindex published updated alternates feeds languages".split()),
    "list": frozenset("name kind title url description entry items rows number is_front start newer_url older_url parent children".split()),
    "clock": frozenset(("year",)),
}
"""Attributes of what has the same ones on every site; an entry has the fields of the site's content types besides."""


def check_templates(folders: ThemeFolders, fields: Collection[str] | None = None) -> list[Problem]:
    """Problems of the templates that a site uses, in the order of their names.

    fields: of all content types of the site; without them an entry may have any attribute.
    Codes: theme.syntax (unknown filters and tests too), theme.unknown-variable, theme.unknown-attribute,
    theme.missing-template, theme.missing-asset, theme.unknown-block, theme.unknown-key, theme.cycle.
    """
    theme = Theme(folders.templates)
    files = list_templates(folders.templates, parents=True)
    attributes = ATTRIBUTES if fields is None else {**ATTRIBUTES, "entry": frozenset(fields) | list_attributes(EntryView)}
    assets = set(list_assets(folders.assets))
    trees: dict[str, nodes.Template] = {}
    used: set[str] = set()
    problems = check_theme_files(folders.chain)
    for name, path in [*files.items()]:
        if name.startswith(PARENT) and name not in used:
            del files[name]  # what goes before it does not extend it, so nothing uses it
            continue
        try:
            source = path.read_text("utf-8-sig")
            trees[name] = theme.parse(source, name, str(path))
            theme.compile(trees[name], name, str(path))
            trees[name] = theme.parse(source, name, str(path))  # compiling changes the tree
            used |= _names_used(trees[name])
        except TemplateSyntaxError as error:
            problems.append(Problem("theme.syntax", name_template_file(str(path)), error.lineno, error.message or "not a template"))
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem("theme.syntax", name_template_file(str(path)), 0, f"cannot be read: {error}"))
    own = {name: _names_set(tree) for name, tree in trees.items()}
    users = _list_users(trees)
    everywhere = {*folders.views, *folders.values, *_names_of_verticals()}
    for name, tree in trees.items():
        given = everywhere.union(*(own[other] for other in _list_givers(name, trees, users)))
        found = [
            *_check_tree(name_template_file(str(files[name])), tree, given, set(files), assets, attributes),
            *_check_blocks(name_template_file(str(files[name])), name, trees),
            *_check_cycle(name_template_file(str(files[name])), name, trees),
        ]
        problems += sorted(found, key=lambda problem: problem.line)
    return problems


def list_templates(folders: Sequence[Path], parents: bool = False) -> dict[str, Path]:
    """Templates below folders by name, sorted; the first folder that has a name wins. parents: the others too, as ``parent:post.html``."""
    found: dict[str, Path] = {}
    verticals = list_verticals()  # those that are off, too
    places = {*folders, *(root / name for root in folders for name in verticals)}
    for root in folders:
        for path in root.rglob("*") if root.is_dir() else ():
            inner = places.intersection(path.parents) - {root, *root.parents}  # a vertical's folder inside a theme's has names of its own
            if path.is_file() and not path.name.startswith(".") and not inner:
                name = path.relative_to(root).as_posix()
                while parents and name in found:
                    name = PARENT + name
                found.setdefault(name, path)
    return dict(sorted(found.items(), key=lambda item: (item[0].count(PARENT), item[0])))


def _names_set(tree: nodes.Template) -> set[str]:
    """Every name a template sets, imports or takes as an argument anywhere."""
    found = {node.name for node in tree.find_all(nodes.Name) if node.ctx in ("store", "param")}
    found |= {node.name for node in tree.find_all(nodes.Macro)}
    found |= {node.target for node in tree.find_all(nodes.Import)}
    for node in tree.find_all(nodes.FromImport):
        found |= {name if isinstance(name, str) else name[1] for name in node.names}
    return found


def _list_givers(name: str, trees: Mapping[str, nodes.Template], users: Mapping[str, Sequence[str]]) -> set[str]:
    """The templates whose names one may count on: itself, and those that include or extend it."""
    waiting, seen, above = [name], {name}, {name}
    while waiting:
        current = waiting.pop()
        more = [other for other in users[current] if other not in seen]
        if current in above:  # a child's blocks also see what those above it set before them
            parents = [other for other in _names_extended(trees[current]) if other in trees and other not in seen]
            above.update(parents)
            more += parents
        seen.update(more)
        waiting += more
    return seen


def _list_users(trees: Mapping[str, nodes.Template]) -> dict[str, list[str]]:
    """The templates that include each one, by its name or by one that is put together: ``"blocks/" ~ kind ~ ".html"``."""
    found: dict[str, list[str]] = {name: [] for name in trees}
    for user, tree in trees.items():
        names: set[str] = set()
        for node in tree.find_all(nodes.Include):
            names.update(_constants(node.template))
            parts = node.template.nodes if isinstance(node.template, nodes.Concat) else []
            ends = [part.value if isinstance(part, nodes.Const) else "" for part in (parts[:1] + parts[-1:])]
            if any(ends) and len(parts) > 1:
                names.update(name for name in trees if name.startswith(ends[0]) and name.endswith(ends[1]))
        for name in names & trees.keys():
            found[name].append(user)
    return found


def _names_used(tree: nodes.Template) -> set[str]:
    """The templates that one extends or imports."""
    users = [*tree.find_all(nodes.Extends), *tree.find_all(nodes.Import), *tree.find_all(nodes.FromImport)]
    return {name for node in users for name in _constants(node.template)}  # type: ignore[attr-defined]


def _names_extended(tree: nodes.Template) -> set[str]:
    return {name for node in tree.find_all(nodes.Extends) for name in _constants(node.template)}


def _constants(node: nodes.Expr) -> tuple[str, ...]:
    if isinstance(node, nodes.Const):
        return (node.value,) if isinstance(node.value, str) else tuple(node.value) if isinstance(node.value, tuple) else ()
    if isinstance(node, (nodes.List, nodes.Tuple)):
        return tuple(name for item in node.items for name in _constants(item))
    return ()


def list_attributes(view: type) -> frozenset[str]:
    """What a template may ask of such an object."""
    return frozenset(name for name in dir(view) if not name.startswith("_"))


def _check_tree(
    place: str, tree: nodes.Template, given: set[str], templates: set[str], assets: set[str], attributes: Mapping[str, frozenset[str]]
) -> Iterator[Problem]:
    known = EVERYWHERE | SOMEWHERE | JINJA | given | {CALLED}
    optional = set(map(id, _optional_names(tree)))
    own = _names_set(tree)
    for node in tree.find_all(nodes.Name):
        if node.ctx == "load" and node.name not in known and id(node) not in optional:
            yield Problem(
                "theme.unknown-variable", place, node.lineno, f'unknown variable "{node.name}"', _suggest(node.name, known - JINJA)
            )
    for attribute in tree.find_all(nodes.Getattr):
        base = attribute.node
        if isinstance(base, nodes.Name) and base.name in attributes and base.name not in own and id(attribute) not in optional:
            names = attributes[base.name]
            if attribute.attr not in names:
                message = f"{base.name} has no {attribute.attr}"
                yield Problem("theme.unknown-attribute", place, attribute.lineno, message, _suggest(attribute.attr, names))
    yield from _check_targets(place, tree, templates, assets)


def _names_of_verticals() -> set[str]:
    """The names under which verticals let templates call them, whether or not a site has them on."""
    from cms_ssg.kinds.load import load_vertical

    return {name for name in list_verticals() if load_vertical(name).view}


def _check_targets(place: str, tree: nodes.Template, templates: set[str], assets: set[str]) -> Iterator[Problem]:
    users = [*tree.find_all(nodes.Extends), *tree.find_all(nodes.Include), *tree.find_all(nodes.Import), *tree.find_all(nodes.FromImport)]
    for node in users:
        names = _constants(node.template)  # type: ignore[attr-defined]
        if names and not templates.intersection(names) and not getattr(node, "ignore_missing", False):
            plain = names[0].replace(PARENT, "")
            said = f'there is no template "{plain}"' + ("" if plain == names[0] else " in a theme below, which this one could extend")
            yield Problem(
                "theme.missing-template",
                place,
                node.lineno,
                said,
                _suggest(plain, {name for name in templates if not name.startswith(PARENT)}),
            )
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "asset" and call.args:
            for name in _constants(call.args[0]):
                if name not in assets:
                    yield Problem("theme.missing-asset", place, call.lineno, f'there is no asset "{name}"', _suggest(name, assets))


def _check_blocks(place: str, name: str, trees: Mapping[str, nodes.Template]) -> Iterator[Problem]:
    """Blocks of a template that none of those that it extends has: nothing shows them."""
    known = _blocks_above(name, trees)
    if known is None:
        return
    for block in _outer_blocks(trees[name]):
        if block.name not in known:
            message = f'no template above has the block "{block.name}", so nothing shows it'
            yield Problem("theme.unknown-block", place, block.lineno, message, _suggest(block.name, known), "warning")


def _check_cycle(place: str, name: str, trees: Mapping[str, nodes.Template]) -> Iterator[Problem]:
    """A template that extends itself, through others or not: no page that it makes can be made."""
    way = [name]
    while (above := sorted(_names_extended(trees[way[-1]]) & trees.keys())) and above[0] not in way:
        way.append(above[0])
    if above and above[0] == name:
        line = next(trees[name].find_all(nodes.Extends)).lineno
        said = f"templates extend each other without end: {' -> '.join([*way, name])}"
        yield Problem("theme.cycle", place, line, said, 'Let one extend "base.html".')


def _blocks_above(name: str, trees: Mapping[str, nodes.Template]) -> set[str] | None:
    """Names of the blocks of all that a template extends. None where it extends nothing, or what only a page will tell."""
    found: set[str] = set()
    seen, waiting = {name}, [name]
    while waiting:
        extends = list(trees[waiting.pop()].find_all(nodes.Extends))
        above = [other for node in extends for other in _constants(node.template)]
        if len(above) < len(extends) or (not extends and not found and len(seen) == 1) or not trees.keys() >= set(above):
            return None
        for other in above:
            found |= {block.name for block in trees[other].find_all(nodes.Block)}
        waiting += [other for other in above if other not in seen]
        seen.update(above)
    return found


def _outer_blocks(node: nodes.Node) -> Iterator[nodes.Block]:
    """Blocks that stand in no other; those within one are shown with it."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Block):
            yield child
        else:
            yield from _outer_blocks(child)


def _optional_names(tree: nodes.Template) -> Iterator[nodes.Node]:
    """Nodes that may be undefined: before ``|default`` and ``is defined``."""
    for filtered in tree.find_all(nodes.Filter):
        if filtered.name in ("default", "d") and filtered.node is not None:
            yield from _chain(filtered.node)
    for test in tree.find_all(nodes.Test):
        if test.name in ("defined", "undefined"):
            yield from _chain(test.node)


def _chain(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    if isinstance(node, (nodes.Getattr, nodes.Getitem)):
        yield from _chain(node.node)


def _suggest(name: str, names: Collection[str]) -> str:
    if not names:
        return "There are none."
    near = difflib.get_close_matches(name, sorted(names), n=1)
    return f'Did you mean "{near[0]}"?' if near else f"Known here: {', '.join(sorted(names)[:40])}."
