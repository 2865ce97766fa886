"""Links in e-mails that confirm something: the word in such a link, of which the store keeps a digest, and the page with a button that it leads to."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Annotated, Final, LiteralString

from markupsafe import Markup, escape
from pydantic import BaseModel, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import HTML
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext

STYLE: Final[LiteralString] = r"""
SELECT name FROM cms.claims WHERE site = %s AND wins AND name ~ '^/assets/(site|forms)\.[0-9a-f]+\.css$' ORDER BY name DESC"""
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


class Word(BaseModel):
    """The word of a link, as the page's button sends it."""

    word: Annotated[str, StringConstraints(max_length=100)] = ""


def make_word() -> tuple[str, bytes]:
    """A new word for a link, and what is stored of it."""
    word = secrets.token_urlsafe(32)
    return word, digest_word(word)


def digest_word(word: str) -> bytes:
    """What is stored of a word."""
    return sha256(word.encode("utf-8", "replace")).digest()


def make_button(action: str, name: str, word: str, button: str) -> Markup:
    """A form of one button that sends the word of a link. name: of its field."""
    form = Markup(
        '<form class="form" method="post" action="{}"><input type="hidden" name="{}" value="{}"><button class="button">{}</button></form>'
    )
    return form.format(action, name, word[:100], button)


async def ask(context: SiteContext, text: str, button: str, action: str, word: str) -> Response:
    """A page that asks a question with one button: programs that look into e-mails open links, and must not confirm anything."""
    return await answer_page(context, button, text, make_button(action, "word", word, button))


def add_question(router: Router, url: str, text: str, button: str) -> None:
    """Add the page that a link in an e-mail leads to, whose button sends the link's word to the same address. text, button: keys of texts."""

    @router.get(url, scope=PUBLIC, per_minute=20, include_in_schema=False)
    async def ask_to_confirm(request: Request, word: str = "") -> Response:
        """What the link in the e-mail leads to."""
        context = site_of(request)
        t = context.translate(context.site.default_locale)
        return await ask(context, t(text), t(button), context.base_path + url, word)


async def answer_page(context: SiteContext, title: str, text: str, inner: str = "", status: int = 200, locale: str = "") -> Response:
    """A plain page in the site's style. inner: HTML below the text; locale: its code, "" for the site's first one."""
    async with context.connection() as connection:
        rows = await (await connection.execute(STYLE, (context.number,))).fetchall()
    site = context.site
    known = site.locales.get(locale) or site.locales[site.default_locale]
    style = "".join(f'<link rel="stylesheet" href="{escape(context.base_path + name)}">' for (name,) in rows)
    home = context.translate(known.code)("home")
    html = (
        f'<!doctype html>\n<html lang="{escape(known.hreflang or known.code)}" dir="{known.dir or "ltr"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<meta name="robots" content="noindex"><title>{escape(title)}</title><link rel="icon" href="data:,">{style}</head><body><main class="entry"><header class="head">'
        f"<h1>{escape(title)}</h1></header><p>{escape(text)}</p>{inner}"
        f'<p><a href="{escape(context.base_path + site.prefix(known.code))}/">{escape(home)}</a></p></main></body></html>\n'
    )
    return Response(html.encode("utf-8", "replace"), status, HEADERS, HTML)
