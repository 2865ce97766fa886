"""Forms from end to end: sent without script, stored, mailed by a real SMTP server, confirmed, exported, erased."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from aiosmtpd.smtp import Envelope, Session

from cms_ssg.api.form_again import Blank, render_form
from cms_ssg.api.limits import Limiter
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.mail.sending import send_mails
from cms_ssg.privacy.people import erase_person, find_person
from cms_ssg.store.connect import connect
from cms_ssg.store.open_store import open_store
from cms_ssg.store.tokens import create_token
from cms_ssg.verticals.forms.commands import export, list_forms
from cms_ssg.verticals.forms.definition import make_form
from cms_ssg.verticals.forms.tasks import forget
from tests.api.atlas import Api, build_site, serve_api
from tests.conftest import TEMPLATE, fresh_database
from tests.edge.nginx_server import find_port
from tests.engine.siteonpage import database, parse_files

SITE = """-- site.toml --
title = "Ebb"
base_url = "https://ebb.example"
verticals = ["forms"]
locales = ["en", "de"]
[mail]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Ebb <hello@ebb.example>"
-- content/forms/contact.md --
---
title: Contact
fields:
  - {{name: name, label: Your name, required: true}}
  - {{name: email, label: E-mail, type: email, required: true}}
  - {{name: text, label: What is it about, type: textarea}}
mail_to: [desk@ebb.example]
thanks: /thanks/
keep_days: 30
---
-- content/forms/letter.md --
---
title: Letters
fields: [{{name: email, label: E-mail, type: email, required: true}}]
confirm: true
---
-- content/forms/closed.md --
---
title: Closed
fields: [{{name: name, label: Name}}]
draft: true
---
-- content/pages/thanks.md --
# Thanks
"""
ADA = {"name": "Ada", "email": "Ada@example.org", "text": "Two\nlines"}


class Inbox(MessageHandler):
    """Keeps what is sent; refuses recipients that begin with "refused"."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.messages.append(message)

    async def handle_RCPT(self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address.startswith("refused"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"


class Forms:
    """A site with forms, its API and its mail."""

    def __init__(self, api: Api, url: str, root: Any, inbox: Inbox) -> None:
        self.api, self.url, self.root, self.inbox = api, url, root, inbox

    def send(self, form: str, fields: dict[str, str], **options: Any) -> Any:
        return self.api.client.post(f"/api/forms/{form}", data=fields, **options)

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def opened(self) -> Iterator[OpenSite]:
        with database(self.url), open_store(self.root, "") as (site, connection, row):
            yield OpenSite(site, connection, row.id)

    def mail(self) -> list[Message]:
        """Run the task that sends, and take what arrived."""
        with self.opened() as opened:
            send_mails(opened)
        arrived, self.inbox.messages = self.inbox.messages, []
        return arrived


@pytest.fixture(scope="module")
def served(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forms]:
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=find_port())
    controller.start()
    root = tmp_path_factory.mktemp("forms")
    for path, text in parse_files(SITE.format(port=controller.port)).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    for url in fresh_database(server_url, TEMPLATE):
        build_site(root, url)
        with serve_api([root], url) as api:
            yield Forms(api, url, root, inbox)
    controller.stop()


@pytest.fixture
def forms(served: Forms) -> Forms:
    """With nothing sent yet, and every client's count of requests at 0."""
    served.query("DELETE FROM cms.form_submissions")
    served.query("DELETE FROM cms.mails")
    served.inbox.messages = []
    served.api.framework.state.limiter = Limiter(None)
    return served


def text_of(message: Message) -> str:
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def test_a_form_is_stored_and_leads_to_its_thank_you_page(forms: Forms) -> None:
    answer = forms.send("contact", ADA)
    assert (answer.status_code, answer.headers["location"]) == (303, "/thanks/")
    ((fields, email, status, kept),) = forms.query(
        "SELECT fields, email, status, delete_at - submitted_at > '29 days' FROM cms.form_submissions"
    )
    assert (fields, email, status, kept) == (ADA, "ada@example.org", "received", True)


def test_a_form_may_be_sent_as_json(forms: Forms) -> None:
    answer = forms.api.client.post("/api/forms/contact", json=ADA)
    assert (answer.status_code, answer.json()) == (201, {"status": "received"})
    answer = forms.api.client.post("/api/forms/contact", json={"name": "Ada"})
    assert (answer.status_code, answer.json()["code"], answer.json()["errors"][0]["field"]) == (422, "forms.invalid", "email")


def test_what_is_missing_is_said_on_a_page_in_the_forms_language(forms: Forms) -> None:
    answer = forms.send("contact", {"email": "ada", "_locale": "de"}, headers={"Referer": f"{forms.api.client.base_url}/kontakt/"})
    assert answer.status_code == 422
    assert '<html lang="de"' in answer.text
    assert "Bitte füllen Sie dies aus." in answer.text and "Bitte schreiben Sie eine E-Mail-Adresse wie name@example.org." in answer.text
    assert 'href="/kontakt/"' in answer.text
    assert 'name="email" value="ada"' in answer.text, "what was written is still there"
    assert answer.text.count("autofocus") == 1
    assert 'name="_locale" value="de"' in answer.text
    assert forms.query("SELECT count(*) FROM cms.form_submissions") == [(0,)]


def test_what_was_written_is_shown_again_and_runs_nothing(forms: Forms) -> None:
    page = forms.send("contact", {**ADA, "email": '"><script>alert(1)</script>', "name": "</textarea><b>Ada"}).text
    assert "<script>" not in page and "<b>" not in page
    assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in page
    assert re.findall(r'<small id="form-contact-email-wrong" role="alert">(.*?)</small>', page) == [
        "Please write an e-mail address such as name@example.org."
    ]


def test_every_kind_of_field_keeps_what_was_chosen() -> None:
    form = make_form({"slug": "all", "fields": [
        {"name": "a", "label": "A", "type": "textarea"}, {"name": "b", "label": "B", "type": "select", "options": ["x", "y"]},
        {"name": "c", "label": "C", "type": "radio", "options": ["x", "y"], "required": True}, {"name": "d", "label": "D", "type": "checkbox"},
        {"name": "e", "label": "E", "type": "tel", "hint": "With +", "autocomplete": "tel"},
    ]})  # fmt: skip
    sent = {"a": ["two\nlines"], "b": ["y"], "c": ["x"], "d": ["yes"], "e": ["+39"]}
    html = str(render_form(Blank("/api/forms/all", form.fields, "Send", ids="form-all-"), sent, {"e": "Wrong."}))
    for part in ("\ntwo\nlines</textarea>", '<option value="y" selected>y</option>', 'value="x" checked required>', 'value="yes" checked>', 'value="+39"',
                 'aria-describedby="form-all-e-wrong form-all-e-hint" aria-invalid="true" autofocus autocomplete="tel"'):  # fmt: skip
        assert part in html, part


def test_who_fills_in_what_people_do_not_see_is_thanked_and_forgotten(forms: Forms) -> None:
    answer = forms.send("contact", {**ADA, "_website": "https://spam.example"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/thanks/")
    assert forms.query("SELECT count(*) FROM cms.form_submissions") == [(0,)]


def test_a_client_may_send_ten_forms_a_minute(forms: Forms) -> None:
    answers = [forms.send("contact", ADA).status_code for _ in range(12)]
    assert answers == [303] * 10 + [429] * 2


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"headers": {"Origin": "https://evil.example"}}, 403, "forms.origin"),
        ({"headers": {"Origin": "null"}}, 403, "forms.origin"),
        ({"headers": {"Sec-Fetch-Site": "cross-site"}}, 403, "forms.origin"),
        ({"files": {"file": b"x"}}, 415, "api.invalid"),
        ({"data": {f"f{n}": "x" for n in range(101)}}, 422, "api.invalid"),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 422, "api.invalid"),
        ({"content": b"[1]", "headers": {"Content-Type": "application/json"}}, 422, "api.invalid"),
        ({"content": b"x" * 1_100_000, "headers": {"Content-Type": "text/plain"}}, 413, "api.too-large"),
    ],
)
def test_what_is_no_form_of_ours_is_refused(forms: Forms, options: dict[str, Any], status: int, code: str) -> None:
    answer = forms.api.client.post("/api/forms/contact", **options)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("name", ["nothing", "closed", "no%00thing"])
def test_a_form_that_is_not_there_is_not_found(forms: Forms, name: str) -> None:
    answer = forms.send(name, ADA)
    assert (answer.status_code, answer.json()["code"]) == (404, "forms.unknown")


def test_who_reads_a_form_is_told_by_mail_and_can_answer(forms: Forms) -> None:
    forms.send("contact", ADA)
    (message,) = forms.mail()
    assert (message["To"], message["From"], message["Reply-To"], message["Subject"]) == (
        "desk@ebb.example", "Ebb <hello@ebb.example>", "ada@example.org", "Contact",
    )  # fmt: skip
    assert text_of(message) == "Your name:\r\n  Ada\r\n\r\nE-mail:\r\n  Ada@example.org\r\n\r\nWhat is it about:\r\n  Two\r\n  lines\r\n"
    assert forms.mail() == []


def test_a_name_cannot_add_headers(forms: Forms) -> None:
    forms.send("contact", {**ADA, "name": "Ada\r\nBcc: all@example.org"})
    (message,) = forms.mail()
    assert message["Bcc"] is None


def test_a_mail_that_is_refused_is_tried_again_later_and_keeps_no_other_back(forms: Forms) -> None:
    forms.send("contact", ADA)
    forms.query("UPDATE cms.mails SET recipient = 'refused@example.org'")
    forms.send("contact", ADA)
    assert len(forms.mail()) == 1
    ((tries, error, later),) = forms.query("SELECT tries, error, due_at > clock_timestamp() FROM cms.mails")
    assert (tries, later) == (1, True)
    assert "no such mailbox" in error
    for _ in range(6):
        forms.query("UPDATE cms.mails SET due_at = clock_timestamp()")
        assert forms.mail() == []
    assert forms.query("SELECT tries, due_at = 'infinity' FROM cms.mails") == [(7, True)]


def test_an_address_counts_once_its_owner_has_pressed_the_button(forms: Forms) -> None:
    answer = forms.send("letter", {"email": "Ada@example.org"})
    assert answer.headers["location"] == "/api/forms/letter/thanks"
    assert "We have sent you an e-mail" in forms.api.get("/api/forms/letter/thanks").text
    (message,) = forms.mail()
    assert message["To"] == "ada@example.org"
    confirm, leave = re.findall(r"https://ebb\.example(/api/forms/letter/\w+\?token=\S+)", text_of(message))
    asked = forms.api.get(confirm)
    assert asked.status_code == 200 and "ada@example.org" in asked.text
    assert forms.query("SELECT status FROM cms.form_submissions") == [("pending",)], "programs that follow links confirm nothing"
    token = confirm.partition("token=")[2]
    done = forms.api.client.post("/api/forms/letter/confirm", data={"token": token})
    assert "Your address is confirmed" in done.text
    assert forms.query("SELECT status, confirmed_at IS NOT NULL, delete_at FROM cms.form_submissions") == [("confirmed", True, None)]
    assert "taken off the list" in forms.api.get(leave).text
    assert forms.api.client.post("/api/forms/letter/leave", data={"token": token}).status_code == 200
    assert forms.query("SELECT count(*) FROM cms.form_submissions") == [(0,)]
    assert forms.api.get(confirm).status_code == 410


def test_nobody_learns_who_is_on_a_list_or_is_sent_a_second_mail_within_the_hour(forms: Forms) -> None:
    for _ in range(3):
        assert forms.send("letter", {"email": "ada@example.org"}).headers["location"] == "/api/forms/letter/thanks"
    assert len(forms.mail()) == 1
    forms.query("UPDATE cms.form_submissions SET submitted_at = submitted_at - interval '2 hours'")
    forms.send("letter", {"email": "ADA@example.org"})
    assert len(forms.mail()) == 1
    forms.query("UPDATE cms.form_submissions SET status = 'confirmed', delete_at = NULL, submitted_at = submitted_at - interval '2 hours'")
    assert forms.send("letter", {"email": "ada@example.org"}).headers["location"] == "/api/forms/letter/thanks"
    assert forms.mail() == []
    assert forms.query("SELECT count(*), min(status) FROM cms.form_submissions") == [(1, "confirmed")]


@pytest.mark.parametrize("token", ["", "x", "../", "%00", "é"])
def test_a_token_that_is_none_is_told_so(forms: Forms, token: str) -> None:
    assert forms.api.get(f"/api/forms/letter/confirm?token={token}").status_code == 410
    assert forms.api.client.post("/api/forms/letter/confirm", data={"token": token}).status_code == 410
    assert forms.api.get("/api/forms/letter/other").status_code == 404


def test_what_was_kept_long_enough_goes(forms: Forms) -> None:
    forms.send("contact", ADA)
    forms.send("letter", {"email": "ada@example.org"})
    forms.query("UPDATE cms.form_submissions SET delete_at = clock_timestamp() - interval '1 s'")
    with forms.opened() as opened:
        forget(opened)
    assert forms.query("SELECT count(*) FROM cms.form_submissions") == [(0,)]


def test_an_export_opens_in_a_spreadsheet_without_running_anything(forms: Forms) -> None:
    forms.send("contact", {**ADA, "name": '=HYPERLINK("https://evil.example")'})
    with forms.opened() as opened:
        (row,) = csv.DictReader(export(opened, "contact").splitlines(keepends=True))
        assert row["name"] == '\'=HYPERLINK("https://evil.example")'
        assert '"name":"=HYPERLINK' in export(opened, "contact", format="jsonl")
        assert [(one.form, one.sent) for one in list_forms(opened)] == [("contact", 1)]


def test_a_person_is_exported_and_erased_wherever_the_address_stands(forms: Forms) -> None:
    forms.send("contact", ADA)
    forms.send("contact", {**ADA, "name": "ada@EXAMPLE.org", "email": "other@example.org"})
    forms.send("contact", {**ADA, "email": "grace@example.org"})
    with forms.opened() as opened:
        assert sorted(one.table for one in find_person(opened, "ADA@example.org")) == ["form_submissions"] * 2 + ["mails"] * 2
        assert all("secret" not in one.row for one in find_person(opened, "ADA@example.org"))
        assert erase_person(opened, "ADA@example.org").rows == 4
    assert forms.query("SELECT email FROM cms.form_submissions") == [("grace@example.org",)]
    assert forms.query("SELECT count(*) FROM cms.mails") == [(1,)]


def test_the_desk_shows_what_was_sent_and_deletes_it(forms: Forms) -> None:
    forms.send("contact", {**ADA, "name": "<b>Ada</b>"})
    with forms.opened() as opened:
        _, token = create_token(opened.connection, opened.number, "desk", ("moderate",), 1)
    signed_in = forms.api.client.post("/desk/sign-in", data={"token": token})
    cookie = signed_in.headers["set-cookie"].partition(";")[0]  # it is for HTTPS alone, as the site's address is
    with httpx.Client(base_url=forms.api.client.base_url, headers={"Cookie": cookie}) as desk:
        page = desk.get("/desk/forms")
        asked = re.findall("<dt>(.*?)</dt>", page.text)
        assert asked == ["Status", "Your name", "E-mail", "What is it about", "Sent"], "as the form asks it"
        assert "contact: ada@example.org" in page.text and "&lt;b&gt;Ada&lt;/b&gt;" in page.text
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert found is not None
        ((number,),) = forms.query("SELECT number FROM cms.form_submissions")
        done = desk.post("/desk/forms/delete", data={"csrf": found[1], "key": str(number)})
        assert done.headers["location"] == "/desk/forms?done"
    assert forms.query("SELECT count(*) FROM cms.form_submissions") == [(0,)]
