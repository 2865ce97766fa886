"""Names that editors, merges and file synchronisation leave beside content: they may hold a draft, and nobody meant them for visitors."""

from __future__ import annotations

import re
from typing import Final

from cms_ssg.files.media_types import TYPES

_LEFT: Final = re.compile(
    r"""
      .*\.(?:orig|rej|bak\d*|backup|bkp|old|save|sav|tmp|temp|autosave|asv|crdownload|part|partial|mine|theirs|ours
           |sw[a-p0-9]|kate-swp|r\d+|dpkg-\w+|rpm(?:new|save|orig))(?:[._-]?\d+)?
    | .*[._](?:base|local|remote|backup|orig|mine|theirs|ours)[._]\d+(?:\..*)?   # git mergetool: plan_BASE_1234.md, plan.md.LOCAL.1234.md
    | .*\.sync-conflict-\d{8}-.*                                                 # Syncthing
    | .*\(.*conflicted\ copy.*\).* | .*\ conflicted\ copy.* | .*\(case\ conflict.*\).*   # Dropbox, Nextcloud
    | nohup\.out | (?:npm-debug|yarn-error)\.log                                  # what was started in the folder
    | ~\$.*                                                                      # Office
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_COPY_OF_CONTENT: Final = re.compile(r".*\.(?:md|mdx|markdown)[._~ -].*", re.IGNORECASE | re.DOTALL)


def is_leftover(file: str) -> bool:
    """Whether a file's name is one of those: ``plan.md.orig``, ``plan_BASE_1234.md``. It is neither content nor published."""
    return _LEFT.fullmatch(file.rpartition("/")[2]) is not None


def is_copy(file: str) -> bool:
    """Whether a file that is no content has the name of a content file and something behind it: ``plan.md.2``, ``plan.md.txt``.

    One with an ending that says what it is, such as ``plan.md.pdf``, was made of it on purpose.
    """
    name = file.rpartition("/")[2]
    ending = name.rpartition(".")[2].lower()
    return _COPY_OF_CONTENT.fullmatch(name) is not None and TYPES.get(ending, "text/plain") == "text/plain"
