"""Where forms keep what people said of themselves."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg.kinds.vertical import Personal

_THEIRS: Final[LiteralString] = """site = %(site)s AND (email = lower(%(email)s)
  OR EXISTS (SELECT FROM jsonb_each_text(fields) f WHERE lower(f.value) = lower(%(email)s)))"""

EXPORT: Final[LiteralString] = (
    f"SELECT 'form_submissions', to_jsonb(s) - 'secret' FROM cms.form_submissions s WHERE {_THEIRS} ORDER BY number"
)
ERASE: Final[tuple[LiteralString, ...]] = (f"DELETE FROM cms.form_submissions WHERE {_THEIRS}",)
PERSONAL: Final = Personal(EXPORT, ERASE)
