"""What is wrong with a site.toml that is no TOML, and on which line. Imported only when something is."""

from __future__ import annotations

import re
import tomllib

from cms_ssg.errors import CmsError, fail

FILE = "site.toml"


_AT_LINE = re.compile(r" \(at line (\d+), column (\d+)\)$|\s*\(at end of document\)$")


def explain_toml(text: str, error: tomllib.TOMLDecodeError) -> CmsError:
    """The decoder's complaint with its line as a place."""
    message = str(error)
    found = _AT_LINE.search(message)
    line = int(found[1]) if found and found[1] else text.rstrip().count("\n") + 1
    message = message[: found.start()] if found else message
    is_twice = re.search("overwrite|twice|mutate", message)
    hint = "This key or [table] stands in the file already: write it once." if is_twice else _suggest_quotes(text, line)
    return fail("settings.toml", f"is not TOML: {message[:1].lower()}{message[1:]}", place=FILE, line=line, hint=hint)


def _suggest_quotes(text: str, line: int) -> str:
    """What most often is wrong with a line: a text without quotes, or a colon in place of the equals sign."""
    rows = text.split("\n")
    row = rows[line - 1] if line <= len(rows) else ""
    if bare := re.fullmatch(r"\s*([\w.-]+)\s*=\s*([^\s\"'\[{#][^\"']*)", row):
        value = bare[2].strip()
        if value.lower() in ("yes", "no", "on", "off", "true", "false"):
            return f"Write {bare[1]} = true, or false."
        return f'A text stands in quotes: {bare[1]} = "{value}"'
    if colon := re.fullmatch(r"\s*([\w.-]+):\s*(.*)", row):
        value = colon[2].strip()
        return f"Keys are followed by an equals sign: {colon[1]} = " + (value if value[:1] in ("'", '"', "[", "{") else f'"{value}"')
    return "https://toml.io"
