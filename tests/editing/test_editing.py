"""Entries at the desk: a form made from the schema, saved with what others changed, kept while it is typed, shown before it is saved."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from cms_ssg.desk.entry_pages import render_list
from cms_ssg.site import open_site
from cms_ssg.store.connect import connect
from cms_ssg.store.tokens import Powers
from tests.editing.conftest import Meet
from tests.editing.person import DeskPerson, read_form

BODY = "One.\n\nTwo.\n\nThree.\n"


def make(person: DeskPerson, title: str) -> str:
    """A new draft; the path of its form."""
    page = person.open("/desk/entries/new?type=post")
    made = person.send("/desk/entries/new", page, do="save", **{"f.title": title, "body": BODY})
    assert "A new draft" in made.text, made.text
    return made.url.path


def test_an_entry_is_made_found_changed_published_and_made_as_it_was(ada: DeskPerson, atlas: tuple[Path, str]) -> None:
    path = make(ada, "The <first> flood")
    page = ada.open(path)
    form = read_form(page)
    assert (form["f.title"], form["body"], form["version"]) == ("The <first> flood", BODY, "1")
    saved = ada.send(path, page, do="publish", **{"f.tags": "water\nrain", "f.date": "2025-05-05T10:00", "f.is_featured": "yes"})
    assert "Published" in saved.text
    with connect(atlas[1]) as connection:
        row = connection.execute("SELECT status, version, fields FROM cms.entries WHERE id = %s", (path.rpartition("/")[2],)).fetchone()
        assert row is not None
        origin = connection.execute("SELECT author, origin, kind FROM cms.acts ORDER BY id DESC LIMIT 1").fetchone()
    assert (row[0], row[1], row[2]["tags"], row[2]["date"], row[2]["is_featured"]) == (
        "published", 2, ["water", "rain"], "2025-05-05T09:00:00Z", True,
    )  # fmt: skip
    assert origin == ("ada", "desk", "published")
    assert "The &lt;first&gt; flood" in ada.open("/desk/entries?words=FIRST&type=post&status=published")
    page = ada.open(path)
    assert "not of the form" not in page
    assert "f.date" in ada.send(path, page, do="save", **{"f.date": "some day"}).text
    assert ada.send(path, page, do="save").url.path == path, "what nobody touched changes nothing"
    assert 'value="1"' in ada.open(f"{path}/history")
    back = ada.client.post(f"{path}/revert", data={"csrf": read_form(page)["csrf"], "version": "1"})
    assert "as it was then" in back.text
    assert "draft" in ada.open(path)
    ada.send(path, ada.open(path), do="save", **{"f.date": "2025-05-05T10:00"})
    ada.send(path, ada.open(path), do="publish")
    with connect(atlas[1]) as connection:
        date = connection.execute("SELECT fields ->> 'date' FROM cms.entries WHERE id = %s", (path.rpartition("/")[2],)).fetchone()
    assert date is not None and date[0] > "2025-06", "a draft is dated to the moment at which it goes out"


def test_what_is_wrong_is_said_once_and_seen_where_it_is_folded_away(ada: DeskPerson) -> None:
    path = make(ada, "Odd input")
    folded = '<details class="more"><summary>'
    assert folded in ada.open(path)
    wrong = ada.send(path, ada.open(path), do="save", **{"f.metadata": "a: [unclosed"})
    assert wrong.status_code == 422
    assert folded not in wrong.text and '<details class="more" open>' in wrong.text
    long = ada.send(path, ada.send(path, wrong.text, do="discard").text, do="save", **{"f.title": "x" * 1500})
    assert "<strong>title</strong>: 1,500 characters, at most 1000 allowed" in long.text
    no_time = ada.send(path, ada.send(path, long.text, do="discard").text, do="schedule", at="")
    assert no_time.status_code == 422 and '<details class="other" open>' in no_time.text
    assert (
        "so it goes out with the next build"
        in ada.send(path, ada.send(path, no_time.text, do="discard").text, do="schedule", at="1999-01-01T00:00").text
    )


def test_two_who_change_different_places_are_merged_and_of_the_same_place_the_second_sees_both(ada: DeskPerson, bob: DeskPerson) -> None:
    path = make(ada, "Two at once")
    hers, his = ada.open(path), bob.open(path)
    assert re.search(r"ada has been editing this since ([01]\d|2[0-3]):[0-5]\d\.", his)
    assert ada.send(path, hers, do="save", body=BODY.replace("One.", "Uno."), **{"f.excerpt": "Hers"}).status_code == 200
    merged = bob.send(path, his, do="save", body=BODY.replace("Three.", "Tre."), **{"f.section": "notes"})
    assert "together with what somebody else changed" in merged.text
    form = read_form(merged.text)
    assert (form["body"], form["f.excerpt"], form["f.section"]) == ("Uno.\n\nTwo.\n\nTre.\n", "Hers", "notes")
    refused = ada.send(path, hers, do="save", body=BODY.replace("Three.", "Drei."))
    assert refused.status_code == 409
    form = read_form(refused.text)
    assert (form["body"].rstrip(), form["f.excerpt"], form["f.section"], form["version"]) == ("Uno.\n\nTwo.\n\nDrei.", "Hers", "notes", "3")
    assert re.findall(r"<strong>Theirs</strong><pre>(.*?)</pre>", refused.text) == ["Tre."]
    assert ada.send(path, refused.text, do="save").status_code == 200
    assert read_form(bob.open(path))["body"] == "Uno.\n\nTwo.\n\nDrei.\n"


def test_what_is_typed_is_kept_and_shown_as_the_page_it_would_be_and_a_turn_can_be_taken_over(ada: DeskPerson, bob: DeskPerson) -> None:
    path = make(ada, "Typed")
    form = read_form(ada.open(path))
    kept = ada.client.post(f"{path}/keep", data={**form, "do": "keep", "body": "Typed, *not* saved."})
    assert kept.json() == {"version": 1, "mine": True, "others": []}
    again = ada.open(path)
    assert "what you typed last time" in again
    assert read_form(again)["body"] == "Typed, *not* saved."
    shown = ada.client.post(f"{path}/preview", data=read_form(again))
    assert "<p>Typed, <em>not</em> saved.</p>" in shown.text
    assert '<link rel="stylesheet"' in shown.text, "the whole page, by the site's theme"
    assert "script-src 'none'" in shown.headers["content-security-policy"]
    assert "is not a date" in ada.client.post(f"{path}/preview", data=read_form(again) | {"f.date": "some day"}).text
    his = read_form(bob.open(path))
    assert his["body"] == BODY, "nobody else sees it"
    taken = bob.client.post(f"{path}/keep", data={"csrf": his["csrf"], "take": "yes"})
    assert taken.json() == {"version": 1, "mine": True, "others": [{"name": "ada", "holds": False}]}
    assert ada.client.post(f"{path}/keep", data={"csrf": form["csrf"]}).json()["others"] == [{"name": "bob", "holds": True}]
    assert read_form(ada.send(path, again, do="discard").text)["body"] == BODY


def test_a_text_that_was_not_saved_because_of_another_comes_back_with_what_it_was_made_from(ada: DeskPerson, bob: DeskPerson) -> None:
    path = make(ada, "Kept in conflict")
    hers, his = ada.open(path), bob.open(path)
    ada.send(path, hers, do="save", body=BODY.replace("Two.", "Due."))
    assert bob.send(path, his, do="save", body=BODY.replace("Two.", "Zwei.")).status_code == 409
    again = bob.open(path)
    form = read_form(again)
    assert ("what you typed last time" in again, form["body"], form["version"]) == (True, BODY.replace("Two.", "Zwei."), "1")
    refused = bob.send(path, again, do="save")
    assert (refused.status_code, "<pre>Due.</pre>" in refused.text) == (409, True), "theirs is shown again"
    assert bob.send(path, refused.text, do="save").status_code == 200
    assert "what you typed last time" not in bob.open(path)
    wrong = bob.send(path, bob.open(path), do="save", **{"f.date": "some day"})
    assert wrong.status_code == 422
    assert read_form(bob.open(path))["f.date"] == "some day"


def test_a_third_change_between_a_refused_save_and_the_next_is_not_lost(ada: DeskPerson, bob: DeskPerson) -> None:
    path = make(ada, "Three at once")
    hers, his = ada.open(path), bob.open(path)
    ada.send(path, hers, do="save", body=BODY.replace("Two.", "Due."))
    refused = bob.send(path, his, do="save", body=BODY.replace("Two.", "Zwei."))
    ada.send(path, ada.open(path), do="save", body=BODY.replace("Two.", "Due.").replace("Three.", "Tre."))
    assert bob.send(path, refused.text, do="save").status_code == 200
    assert read_form(ada.open(path))["body"] == "One.\n\nZwei.\n\nTre.\n"


def test_who_may_only_read_an_entry_takes_no_turn_and_changes_nothing(ada: DeskPerson, meet: Meet) -> None:
    path = make(ada, "Only read")
    eve = meet("eve", Powers("reviewer"))
    ada.client.post(f"{path}/keep", data={"csrf": read_form(ada.open(path))["csrf"]})
    page = eve.open(path)
    assert ("may read this and comment" in page, "Take over" in page, " readonly>" in page) == (True, False, True)
    told = eve.client.post(f"{path}/keep", data={**read_form(page), "do": "keep", "take": "yes", "body": "Hers now."})
    assert told.json() == {"version": 1, "mine": False, "others": [{"name": "ada", "holds": True}]}
    assert read_form(eve.open(path))["body"] == BODY
    ada.send(path, ada.open(path), do="save", body="Other.")
    assert "Make it version" in ada.open(f"{path}/history")
    assert "Make it version" not in eve.open(f"{path}/history")


def test_a_form_that_was_open_can_be_sent_after_signing_in_again(ada: DeskPerson, bob: DeskPerson) -> None:
    path = make(ada, "Signed in again")
    page = ada.open(path)
    ada.client.cookies.clear()
    assert ada.send(path, page, do="save", body="Late.").status_code == 401
    assert ada.client.post("/desk/sign-in", data={"token": ada.token}).status_code == 200
    assert ada.send(path, page, do="save", body="Late.").status_code == 200
    assert bob.client.post(path, data=read_form(ada.open(path)) | {"do": "save"}).json()["code"] == "desk.form", "of somebody else's form"


def test_more_of_a_list_keeps_what_was_asked(atlas: tuple[Path, str]) -> None:
    asked = {"words": "salt & tar #1", "type": "post", "status": "", "before": "9"}
    assert '<a href="?words=salt+%26+tar+%231&amp;type=post&amp;before=7">' in render_list(
        open_site(atlas[0], {}), [], asked, ["post"], 7, ""
    )


def test_a_role_has_the_buttons_that_it_may_press_and_no_others(ada: DeskPerson, meet: Meet) -> None:
    path = make(ada, "Of ada")
    eve = meet("eve", Powers("author", ["notes"]))
    page = eve.open(path)
    assert 'value="save"' not in page
    refused = eve.client.post(path, data=read_form(page) | {"do": "publish"})
    assert (refused.status_code, refused.json()["code"]) == (403, "api.role")
    assert eve.client.post(path, data=read_form(page) | {"do": "save", "csrf": "x"}).json()["code"] == "desk.form"
    assert (
        eve.client.post("/desk/entries/new", data={"csrf": read_form(page)["csrf"], "type": "nonsense"}).json()["code"] == "entry.no-type"
    )
    assert eve.client.get("/desk/entries/99999999").json()["code"] == "entry.not-found"
    gone = eve.client.get("/desk/entries/99999999", headers={"Accept": "text/html,*/*"})
    assert (gone.status_code, "<h1>There is no entry 99999999</h1>" in gone.text, '<a href="/desk">Desk</a>' in gone.text) == (
        404,
        True,
        True,
    )
    eve.client.cookies.clear()
    assert "Token from" in eve.client.get(path).text, "the form to sign in, from which one goes on to the page"


def test_a_picture_is_uploaded_and_what_is_none_is_not_kept(ada: DeskPerson, atlas: tuple[Path, str]) -> None:
    csrf = read_form(ada.open(make(ada, "Picture")))["csrf"]
    data = (Path(__file__).parents[1] / "data/images/l_trns.png").read_bytes()
    answer = ada.client.post("/desk/images", params={"name": "A Härbour.PNG"}, headers={"X-CSRF": csrf}, content=data)
    assert answer.status_code == 201, answer.text
    path = answer.json()["path"]
    assert re.fullmatch(r"/pictures/\d{4}/\d\d/a-härbour-[0-9a-f]{8}\.png", path), path
    assert (atlas[0] / f"static{path}").read_bytes() == ada.client.get(f"/desk/images{path}").content == data
    made = make(ada, "With a picture")
    form = read_form(ada.open(made)) | {"f.image": path, "body": f"![A]({path})"}
    shown = ada.client.post(f"{made}/preview", data=form).text
    seen = set(re.findall(r'(?:src|srcset)="([^"\s]*\.(?:png|avif|webp|jpg))', shown))
    assert seen == {f"/desk/images/pictures{quote(path.removeprefix('/pictures'))}"}, "as it is, since no build has made others of it"
    for name, content in (("x.svg", b"<svg/>"), ("x.png", b"no picture"), ("../../x.jpg", data), ("", b"")):
        refused = ada.client.post("/desk/images", params={"name": name}, headers={"X-CSRF": csrf}, content=content)
        assert (refused.status_code, refused.json()["code"]) == (422, "desk.no-picture"), refused.text
    assert len(list((atlas[0] / "static/pictures").rglob("*.*"))) == 1
    assert ada.client.get("/desk/images/pictures/../../site.toml").status_code == 404


def test_an_entry_is_begun_in_a_language_and_translated_from_its_original(ada: DeskPerson, meet: Meet, atlas: tuple[Path, str]) -> None:
    listed = ada.open("/desk/entries")
    assert '<select name="locale"><option>en</option><option>it</option></select></label><button>Begin' in listed
    path = make(ada, "To be translated")
    number = path.rpartition("/")[2]
    page = ada.open(path)
    ada.send(path, page, do="save", **{"f.section": "notes", "f.aliases": "/old/"})
    address = re.findall(r'href="(/desk/entries/new\?type=post&amp;of=\d+&amp;locale=it)">Translate', ada.open(path))[0].replace(
        "&amp;", "&"
    )
    begun = ada.open(address)
    form = read_form(begun)
    assert (form["f.title"], form["body"], form["f.section"], form["f.aliases"], form["of"]) == (
        "To be translated",
        BODY,
        "notes",
        "",
        number,
    )
    made = ada.send("/desk/entries/new", begun, do="save", **{"f.title": "Tradotto", "body": "Uno."})
    assert "A new draft" in made.text
    with connect(atlas[1]) as connection:
        rows = connection.execute(
            "SELECT locale, source_key, count(*) OVER () FROM cms.entries WHERE translation_key = (SELECT translation_key FROM cms.entries WHERE id = %s) ORDER BY 1",
            (number,),
        ).fetchall()
    assert rows == [("en", "content/posts/to-be-translated.md", 2), ("it", "content/posts/to-be-translated.it.md", 2)]
    assert ">Tradotto</a>" in ada.open(path)
    assert ">To be translated</a>" in made.text
    italian = ada.open("/desk/entries/new?type=post&locale=it")
    only = ada.send("/desk/entries/new", italian, do="save", **{"f.title": "Solo qui", "body": "Uno."}).url.path
    back = ada.open(re.findall(r'href="([^"]+locale=en)">Translate', ada.open(only))[0].replace("&amp;", "&"))
    english = ada.send("/desk/entries/new", back, do="save", **{"f.title": "Only here", "f.slug": "only-here"})
    assert ">Solo qui</a>" in english.text, english.text
    cyd = meet("cyd", Powers("author", locales=["en"]))
    assert "Translate</a>" not in cyd.open(make(cyd, "Of one language"))
    assert re.search(r"<h1>To be translated in (it|Italiano)</h1>", begun)
