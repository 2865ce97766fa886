"""The Markdown parser: markdown-it's rules with short ways for what most texts are made of. Others need no more than these names."""

from __future__ import annotations

from cms_ssg.content.markdown.parser.inlines import write_plain
from cms_ssg.content.markdown.parser.parser import make_parser

__all__ = ["make_parser", "write_plain"]
