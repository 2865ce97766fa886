"""Routes of forms: ``POST /api/forms/NAME``, and the links of the e-mails that ask for a confirmation."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from markupsafe import Markup
from psycopg.types.json import Jsonb
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import JSON
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.confirm_links import answer_page, make_button
from cms_ssg.api.form_again import Blank, Question, answer_again, render_form
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.kinds.reference import resolve
from cms_ssg.mail.outbox import ADD as ADD_MAIL
from cms_ssg.mail.outbox import mail_values
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.forms import queries
from cms_ssg.verticals.forms.definition import GOAL, LOCALE, TRAP, Filled, Form, fill_form, make_form
from cms_ssg.verticals.forms.mails import Mail, write_confirmation, write_notice

router = Router("Forms")

MOST_FIELDS: Final = 100
MOST_GOALS: Final = 10
PER_MINUTE: Final = 10
PENDING_DAYS: Final = 7
"""How long the link that confirms an address works."""

AGAIN_S: Final = 3600
"""An address is asked to confirm once in this time, however often somebody types it in."""

_HIDDEN: Final = (Question(LOCALE, type="hidden"), Question(GOAL, type="hidden"))


@router.post("/api/forms/{name}", scope=PUBLIC, per_minute=PER_MINUTE, summary="Send a form")
async def send(request: Request, name: str) -> Response:
    """Take what a visitor sent: from a page (answered by a page) or as a JSON object of texts."""
    context = site_of(request)
    _check_origin(request, context)
    sent, is_json = await _read_body(request)
    locale = _find_locale(context, sent)
    form = await _load_form(context, name, locale)
    if any(sent.get(TRAP, ())):  # a program, which is told nothing
        return await _answer_thanks(context, form, locale, is_json)
    filled = fill_form(form, sent)
    if filled.wrong:
        return await _answer_wrong(request, context, form, filled, sent, is_json)
    await _store(context, form, filled, locale)
    await _tell_features(request, sent.get(GOAL, ()))
    return await _answer_thanks(context, form, locale, is_json)


@router.get("/api/forms/{name}/thanks", scope=PUBLIC, include_in_schema=False)
async def show_thanks(request: Request, name: str) -> Response:
    """The page after a form that names none."""
    context = site_of(request)
    locale = _find_locale(context, {LOCALE: [request.query_params.get("locale", "")]})
    form = await _load_form(context, name, locale)
    key = "form_check_mail" if form.needs_confirmation else "form_thanks"
    t = context.translate(locale)
    return await answer_page(context, t(key), t(f"{key}_text"), locale=locale)


@router.get("/api/forms/{name}/{act}", scope=PUBLIC, per_minute=60, include_in_schema=False)
async def ask(request: Request, name: str, act: str) -> Response:
    """What a link in an e-mail leads to: a question with a button, since programs follow links."""
    context = site_of(request)
    _check_act(act)
    token = request.query_params.get("token", "")
    async with context.connection() as connection:
        rows = await fetch_async(connection, queries.BY_SECRET, site=context.number, secret=digest_token(token))
    if not rows or rows[0].form != name:
        return await _answer_old(context, context.site.default_locale)
    row = rows[0]
    t = context.translate(row.locale)
    form = await _load_form(context, name, row.locale)
    text = t(f"form_{act}_text", email=row.email, form=form.title)
    action = f"{context.base_path}/api/forms/{name}/{act}"
    button = make_button(action, "token", token, t(f"form_{act}_button"))
    return await answer_page(context, t(f"form_{act}"), text, button, locale=row.locale)


@router.post("/api/forms/{name}/{act}", scope=PUBLIC, per_minute=PER_MINUTE, include_in_schema=False)
async def confirm(request: Request, name: str, act: str) -> Response:
    """Confirm an address, or take it off the list."""
    context = site_of(request)
    _check_act(act)
    sent, _ = await _read_body(request)
    secret = digest_token(" ".join(sent.get("token", ())))
    async with context.connection() as connection:
        rows = await fetch_async(connection, queries.BY_SECRET, site=context.number, secret=secret)
        locale = rows[0].locale if rows else context.site.default_locale
        statement = queries.CONFIRM if act == "confirm" else queries.LEAVE
        done = await (await connection.execute(statement, (context.number, secret))).fetchone()
    if done is None:
        return await _answer_old(context, locale)
    t = context.translate(locale)
    if act == "leave":
        return await answer_page(context, t("form_left"), t("form_left_text"), locale=locale)
    form = await _load_form(context, name, locale)
    if form.confirmed:
        return Response(None, 303, {"Location": context.base_path + form.confirmed})
    return await answer_page(context, t("form_confirmed"), t("form_confirmed_text"), locale=locale)


def digest_token(token: str) -> bytes:
    """What is stored of the token in a link."""
    return sha256(token.encode("utf-8", "replace")).digest()


def _check_act(act: str) -> None:
    if act not in ("confirm", "leave"):
        raise fail("api.no-route", "there is nothing at this address", status=404, hint="Its routes are listed at /docs.")


def _check_origin(request: Request, context: SiteContext) -> None:
    """Refuse a form of somebody else's page: browsers say whose it is."""
    origin, fetched_by = request.headers.get("origin", ""), request.headers.get("sec-fetch-site", "")
    hosts = {request.headers.get("host", ""), urlsplit(context.site.origin).netloc, *context.site.settings.api.hosts}
    if origin in context.site.settings.api.cors or fetched_by in ("same-origin", "none"):
        return
    if fetched_by == "cross-site" or (origin and urlsplit(origin).netloc not in hosts):
        hint = "[api] cors in site.toml names other origins that may send."
        raise fail("forms.origin", "this form is taken from the site's own pages", status=403, hint=hint)


async def _read_body(request: Request) -> tuple[dict[str, list[str]], bool]:
    """The fields of the body, and whether it is JSON. Raises ApiError api.invalid."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    data = await request.body()
    if kind == "application/x-www-form-urlencoded":
        try:
            return parse_qs(data.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS), False
        except ValueError:
            raise fail("api.invalid", f"the form has more than {MOST_FIELDS} fields", status=422) from None
    if kind == JSON:
        try:
            value: Any = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise fail("api.invalid", "the body is no JSON", status=422) from None
        if not isinstance(value, dict) or len(value) > MOST_FIELDS or not all(isinstance(one, str | int | float) for one in value.values()):
            raise fail("api.invalid", "the body is an object of texts", status=422)
        return {name: [_say(one)] for name, one in value.items()}, True
    said = "application/x-www-form-urlencoded or application/json"
    raise fail("api.invalid", f"a form is sent as {said}", status=415, hint="Files are not taken.")


def _say(value: str | float) -> str:
    return ("yes" if value else "") if isinstance(value, bool) else str(value)


def _find_locale(context: SiteContext, sent: Mapping[str, Sequence[str]]) -> str:
    code = (sent.get(LOCALE) or [""])[0].lower()
    return code if code in context.site.locales else context.site.default_locale


async def _load_form(context: SiteContext, name: str, locale: str) -> Form:
    """The form of this name. Raises ApiError forms.unknown."""
    if "\0" not in name:
        async with context.connection() as connection:
            rows = await fetch_async(
                connection, queries.FORM, site=context.number, form=name, locale=locale, default=context.site.default_locale
            )
        if rows:
            return make_form(rows[0].fields)
    raise fail("forms.unknown", "there is no such form", status=404, hint="Forms are files in content/forms, known from the next build on.")


async def _store(context: SiteContext, form: Form, filled: Filled, locale: str) -> None:
    """Keep what was sent, with the e-mails that follow from it, in one transaction."""
    asked = form.email_field
    email = filled.values.get(asked.name, "").lower() if asked is not None else ""
    values = {"site": context.number, "form": form.name, "locale": locale, "email": email or None, "fields": Jsonb(filled.values)}
    token = secrets.token_urlsafe(32)
    t = context.translate(locale)
    async with context.connection() as connection, connection.transaction():
        if form.needs_confirmation:
            more = {"secret": digest_token(token), "pending_days": PENDING_DAYS, "again_s": AGAIN_S}
            row = await (await connection.execute(queries.ADD_PENDING, values | more)).fetchone()
        else:
            row = await (await connection.execute(queries.ADD, values | {"keep_days": form.keep_days})).fetchone()
        if row is None:  # the address is on the list, or was asked a moment ago; whoever typed it in is not told which
            return
        mails: list[Mail] = []
        if form.needs_confirmation:
            base = f"{context.site.link_url}/api/forms/{form.name}"
            mails.append(write_confirmation(email, form.title, context.site.settings.title, base, token, t))
        mails += [write_notice(to, form, filled.values, email) for to in form.mail_to]
        for mail in mails:
            await connection.execute(ADD_MAIL, mail_values(context.number, *mail))


async def _tell_features(request: Request, texts: Sequence[str]) -> None:
    """Tell the site's other features that a form was accepted whose page had these texts for them."""
    for vertical in site_of(request).site.features.verticals:
        if vertical.accepted:
            note = resolve(vertical.accepted)
            for text in texts[:MOST_GOALS]:
                await note(request, text)


async def _answer_thanks(context: SiteContext, form: Form, locale: str, is_json: bool) -> Response:
    if is_json:
        return Response(msgspec.json.encode({"status": "confirm" if form.needs_confirmation else "received"}), 201, media_type=JSON)
    plain = f"/api/forms/{form.name}/thanks" + (f"?locale={locale}" if locale != context.site.default_locale else "")
    return Response(None, 303, {"Location": context.base_path + (form.thanks or plain)})


async def _answer_wrong(
    request: Request, context: SiteContext, form: Form, filled: Filled, sent: Mapping[str, Sequence[str]], is_json: bool
) -> Response:  # fmt: skip
    """What is wrong; for a page with the form as it was filled in."""
    locale = _find_locale(context, sent)
    t = context.translate(locale)
    said = [(one.name, t(key, max=one.most)) for one, key in filled.wrong]
    if is_json:
        raise ApiError(
            422, "forms.invalid", "the form is not filled in as it asks: " + ", ".join(name for name, _ in said), fields=tuple(said)
        )
    referer = urlsplit(request.headers.get("referer", ""))
    back = referer.path if referer.netloc == request.headers.get("host", "") else ""
    link = Markup('<p><a href="{}">{}</a></p>').format(back, t("form_back")) if back else ""
    action = f"{context.base_path}/api/forms/{form.name}"
    blank = Blank(
        action,
        [*_HIDDEN, *form.fields],
        form.button or t("form_send"),
        form.note,
        f"form-{form.name}-",
        t("form_choose"),
        t("form_optional"),
    )
    shown = render_form(blank, {**sent, LOCALE: [locale]}, dict(said))
    return await answer_again(request, t("form_wrong"), shown + link, locale)


async def _answer_old(context: SiteContext, locale: str) -> Response:
    t = context.translate(locale)
    return await answer_page(context, t("form_old_link"), t("form_old_link_text"), status=410, locale=locale)
