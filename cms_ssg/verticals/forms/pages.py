"""Plain pages of forms, for those that have none of their own in the site: what is wrong, thanks, and the two steps of a link from an e-mail."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import escape

from cms_ssg.render.strings import Translator


def render_page(title: str, inner: str, *, locale: str, direction: str, styles: Sequence[str], t: Translator, home: str) -> str:
    """A whole page. inner: HTML."""
    links = "".join(f'<link rel="stylesheet" href="{escape(style)}">' for style in styles)
    return (
        f'<!doctype html>\n<html lang="{escape(locale)}" dir="{escape(direction)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        f'<meta name="robots" content="noindex">\n<title>{escape(title)}</title>\n{links}\n</head>\n'
        f'<body><main class="entry"><header class="head"><h1>{escape(title)}</h1></header>\n{inner}\n'
        f'<p><a href="{escape(home)}">{escape(t("home"))}</a></p>\n</main></body>\n</html>\n'
    )


def render_wrong(said: Sequence[str], back: str, t: Translator) -> str:
    """What keeps a form from being taken. back: where it is."""
    lines = "".join(f"<li>{escape(line)}</li>" for line in said)
    link = f'<p><a class="button" href="{escape(back)}">{escape(t("form_back"))}</a></p>' if back else ""
    return f'<ul role="alert">{lines}</ul>\n<p>{escape(t("form_wrong_text"))}</p>\n{link}'


def render_ask(text: str, button: str, action: str, token: str) -> str:
    """A question with one button: a link in an e-mail is followed by programs too, which press none."""
    return (
        f'<p>{escape(text)}</p>\n<form class="form" action="{escape(action)}" method="post">'
        f'<input type="hidden" name="token" value="{escape(token)}"><button class="button">{escape(button)}</button></form>'
    )


def render_text(text: str) -> str:
    """A paragraph."""
    return f"<p>{escape(text)}</p>"
