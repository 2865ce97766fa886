"""The tag ``{% fragment "latest" %}``: a part of pages that is an output of its own, put in by whoever the site's settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

if TYPE_CHECKING:
    from cms_ssg.render.page import Page

CALLED: Final = "fragment_tag"
"""The name by which the compiled tag calls ``put_fragment``."""


class FragmentTag(Extension):
    """Compiles ``{% fragment name %}`` to a call."""

    tags = {"fragment"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        return nodes.Output([nodes.Call(nodes.Name(CALLED, "load"), [parser.parse_expression()], [], None, None)], lineno=line)


def put_fragment(page: Page, name: str) -> Any:
    """What stands in a page for a fragment, as the feature that makes fragments says. Raises ValueError where no feature of the site does."""
    for vertical in page.site.features.verticals:
        if vertical.fragments:
            return getattr(page.views[vertical.name], vertical.fragments)(name)
    raise ValueError(f'{{% fragment "{name}" %}}: no feature of this site makes fragments; news does')
