"""The characters that enclose a link's index in stored HTML, and a shortcode's while Markdown is parsed; no input can hold them."""

from __future__ import annotations

import re
from typing import Final

OPEN: Final = "\ufdd0"
CLOSE: Final = "\ufdd1"
"""Non-characters: Unicode keeps them for internal use, so that they are taken out of any input."""
TAG_OPEN: Final = "\ufdd2"
TAG_CLOSE: Final = "\ufdd3"
PLACEHOLDER: Final = re.compile(f"{OPEN}([0-9]+){CLOSE}")
