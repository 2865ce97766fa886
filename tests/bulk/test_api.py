"""Bulk work by way of the API, what hooks are told of it, and how the trash is emptied."""

from __future__ import annotations

import time
from pathlib import Path

from cms_ssg.bulk.trash import empty_trash
from cms_ssg.bulk.uploads import UploadOptions, run_upload
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.connect import connect
from cms_ssg.store.open_store import open_store
from cms_ssg.store.tokens import create_token
from tests.api.atlas import serve_api
from tests.bulk.conftest import Query
from tests.cli.small_site import Cms

HOOKS = """from pathlib import Path
from cms_ssg.hooks import hook

@hook
def post_bulk_updated(update):
    with Path(__file__).with_name("told.txt").open("a") as file:
        print(*sorted(update.changed), file=file)
"""
ROWS = "id,title,rating\n" + "".join(f"{n},Place {n},{9 if n == 7 else 1}\n" for n in range(40))


def test_a_file_is_sent_in_parts_and_imported_and_changed_in_bulk_and_hooks_are_told_once(
    site: Path, cms: Cms, query: Query, db_url: str
) -> None:
    (site / "hooks.py").write_text(HOOKS)
    cms("build", "--jobs", "1")
    with connect(db_url, autocommit=True) as connection:
        number = query("SELECT id FROM cms.sites")[0][0]
        admin = {"Authorization": "Bearer " + create_token(connection, number, "Ada", ("admin",), 1)[1]}
        writer = {"Authorization": "Bearer " + create_token(connection, number, "Wil", ("write",), 1)[1]}
    with serve_api([site], db_url) as api:
        post, put = api.client.post, api.client.put
        assert post("/api/imports", json={"type": "place"}, headers=writer).status_code == 403
        assert post("/api/imports", json={"type": "place", "map": {"rows": 1}}, headers=admin).status_code == 422
        upload = post("/api/imports", json={"type": "place", "key": "id", "map": {"defaults": {"city": "Turin"}}}, headers=admin).json()[
            "id"
        ]
        assert post(f"/api/imports/{upload}/run", headers=admin).status_code == 404
        data = ROWS.encode()
        for part, begin in enumerate(range(0, len(data), 200), 1):
            assert put(f"/api/imports/{upload}/parts/{part}", content=data[begin : begin + 200], headers=admin).status_code == 200
        assert put(f"/api/imports/{upload}/parts/0", content=b"x", headers=admin).status_code == 422
        gap = post("/api/imports", json={"type": "place"}, headers=admin).json()["id"]
        assert put(f"/api/imports/{gap}/parts/2", content=data, headers=admin).status_code == 200
        refused = post(f"/api/imports/{gap}/run", headers=admin).json()
        assert (refused["code"], refused["detail"]) == ("import.part", "part 1 was not sent")
        assert api.get(f"/api/imports/{gap}", headers=admin).json()["state"] == "open", "the part can still be sent"
        assert post(f"/api/imports/{upload}/run", headers=admin).status_code == 202
        until = time.monotonic() + 60
        while (shown := api.get(f"/api/imports/{upload}", headers=admin).json())["state"] == "running" and time.monotonic() < until:
            time.sleep(0.02)
        assert (shown["rows"], shown["result"]["added"], shown["result"]["failed"]) == (40, 39, 1)
        assert "rating" in api.get(f"/api/imports/{upload}/errors", headers=admin).text.splitlines()[1]
        assert put(f"/api/imports/{upload}/parts/1", content=b"x", headers=admin).status_code == 404
        assert api.get("/api/imports/99", headers=admin).status_code == 404
        assert query("SELECT DISTINCT fields ->> 'city' FROM cms.entries WHERE type = 'place'") == [("Turin",)]

        wanted = {"type": "place", "where": ["title~Place 1"], "set": {"city": "Bologna"}}
        assert post("/api/bulk", json={**wanted, "where": []}, headers=admin).status_code == 422
        assert post("/api/bulk", json={**wanted, "set": {"slug": "x"}}, headers=admin).json()["code"] == "bulk.field"
        dry = post("/api/bulk", json={**wanted, "dry_run": True}, headers=admin).json()
        assert dry["changed"] == 11 and "/places/place-1/" in dict(dry["pages"])
        assert post("/api/bulk", json=wanted, headers=admin).json()["changed"] == 11
    assert not (site / "told.txt").exists()
    assert cms("bulk", "update", "--type", "post", "--where", "title=Flood", "--set", "section=news")[0] == 0
    cms("build", "--jobs", "1")
    changed = [row[0] for row in query("SELECT id FROM cms.entries WHERE fields ->> 'city' = 'Bologna' ORDER BY id")]
    flood = query("SELECT id FROM cms.entries WHERE fields ->> 'title' = 'Flood'")[0][0]
    assert (site / "told.txt").read_text() == f"{' '.join(map(str, changed))}\n{flood}\n"


def test_an_upload_whose_process_ended_is_begun_anew_and_what_is_old_in_the_trash_is_deleted(
    site: Path, cms: Cms, query: Query, db_url: str
) -> None:
    with open_store(site, "") as (opened, connection, row):
        options = '{"type": "place", "key": "id"}'
        upload = connection.execute(
            "INSERT INTO cms.import_uploads (site, options, state) VALUES (%s, %s, 'running') RETURNING id", (row.id, options)
        ).fetchone()[0]  # type: ignore[index]
        connection.execute("INSERT INTO cms.import_upload_parts VALUES (%s, 1, %s)", (upload, ROWS.encode()))
        for _ in range(2):
            run_upload(lambda: connect(db_url, autocommit=True), opened, row.id, upload)
        state, added, unchanged, errors = query("SELECT state, result ->> 'added', result ->> 'unchanged', errors FROM cms.import_uploads")[
            0
        ]
        assert (state, added, unchanged) == ("done", "0", "39") and b"rating" in bytes(errors)
    assert UploadOptions("place").form == "csv"
    cms("bulk", "delete", "--type", "place", "--where", "title~Place 1")
    query("UPDATE cms.entries SET removed_at = removed_at - interval '31 days' WHERE fields ->> 'title' = 'Place 10'")
    with (site / "site.toml").open("r+") as file:
        text = file.read()
        file.seek(0)
        file.write("trash_days = 30\n" + text)
    with open_store(site, "") as (opened, connection, row):
        assert empty_trash(OpenSite(opened, connection, row.id)) == 1
    assert query("SELECT count(*), count(removed_at) FROM cms.entries WHERE type = 'place'") == [(38, 10)]
