"""What is wrong with a site.toml that is no TOML, and on which line. Imported only when something is."""

from __future__ import annotations

import re

from cms_ssg.errors import CmsError, fail
from cms_ssg.files.toml_errors import TOO_LONG, split_toml_error

FILE = "site.toml"


def explain_toml(text: str, error: ValueError) -> CmsError:
    """The decoder's complaint with its line as a place."""
    message, line = split_toml_error(error, text)
    line = line or text.rstrip().count("\n") + 1
    is_twice = re.search("overwrite|twice|mutate", message)
    if message == TOO_LONG:
        return fail("settings.toml", f"is not TOML: {message}", place=FILE, line=line, hint="Write a shorter one, or a text in quotes.")
    hint = "This key or [table] stands in the file already: write it once." if is_twice else _suggest_quotes(text, line)
    return fail("settings.toml", f"is not TOML: {message}", place=FILE, line=line, hint=hint)


def _suggest_quotes(text: str, line: int) -> str:
    """What most often is wrong with a line: a text without quotes, or a colon in place of the equals sign."""
    rows = text.split("\n")
    row = rows[line - 1] if line <= len(rows) else ""
    if typeset := re.fullmatch(r"\s*([\w.-]+)\s*=\s*[“”„‟«»‘’‚‹›″′`]+([^“”„‟«»‘’‚‹›″′`\"]*)[“”„‟«»‘’‚‹›″′`]*\s*(?:#.*)?", row):
        return f'The quotes are straight ones: {typeset[1]} = "{typeset[2].strip()}"'
    if bare := re.fullmatch(r"\s*([\w.-]+)\s*=\s*([^\s\"'\[{#][^\"']*)", row):
        value = bare[2].strip()
        if value.lower() in ("yes", "no", "on", "off", "true", "false"):
            return f"Write {bare[1]} = true, or false."
        return f'A text stands in quotes: {bare[1]} = "{value}"'
    if colon := re.fullmatch(r"\s*([\w.-]+):\s*(.*)", row):
        value = colon[2].strip()
        return f"Keys are followed by an equals sign: {colon[1]} = " + (value if value[:1] in ("'", '"', "[", "{") else f'"{value}"')
    return "https://toml.io"
