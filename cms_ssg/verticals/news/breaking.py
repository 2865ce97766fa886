"""Breaking news as it is written, by a command or by the API: checked, in words that say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Final
from zoneinfo import ZoneInfo

from cms_ssg.errors import fail
from cms_ssg.text.slugs import make_slug

STYLES: Final = ("banner", "ticker", "modal", "push")
MOST_HEADLINE, MOST_SUMMARY = 300, 1000
_SPAN: Final = re.compile(r"\+?([0-9]{1,5})\s*(s|m|min|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class BreakingInput:
    """An item to be shown. sections: slugs, None for all; expires_at: None for never."""

    headline: str
    summary: str = ""
    priority: int = 1
    style: str = "banner"
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    home: bool = True
    sections: tuple[str, ...] | None = None


def check_breaking(item: BreakingInput, sections: Collection[str]) -> BreakingInput:
    """The item as it is stored. sections: slugs that the site has. Raises CmsError news.breaking, news.no-section."""
    headline, summary = _clean(item.headline), _clean(item.summary)
    if not headline:
        raise fail("news.breaking", "breaking news has a headline", hint='cms news breaking add "What happened"')
    if len(headline) > MOST_HEADLINE or len(summary) > MOST_SUMMARY:
        raise fail(
            "news.breaking",
            f"a headline has at most {MOST_HEADLINE} characters, a summary {MOST_SUMMARY:,}",
            hint="Put the rest into a story.",
        )
    if item.style not in STYLES:
        raise fail("news.breaking", f"there is no style {item.style!r}", hint=f"Styles: {', '.join(STYLES)}.")
    if not -1000 <= item.priority <= 1000:
        raise fail("news.breaking", "the priority is a number from -1000 to 1000", hint="The highest comes first.")
    now = datetime.now(UTC)
    if item.expires_at is not None and item.expires_at <= max(now, item.starts_at or now):
        raise fail("news.breaking", "it would be over before it begins", hint="Let it expire later: --expires 2h.")
    wanted = None if item.sections is None else tuple(dict.fromkeys(make_slug(name) for name in item.sections))
    for slug in wanted or ():
        if slug not in sections:
            near = get_close_matches(slug, sections, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Sections: {', '.join(sections) or 'none yet'}."
            raise fail("news.no-section", f"there is no section {slug!r}", hint=hint)
    if wanted == () and not item.home:
        raise fail("news.breaking", "it would be shown nowhere", hint="Name a section, or leave the front page on.")
    return BreakingInput(headline, summary, item.priority, item.style, item.starts_at, item.expires_at, item.home, wanted)


def _clean(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())


def parse_time(text: str, zone: ZoneInfo, now: datetime | None = None) -> datetime | None:
    """A time, or a span from now: ``2026-03-01 18:00``, ``2h``, ``30m``; None for "". Raises CmsError news.time."""
    text = text.strip()
    if not text:
        return None
    if found := _SPAN.fullmatch(text):
        return (now or datetime.now(UTC)) + timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise fail("news.time", f"{text[:50]!r} is no time", hint="Write 2026-03-01 18:00, or a span from now on: 30m, 2h, 1d.") from None


def say_sections(sections: Sequence[str] | None) -> str:
    """Where it is shown, besides the front page."""
    return "all sections" if sections is None else ", ".join(sections) or "no section"
