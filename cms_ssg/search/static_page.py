"""The search page of a site without an API: a form that a script of the theme answers, from files beside the pages."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cms_ssg.render.strings import Translator


def render_static_search(t: Translator, index: str, page_size: int) -> str:
    """The form, hidden until a script is there to answer it, and a word for those who have none.

    index: address of Pagefind's script; page_size: how many hits are shown at once.
    """
    texts = {
        "index": index,
        "size": str(page_size),
        "offline": t("search_offline"),
        "nothing": t("search_nothing"),
        "results": t("search_results", count="#"),
        "next": t("search_next"),
    }
    data = " ".join(f'data-{name}="{escape(text)}"' for name, text in texts.items())
    return (
        f'<form class="search" role="search" hidden {data}><label class="hide" for="q">{escape(t("search"))}</label>'
        '<input id="q" name="q" type="search" maxlength="200" autocomplete="off" enterkeyhint="search">'
        f"<button>{escape(t('search'))}</button></form>\n"
        f'<noscript><p class="notice">{escape(t("search_needs_script"))}</p></noscript>\n<div id="results"></div>'
    )
