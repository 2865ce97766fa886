"""Changes single keys of a YAML head by cutting the text where the parser says the value stands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import yaml

from cms_ssg.content.frontmatter.yaml_fields import LOADER
from cms_ssg.types import Json


def patch_yaml(head: str, changes: Mapping[tuple[str, ...], Json | datetime]) -> str:
    """The head with keys set or, where the value is None, removed.

    changes: by the way to a value through the tables around it. Raises ValueError where the text does not allow it.
    """
    for keys, value in changes.items():
        head = _remove(head, keys) if value is None else _set(head, keys, value)
    return head


def _compose(head: str) -> yaml.Node | None:
    """The head as the parser sees it, None for an empty head. Raises ValueError."""
    try:
        node = yaml.compose(head, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    return node


def _descend(head: str, keys: tuple[str, ...]) -> tuple[yaml.MappingNode | None, tuple[str, ...]]:
    """The innermost mapping that is there on the way to a value, None for an empty head, and what of the way is left. Raises ValueError."""
    node = _compose(head)
    while node is not None:
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            raise ValueError("not a block mapping")
        if len(keys) == 1 or (found := _find(node, keys[0])) is None:
            return node, keys
        node, keys = found[1], keys[1:]
    return None, keys


def _find(root: yaml.MappingNode | None, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    found = [(name, value) for name, value in (root.value if root else []) if isinstance(name, yaml.ScalarNode) and name.value == key]
    if len(found) > 1:
        raise ValueError("the key is there twice")
    return found[0] if found else None


def _set(head: str, keys: tuple[str, ...], value: Json | datetime) -> str:
    root, (key, *inner) = _descend(head, keys)
    for name in reversed(inner):
        value = {name: value.isoformat() if isinstance(value, datetime) else value}
    found = _find(root, key)
    if found is None:
        head = head if not head or head.endswith("\n") else head + "\n"
        at = _end_of(root, head) if root else len(head)
        at = head.find("\n", at) + 1 if root and head.find("\n", at) >= 0 else len(head)
        indent = " " * root.start_mark.column if root else ""
        return f"{head[:at]}{indent}{_dump_key(key)}: {dump_yaml(value)}\n{head[at:]}"
    place, node = found
    start, end = node.start_mark.index, _end_of(node, head)
    if isinstance(value, list) and (longer := _append(head, node, value)) is not None:
        return longer
    if start == end or _starts_block(head, place, start):
        start = head.index(":", place.end_mark.index) + 1
        return f"{head[:start]} {dump_yaml(value)}{head[max(end, start) :]}"
    return head[:start] + dump_yaml(value, _style_of(node)) + head[end:]


def _remove(head: str, keys: tuple[str, ...]) -> str:
    root, left = _descend(head, keys)
    found = _find(root, left[0])
    if found is None or len(left) > 1:
        return head
    name, node = found
    start = head.rfind("\n", 0, name.start_mark.index) + 1
    end = head.find("\n", max(_end_of(node, head), name.end_mark.index))
    return head[:start] + (head[end + 1 :] if end >= 0 else "")


def _append(head: str, node: yaml.Node, value: list[Any]) -> str | None:
    """The head with what value has more than the sequence added to it in its own style; None where that is not the change."""
    if not isinstance(node, yaml.SequenceNode) or not node.value or not all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return None
    old = [item.value for item in node.value]
    if value[: len(old)] != old:
        return None
    last = node.value[-1]
    at = _end_of(last, head)
    style = _style_of(last)
    if node.flow_style:
        return head[:at] + "".join(f", {dump_yaml(item, style)}" for item in value[len(old) :]) + head[at:]
    line = head.rfind("\n", 0, last.start_mark.index) + 1
    lead = head[line : last.start_mark.index]
    if lead.strip() != "-":
        return None
    at = head.find("\n", at)
    at = len(head) if at < 0 else at
    return head[:at] + "".join(f"\n{lead}{dump_yaml(item, style)}" for item in value[len(old) :]) + head[at:]


def _starts_block(head: str, name: yaml.Node, start: int) -> bool:
    """Whether a value begins on a line below its key, or is a block scalar: it is replaced from the colon on."""
    return "\n" in head[name.end_mark.index : start] or head[start : start + 1] in ("|", ">")


def _end_of(node: yaml.Node, head: str) -> int:
    """Where a node's text ends, without the blank lines and comments that the parser counts to it."""
    if isinstance(node, yaml.ScalarNode):
        end = node.end_mark.index
        return node.start_mark.index + len(head[node.start_mark.index : end].rstrip()) if node.style in ("|", ">") else end
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return max(_end_of(part, head) for part in last) if isinstance(last, tuple) else _end_of(last, head)


def _style_of(node: yaml.Node) -> str:
    return node.style or "" if isinstance(node, yaml.ScalarNode) and node.style in ("'", '"') else ""


def _dump_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", key) else dump_yaml(key)


def dump_yaml(value: Json | datetime, style: str = "") -> str:
    """The value in one line of YAML. style: the quotes that stood there before, kept where they can hold a text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, list):
        return "[" + ", ".join(dump_yaml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{dump_yaml(str(key))}: {dump_yaml(item)}" for key, item in value.items()) + "}"
    if not isinstance(value, str):
        return json.dumps(value)
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if style == "" and _is_plain(value):
        return value
    # beyond 16 bits YAML has one escape where JSON has a pair
    return "".join(c if c.isprintable() or c == " " else f"\\U{ord(c):08X}" for c in json.dumps(value, ensure_ascii=False))


@lru_cache(maxsize=4096)
def _is_plain(text: str) -> bool:
    """Whether a text means itself without quotes, also inside a flow list. Cached: a product with a thousand variations has few different keys and values."""
    if not re.fullmatch(r"[^\W\d_](?:[\w .()/+!?;-]*[\w.()/+!?;-])?|/[\w./-]*", text) or not text.isprintable():
        return False
    try:
        # libyaml is fast, and takes some texts with a question mark that PyYAML's own parser refuses
        return bool(yaml.load(f"[{text}]", Loader=yaml.SafeLoader if "?" in text else LOADER) == [text])  # noqa: S506 - both are safe
    except yaml.YAMLError:
        return False
