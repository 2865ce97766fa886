"""How data files in YAML are read: safe types only, no key twice, scalars by YAML 1.2 as in front matter."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from cms_ssg.content.frontmatter.values import plain_json
from cms_ssg.content.frontmatter.yaml_fields import TAG, resolve_plain

Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_MERGED_KEYS = 10_000
PLAIN: Final = "tag:cms,plain"
"""Of scalars without quotes and without a tag."""


class DataLoader(Base):  # type: ignore[misc]
    """The C loader, stricter. Anchors, aliases and merge keys (``<<``) are understood."""

    def flatten_mapping(self, node: Any) -> None:
        """Merge keys multiply what they hold; a few lines of them can fill the memory. Keys are texts as they were written."""
        super().flatten_mapping(node)
        if len(node.value) > MAX_MERGED_KEYS:
            raise yaml.constructor.ConstructorError(None, None, "merge keys expand to too much", node.start_mark)
        node.value = [(_make_text_key(key), value) for key, value in node.value]

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f'the key "{key.value}" is there twice', key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_plain(self, node: Any) -> Any:
        """The value of a scalar by the core schema of YAML 1.2, whether it has no tag or one of that schema."""
        return plain_json(resolve_plain(node.value))


def _make_text_key(key: Any) -> Any:
    return yaml.ScalarNode(TAG + "str", key.value, key.start_mark, key.end_mark) if key.tag == PLAIN else key


DataLoader.yaml_implicit_resolvers = {"<": [(TAG + "merge", re.compile("<<"))], None: [(PLAIN, re.compile(""))]}
for kind in (PLAIN, *(TAG + name for name in ("null", "bool", "int", "float", "merge"))):
    DataLoader.add_constructor(kind, DataLoader.construct_plain)
