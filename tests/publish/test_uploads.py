"""An image from a request to the bucket: made anew, left alone by audits, taken away where nobody kept it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from PIL import Image

from cms_ssg.diagnostics.audit import audit
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.connect import connect
from cms_ssg.store.open_store import open_store
from cms_ssg.store.tokens import create_token
from cms_ssg.uploads.keep import KEEP, forget_unkept, keep_image
from tests.api.atlas import serve_api
from tests.engine.siteonpage import database
from tests.publish.buckets import BucketSite

GPS = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x0e\x01\x02\x00\x10\x00\x00\x00\x1a\x00\x00\x00\x00\x00\x00\x00at home, Lisbon\x00"


def draw(form: str = "JPEG", size: tuple[int, int] = (2400, 1200), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (40, 90, 140)).save(file, form, **options)
    return file.getvalue()


def test_an_image_is_made_anew_in_the_bucket_and_stays_only_if_it_is_used(bucket_site: BucketSite) -> None:
    site = bucket_site
    site.build()
    photo, moving = draw(exif=GPS), draw("GIF", (9, 9), save_all=True, append_images=[Image.new("RGB", (9, 9))])
    assert b"Lisbon" in photo
    with connect(site.url, autocommit=True) as connection:
        number = connection.execute("SELECT id FROM cms.sites").fetchone()[0]  # type: ignore[index]
        writer, reader = (create_token(connection, number, scope, (scope,), 1)[1] for scope in ("write", "read"))
    with serve_api([site.root], site.url) as api:

        def send(data: bytes, kind: str = "image/jpeg", token: str = writer) -> Any:
            return api.client.post("/api/uploads", content=data, headers={"Content-Type": kind, "Authorization": f"Bearer {token}"})

        sent = send(photo)
        assert (sent.status_code, sent.json()["width"], sent.json()["height"]) == (201, 1600, 800), sent.text
        for data, kind, token, status, code in (
            (photo, "image/jpeg", reader, 401, "visitors.unknown"), (photo, "text/html", writer, 415, "uploads.type"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "image/svg+xml", writer, 422, ""), (b"no image", "image/png", writer, 422, ""),
            (b"x" * (9 << 20), "image/png", writer, 413, "api.too-large"), (moving, "image/gif", writer, 422, "uploads.type"),
        ):  # fmt: skip
            answer = send(data, kind, token)
            assert answer.status_code == status and (not code or answer.json()["code"] == code), answer.text
    key = sent.json()["path"].lstrip("/")
    stored = site.bucket.client.get_object(Bucket="pages", Key=next(k for k in list_keys(site) if k.endswith(key)))
    data = stored["Body"].read()
    assert Image.open(io.BytesIO(data)).size == (1600, 800) and b"Lisbon" not in data
    assert stored["ContentType"] == "image/jpeg" and "immutable" in stored["CacheControl"]
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        shop = OpenSite(opened, connection, row.id)
        kept, left = (keep_image(shop, draw("PNG", (30, 20)), "ada@example.org") for _ in range(2))
        values = {"site": row.id, "token": kept.token, "email": "ada@example.org"}
        assert connection.execute(KEEP, {**values, "email": "eve@example.org"}).fetchone() is None
        assert connection.execute(KEEP, values).fetchone() is not None
        found = audit(site.root, "")
        assert (found.orphaned, found.missing, found.different) == ([], [], [])
        connection.execute("UPDATE cms.uploads SET expires_at = expires_at - interval '2 days'")
        forget_unkept(shop)
    names = "\n".join(list_keys(site))
    assert kept.token in names and sent.json()["token"] in names and left.token not in names
    assert not any((site.root / ".cms/uploads").iterdir()), "what was sent is not left behind"


def test_files_are_taken_where_the_site_allows_their_type_and_are_only_for_saving(bucket_site: BucketSite) -> None:
    site = bucket_site
    with (site.root / "site.toml").open("a") as file:
        file.write('\n[api]\nupload_types = ["pdf", "docx"]\nupload_mb = 1\n')
    site.build()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("content.xml", "<x/>")
    with connect(site.url, autocommit=True) as connection:
        number = connection.execute("SELECT id FROM cms.sites").fetchone()[0]  # type: ignore[index]
        writer = create_token(connection, number, "files", ("write",), 1)[1]
    with serve_api([site.root], site.url) as api:

        def send(data: bytes, kind: str) -> Any:
            return api.client.post("/api/uploads", content=data, headers={"Content-Type": kind, "Authorization": f"Bearer {writer}"})

        sent = send(b"%PDF-1.7 of a kind", "application/pdf")
        assert (sent.status_code, sent.json()["path"][-9:], sent.json()["width"]) == (201, "/file.pdf", 0), sent.text
        docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        for data, kind, status in (
            (b"<html><script>", "application/pdf", 422), (b"%PDF-1.7", "text/html", 415), (b"a,b", "text/csv", 415), (packed.getvalue(), docx, 422),
            (b"<script>", "text/javascript", 415), (b"PK", docx, 422), (b"%PDF-" + b"x" * (1 << 20), "application/pdf", 413),
        ):  # fmt: skip
            assert send(data, kind).status_code == status, kind
    key = next(one for one in list_keys(site) if one.endswith(sent.json()["path"].lstrip("/")))
    stored = site.bucket.client.get_object(Bucket="pages", Key=key)
    assert (stored["ContentType"], stored["ContentDisposition"]) == ("application/pdf", "attachment")
    values = {"site": number, "token": sent.json()["token"], "email": ""}
    with connect(site.url, autocommit=True) as connection:
        assert connection.execute(KEEP, values).fetchone() is None, "no review shows a file as its image"


def list_keys(site: BucketSite) -> list[str]:
    return [one["Key"] for one in site.bucket.client.list_objects_v2(Bucket="pages")["Contents"]]
