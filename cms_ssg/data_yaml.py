"""How data files in YAML are read: safe types only, no key twice, dates left as they are written."""

from __future__ import annotations

from typing import Any

import yaml

Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_MERGED_KEYS = 10_000


class DataLoader(Base):  # type: ignore[misc]
    """The C loader, stricter."""

    def flatten_mapping(self, node: Any) -> None:
        """Merge keys (``<<``) multiply what they hold; a few lines of them can fill the memory."""
        super().flatten_mapping(node)
        if len(node.value) > MAX_MERGED_KEYS:
            raise yaml.constructor.ConstructorError(None, None, "merge keys expand to too much", node.start_mark)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f'the key "{key.value}" is there twice', key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


DataLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in Base.yaml_implicit_resolvers.items()
}
