"""Pictures that visitors send with a listing that they propose."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.privacy.people import erase_person
from cms_ssg.store.open_store import open_store
from cms_ssg.uploads.keep import forget_unkept
from tests.api.atlas import Api, serve_api
from tests.api.desk import press, sign_in
from tests.engine.siteonpage import SiteOnPage, database

NEW = {"title": "Old Mill", "city": "Turin", "state": "Piedmont", "country": "Italy", "your_email": "ann@example.org", "homepage": ""}


def make_picture(kind: str = "JPEG", **more: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(file, kind, **more)
    return file.getvalue()


def propose(api: Api, picture: bytes, **changed: str) -> int:
    """Send the form as a browser does; the status of the answer."""
    files = {"picture": ("a photo.jpg", picture, "image/jpeg")}
    return api.client.post("/api/listings", data=NEW | changed, files=files).status_code


def list_uploads(site: SiteOnPage) -> list[Path]:
    return sorted(site.output.glob("uploads/*/*"))


def forget(site: SiteOnPage, email: str = "") -> None:
    """Erase a person, where one is named, and take away what is not kept any more."""
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        open_site = OpenSite(opened, connection, row.id)
        if email:
            erase_person(open_site, email)
        forget_unkept(open_site)


def test_a_picture_waits_at_the_desk_and_is_on_the_page_once_the_listing_is_approved(site: SiteOnPage) -> None:
    camera = Image.Exif()
    camera[0x010F] = "Secret Camera"
    with serve_api([site.root], site.url) as api:
        assert 'enctype="multipart/form-data"' in (site.output / "add/index.html").read_text()
        assert propose(api, make_picture(exif=camera)) == 303
        [file] = list_uploads(site)
        path = "/" + file.relative_to(site.output).as_posix()
        assert b"Secret Camera" not in file.read_bytes()
        with Image.open(file) as made:
            assert made.size == (60, 40)
        assert site.build().pages == set()
        sign_in(api, site, "moderate")
        assert f'<img src="{path}"' in api.get("/desk/listings").text
        assert press(api, "listings", "approve") == "/desk/listings?done"
        built = site.build()
        [page] = [page for page in built.pages if page.startswith("/listings/old-mill")]
        text = (site.output / page[1:] / "index.html").read_text()
        assert f'src="{path}"' in text
        assert re.findall(r'property="og:image" content="https?://[^/]+(.*?)"', text) == [path]
        assert f'src="{path}"' in (site.output / "places/italy/piedmont/turin/index.html").read_text()
        assert api.json("/api/listings?q=old+mill")["listings"][0]["image"] == path
        assert not [problem for problem in built.result.problems if problem.severity == "error"]
        forget(site)
        assert file.exists()


def test_the_picture_of_a_rejected_listing_goes_after_a_month(site: SiteOnPage) -> None:
    with serve_api([site.root], site.url) as api:
        assert propose(api, make_picture("PNG")) == 303
        sign_in(api, site, "moderate")
        assert press(api, "listings", "reject") == "/desk/listings?done"
        forget(site)
        assert len(list_uploads(site)) == 1
        site.query("UPDATE cms.uploads SET expires_at = expires_at - interval '31 days'")
        forget(site)
        assert list_uploads(site) == []


def test_a_rejection_that_comes_too_late_leaves_the_picture_alone(site: SiteOnPage) -> None:
    with serve_api([site.root], site.url) as api:
        assert propose(api, make_picture()) == 303
        sign_in(api, site, "moderate")
        page = api.get("/desk/listings").text
        press(api, "listings", "approve")
        fields = {name: re.findall(rf'name="{name}" value="([^"]+)"', page)[0] for name in ("csrf", "key")}
        assert api.client.post("/desk/listings/reject", data=fields).headers["location"] == "/desk/listings?gone"
        assert site.query("SELECT expires_at FROM cms.uploads") == [(None,)]


def test_erasing_a_person_takes_their_picture_off_the_listing(site: SiteOnPage) -> None:
    with serve_api([site.root], site.url) as api:
        assert propose(api, make_picture()) == 303
        sign_in(api, site, "moderate")
        press(api, "listings", "approve")
        page = next(page for page in site.build().pages if page.startswith("/listings/old-mill"))
        forget(site, "ANN@example.org")
        site.build()
        assert list_uploads(site) == []
        assert "/uploads/" not in (site.output / page[1:] / "index.html").read_text()


@pytest.mark.parametrize(
    ("data", "code"), [(b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422), (b"GIF89a", 422), (b"MZ\0\0", 422), (make_picture()[:200], 422)]
)
def test_what_is_no_picture_is_refused_and_nothing_stays(site: SiteOnPage, data: bytes, code: int) -> None:
    with serve_api([site.root], site.url) as api:
        assert propose(api, data) == code
        assert site.query("SELECT count(*) FROM cms.listings WHERE status = 'pending'") == [(0,)]
        assert list_uploads(site) == []


def test_a_form_without_a_picture_and_one_that_a_program_filled_in_leave_none(site: SiteOnPage) -> None:
    with serve_api([site.root], site.url) as api:
        assert propose(api, b"") == 303  # what a browser sends where no file was chosen
        assert propose(api, make_picture(), homepage="https://example.org") == 303
        assert propose(api, make_picture(), website="javascript://x") == 422
        assert propose(api, make_picture(), title="") == 422
        assert list_uploads(site) == []
        assert site.query(
            "SELECT title, e.fields ? 'image' FROM cms.listings l JOIN cms.entries e ON e.id = l.number WHERE l.status = 'pending'"
        ) == [("Old Mill", False)]
        assert site.query("SELECT count(*) FROM cms.uploads") == [(0,)]


def test_pictures_and_proposals_can_be_switched_off(site: SiteOnPage) -> None:
    site.edit("site.toml", "combinations = 2", "combinations = 2\npictures = false")
    site.build()
    assert "multipart" not in (site.output / "add/index.html").read_text()
    with serve_api([site.root], site.url) as api:
        assert propose(api, make_picture()) == 422
        assert propose(api, b"") == 303
    site.edit("site.toml", "pictures = false", "submissions = false")
    with serve_api([site.root], site.url) as api:
        assert api.client.post("/api/listings", data=NEW).json()["code"] == "directory.closed"
        assert site.query("SELECT count(*) FROM cms.listings WHERE status = 'pending'") == [(1,)]
