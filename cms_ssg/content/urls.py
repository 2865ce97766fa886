"""URLs in content: whether one has to be looked up in the site, and whether its scheme is harmless."""

from __future__ import annotations

import re
from typing import Final

SCHEME: Final = re.compile(r"[\x00-\x20]*(?!ref:)[A-Za-z][A-Za-z0-9+.\t\n\r-]+:")
"""As a browser finds it: controls and spaces before it do not count, nor do tabs and line ends within (https://url.spec.whatwg.org)."""
PLAIN_WEB: Final = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?(?:/[A-Za-z0-9\-._~/?=+,;:@#]*)?")
CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
BARE_SCHEME: Final = re.compile(r" *([A-Za-z][A-Za-z0-9+.-]*):")
WHOLE_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
SAFE_SCHEMES: Final = frozenset(["ftp", "http", "https", "irc", "ircs", "mailto", "ref", "sms", "tel", "xmpp"])
SCRIPT_SCHEMES: Final = frozenset(["data", "javascript", "vbscript"])


def is_relative(target: str) -> bool:
    """Whether a link's target has to be looked up: no scheme but ``ref:``, no ``//host``, no bare ``#fragment``, not empty."""
    return bool(target) and target[0] != "#" and not target.startswith("//") and not SCHEME.match(target)


def find_scheme(url: str) -> str:
    """The scheme of a URL in lower case, "" for none; controls within it, which nobody sees, are left out first."""
    match = BARE_SCHEME.match(CONTROLS.sub("", url))
    return match[1].lower() if match else ""


def is_safe_url(url: str) -> bool:
    """Whether a URL has no scheme, or one of those that lead somewhere and run nothing. url: without character references."""
    return find_scheme(url) in SAFE_SCHEMES or not find_scheme(url)


def runs_script(url: str) -> bool:
    """Whether a URL may be a script, or a page of its own."""
    return find_scheme(url) in SCRIPT_SCHEMES
