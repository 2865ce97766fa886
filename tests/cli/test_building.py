"""The commands that build, on a small real site and a real database."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cms_ssg.cli.main import run as run_cms
from tests.cli.small_site import SITE, Cms

DATA = Path(__file__).resolve().parents[1] / "data"


def test_build_tells_what_it_did_in_the_promised_words(site: Path, cms: Cms) -> None:
    code, result, err = cms("build", "--jobs", "1")
    assert (code, err) == (0, "")
    keys = ["build_id", "status", "planned", "rendered", "images", "written", "unchanged", "removed", "failed", "helped"]
    keys += ["purged", "purge_began_at", "purge_again_at", "seconds", "problems", "would"]
    assert list(result) == keys
    assert list(result["seconds"]) == ["sync", "plan", "render", "publish", "record", "total"]
    assert (result["status"], result["failed"], result["removed"]) == ("done", 0, 0)
    assert result["written"] == result["rendered"] == result["planned"] > 5
    assert (site / "build/2025/03/flood/index.html").exists()
    code, again, _ = cms("build", "--jobs", "1")
    assert (code, again["planned"], again["rendered"], again["written"]) == (0, 0, 0, 0)


def test_json_has_the_documented_fields_and_no_others(site: Path, cms: Cms) -> None:
    page = (Path(__file__).parents[2] / "docs/cli.md").read_text()
    documented = {
        command: re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", fields))
        for command, fields in re.findall(r"^\| `cms ([\w ]+)` \| (.+) \|$", page, re.MULTILINE)
    }
    for command, arguments in {
        "sync": [],
        "plan": [],
        "build": [],
        "why": ["/"],
        "verify": [],
        "check": [],
        "status": [],
        "calendar": [],
    }.items():
        assert list(cms(command, *arguments)[1]) == documented[command], command
    fields = re.search(r"^\| `cms new`, .*? \| (.+) \|$", page, re.MULTILINE)
    assert fields is not None
    for arguments in (["new", "post", "A"], ["edit", "flood", "--set", "weight=1"], ["publish", "flood"], ["trash", "flood"]):
        assert list(cms(*arguments)[1]) == re.findall(r"`(\w+)`", fields[1])


def test_dry_run_and_plan_write_nothing(site: Path, cms: Cms) -> None:
    code, result, _ = cms("build", "--dry-run")
    assert (code, result["rendered"]) == (0, 0)
    code, planned, _ = cms("plan")
    assert code == 0
    assert "/2025/03/flood/" in [output["path"] for output in planned["outputs"]]
    assert not (site / "build").exists()
    assert cms("status")[1]["entries"] == 0


def test_dry_run_foresees_what_the_build_then_does(site: Path, cms: Cms) -> None:
    for change in ("", "Water.", "later"):
        if change == "later":
            (site / "content/posts/flood.md").unlink()
        elif change:
            (site / "content/posts/flood.md").write_text("---\ntitle: The flood\ndate: 2025-03-01\ntags: [water, rain]\n---\nMore water.\n")
        _, foreseen, _ = cms("build", "--dry-run", "--confirm-removals")
        _, built, _ = cms("build", "--confirm-removals")
        would = foreseen["would"]
        assert (foreseen["planned"], foreseen["written"], would["purges"]) == (built["planned"], 0, 0)
        assert (would["uploads"], would["removals"]) == (built["written"], built["removed"])
        if not change:
            assert would["size_bytes"] == sum(file.stat().st_size for file in (site / "build").rglob("*") if file.is_file())
    assert built["removed"] > 1


def test_dry_run_of_very_many_pages_renders_a_part_of_them(site: Path, cms: Cms, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cms("build", "--dry-run")[1]["would"]
    monkeypatch.setattr("cms_ssg.engine.forecast.MOST", 5)
    part = cms("build", "--dry-run")[1]["would"]
    assert (whole["estimated"], part["estimated"]) == (False, True)
    assert part["uploads"] == whole["uploads"]
    assert 0.3 < part["size_bytes"] / whole["size_bytes"] < 3


def test_dry_run_ends_as_the_build_would(site: Path, cms: Cms) -> None:
    (site / "content/posts/bad.md").write_text("---\ntitle: [\n---\n")
    code, foreseen, _ = cms("build", "--dry-run")
    assert (code, foreseen["status"], [p["place"] for p in foreseen["problems"]]) == (3, "partial", ["content/posts/bad.md"])
    assert cms("build")[0] == 3


def test_clock_brings_what_is_due(site: Path, cms: Cms) -> None:
    cms("build")
    _, calendar, _ = cms("calendar")
    assert [(item["what"], item["title"]) for item in calendar["items"]] == [("publish", "Later")]
    assert cms("build", "--now", "2999-01-02")[1]["written"] > 1
    assert (site / "build/2025/04/later/index.html").exists()


def test_calendar_keeps_a_line_for_each_item_whatever_its_title_holds(site: Path, cms: Cms, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "content/posts/later.md").write_text('---\ntitle: "two\\nlines"\ndate: 2025-04-01\npublish_at: 2999-01-01\n---\n')
    cms("build")
    assert run_cms(["calendar"]) == 0
    assert capsys.readouterr().out == "2999-01-01 00:00 UTC  publish  two lines  content/posts/later.md\n"


def test_calendar_and_status_know_files_that_no_build_has_read(site: Path, cms: Cms) -> None:
    cms("build")
    assert cms("status")[1]["files"] == 0
    cms("publish", "flood", "--at", "2999-05-01 09:30")
    assert [(item["at"], item["title"]) for item in cms("calendar")[1]["items"]][-1] == ("2999-05-01 09:30 UTC", "Flood")
    (site / "content/pages/about.md").unlink()
    status = cms("status")[1]
    assert (status["files"], status["changes"]) == (2, 0)
    assert "waiting     2 changed files; cms build takes them" in status["text"]
    assert cms("build", "--confirm-removals")[1]["removed"] > 0
    assert "waiting     nothing" in cms("status")[1]["text"]


def test_content_that_cannot_be_read_leaves_with_3_and_is_named(site: Path, cms: Cms) -> None:
    cms("build")
    (site / "content/posts/flood.md").write_text("---\ntitle: [\n---\n")
    code, result, err = cms("build")
    assert (code, result["status"]) == (3, "partial")
    assert "content/posts/flood.md:" in err
    assert cms("check")[0] == 3
    assert (site / "build/2025/03/flood/index.html").exists()


def test_dry_run_plan_and_sync_name_what_the_build_would_leave_out(site: Path, cms: Cms) -> None:
    (site / "content/posts/bad.md").write_text("---\ntitle: Bad\ndate: 15/07/2013\n---\n")
    (site / "content/pages/twin.md").write_text("---\ntitle: Twin\nslug: about\naliases: [/about/]\npath: about\n---\n")
    told = []
    for command, exit_code in ((("build", "--dry-run"), 3), (("plan",), 0), (("build",), 3), (("build", "--dry-run"), 3), (("plan",), 0)):
        code, result, err = cms(*command)
        assert code == exit_code, command
        told.append({(p["code"], p["place"]) for p in result["problems"]})
        assert "bad.md:3" in err
    assert told[0] == told[1] == told[2] == told[3] == told[4] > {("content.field", "content/posts/bad.md")}
    for _ in range(2):
        code, result, _ = cms("sync")
        assert (code, result["status"]) == (3, "partial")
        assert "content/posts/bad.md" in [p["place"] for p in result["problems"]]


def test_dry_run_does_not_judge_a_failed_page_that_would_be_made_again(site: Path, cms: Cms) -> None:
    template = site / "themes/mine/templates/page.html"
    template.parent.mkdir(parents=True)
    (site / "site.toml").write_text(f'theme = "mine"\n{SITE}')
    template.write_text("{{ nothing.at.all }}")
    assert cms("build")[0] == 3
    code, result, _ = cms("build", "--dry-run")
    assert (code, result["planned"], result["failed"]) == (3, 0, 1)
    template.unlink()
    assert cms("build", "--dry-run")[0] == 0
    assert cms("build")[0] == 0


def test_output_folder_that_was_deleted_is_made_again(site: Path, cms: Cms) -> None:
    first = cms("build")[1]
    shutil.rmtree(site / "build")
    assert {output["reason"] for output in cms("plan")[1]["outputs"]} == {"the output folder is empty"}
    again = cms("build")[1]
    assert (again["written"], again["removed"]) == (first["written"], 0)
    assert cms("verify")[0] == 0
    assert cms("build")[1]["planned"] == 0


def test_full_build_mends_files_that_were_changed_or_removed_by_hand(site: Path, cms: Cms) -> None:
    first = cms("build")[1]
    (site / "build/about/index.html").write_text("mine")
    (site / "build/index.html").unlink()
    assert cms("verify")[0] == 3
    full = cms("build", "--full")[1]
    assert (full["rendered"], full["written"]) == (first["rendered"], 2)
    assert cms("verify")[0] == 0


def test_two_targets_know_nothing_of_each_other(site: Path, cms: Cms) -> None:
    (site / "site.toml").write_text(f'{SITE}[env.staging]\nbase_url = "https://b.org"\ntarget = "folder:staging"\n')
    (site / "static").mkdir()
    (site / "static/logo.svg").write_text("<svg/>")
    first = cms("build")[1]
    staged = cms("build", "--env", "staging")[1]
    assert staged["written"] == first["written"]
    assert (site / "staging/logo.svg").exists()
    (site / "content/pages/about.md").unlink()
    assert cms("build", "--env", "staging", "--confirm-removals")[1]["removed"] > 0
    assert cms("build", "--confirm-removals")[1]["removed"] > 0
    for folder in ("build", "staging"):
        assert not (site / folder / "about").exists()
    assert cms("verify")[0] == cms("verify", "--env", "staging")[0] == 0


def test_sync_stores_without_building(site: Path, cms: Cms) -> None:
    code, result, _ = cms("sync")
    assert (code, result["status"], result["saved"]) == (0, "done", 3)
    assert not (site / "build").exists()


def test_authoring_is_seen_by_the_next_build(site: Path, cms: Cms) -> None:
    cms("build")
    cms("trash", "flood")
    assert cms("build", "--confirm-removals")[1]["removed"] > 0
    assert not (site / "build/2025/03/flood").exists()
    cms("restore", "flood")
    cms("move", "flood", "--slug", "deluge")
    cms("build")
    assert (site / "build/2025/03/deluge/index.html").exists()
    assert "/2025/03/deluge/" in (site / "build/2025/03/flood/index.html").read_text()


def test_database_commands(site: Path, cms: Cms) -> None:
    cms("build")
    code, status, _ = cms("db", "status")
    assert (code, status["running"]) == (0, True)
    assert status["url"].startswith("postgresql://")
    assert all(file["applied_at"] for file in status["migrations"])
    assert cms("db", "migrate")[1] == {"applied": []}
    assert cms("db", "stop")[0] == 2
    code, dumped, _ = cms("db", "dump", "store.cms")
    assert code == 0
    assert cms("db", "dump", "store.cms")[0] == 2
    assert cms("db", "restore", "store.cms")[0] == 1
    code, restored, _ = cms("db", "restore", "store.cms", "--replace")
    assert code == 0
    assert restored["rows"] == dumped["rows"]
    assert cms("build")[1]["rendered"] > 5


def test_database_that_is_gone_is_said_plainly(site: Path, cms: Cms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMS_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    code, result, err = cms("build")
    assert code == 1
    assert result["status"] == "failed"
    assert "[db." in err
    assert "secret" not in err
    assert "Traceback" not in err


def test_a_template_error_in_the_first_build_is_named_and_no_removal_is_refused(site: Path, cms: Cms) -> None:
    (site / "themes/base/templates").mkdir(parents=True, exist_ok=True)
    broken = site / "themes/base/templates/post.html"
    broken.write_text("{% if x %}")
    code, result, _ = cms("build")
    assert code == 3 and all(problem["code"].startswith("theme.") for problem in result["problems"])
    broken.unlink()
    assert cms("build")[0] == 0


@pytest.fixture
def big_site(site: Path) -> Path:
    for number in range(1, 31):
        (site / f"content/posts/p{number:02}.md").write_text(f"---\ntitle: P{number}\ndate: 2025-01-{number:02}\n---\nText.\n")
    return site


def test_removing_more_than_half_of_the_content_is_refused_before_anything_is_published(big_site: Path, cms: Cms) -> None:
    cms("build")
    before = {path: path.read_bytes() for path in (big_site / "build").rglob("*") if path.is_file()}
    gone = [big_site / f"content/posts/p{number:02}.md" for number in range(1, 22)]
    texts = {path: path.read_text() for path in gone}
    for path in gone:
        path.unlink()
    for _ in range(2):  # nor does the second try forget it
        code, result, err = cms("build")
        assert code == 1
        (problem,) = result["problems"]
        assert problem["code"] == "build.removals"
        assert "21 of 32 content pages" in problem["message"]
        assert problem["hint"].count("\n  /2025/01/p") == 20
        assert "… and 1 more" in err
        assert {path: path.read_bytes() for path in (big_site / "build").rglob("*") if path.is_file()} == before
    assert cms("plan")[0] == 0
    for path, text in texts.items():
        path.write_text(text)
    assert cms("build")[1]["removed"] == 0
    for path in gone:
        path.unlink()
    assert cms("build", "--confirm-removals")[1]["removed"] == 21
    assert cms("verify")[0] == 0


def test_removing_a_few_pages_needs_no_word_and_a_home_page_that_goes_leaves_a_redirect(big_site: Path, cms: Cms) -> None:
    (big_site / "site.toml").write_text(f'{SITE}[home]\nurl = "/all/"\n')
    (big_site / "content/pages/index.md").write_text("# Home\n")
    cms("build")
    (big_site / "content/posts/p01.md").unlink()
    code, result, _ = cms("build")
    assert (code, result["removed"]) == (0, 1)
    (big_site / "content/pages/index.md").unlink()
    assert cms("build")[0] == 0
    assert '/all/">Continue' in (big_site / "build/index.html").read_text()


def test_failing_template_leaves_the_old_bytes_of_its_page_and_is_named(site: Path, cms: Cms) -> None:
    cms("build")
    before = (site / "build/about/index.html").read_bytes()
    (site / "themes/mine/templates").mkdir(parents=True)
    (site / "themes/mine/templates/page.html").write_text('{% extends "entry.html" %}\n{% block before %}{{ entry.titel }}{% endblock %}')
    (site / "site.toml").write_text('theme = "mine"\n' + SITE)
    (site / "content/posts/flood.md").write_text("---\ntitle: Rain\ndate: 2025-03-01\n---\nWater.\n")
    for _ in range(2):
        code, result, err = cms("build")
        assert (code, result["failed"]) == (3, 1)
        said = 'themes/mine/templates/page.html:2: /about/ (from content/pages/about.md): entry has no "titel"; did you mean "title"? [theme.template]'
        assert said in err
        assert (site / "build/about/index.html").read_bytes() == before
        assert "Rain" in (site / "build/2025/03/flood/index.html").read_text()
    assert "1 failing: their last good version stays" in cms("status")[1]["text"]
    code, result, _ = cms("theme", "check")
    assert (code, [p["message"] for p in result["problems"]]) == (3, ["entry has no titel"])
    why = cms("why", "/about/")[1]["text"]
    assert "failing, its last good version stays" in why
    assert "up to date" not in why


def test_page_that_needs_a_broken_data_file_blames_the_file_and_not_the_template(site: Path, cms: Cms) -> None:
    (site / "data").mkdir()
    (site / "data/social.yaml").write_text("- name: X\n  url: [\n")
    code, result, _ = cms("build")
    assert code == 3
    about = next(p for p in result["problems"] if "/about/" in p["message"])
    assert (about["code"], about["place"], about["line"]) == ("data.unreadable", "data/social.yaml", 3)
    assert about["message"].endswith("; /about/ (from content/pages/about.md) needs it")
    assert not [p for p in result["problems"] if p["code"].startswith("theme.")]
    (site / "data/social.yaml").write_text("- {name: X, url: 'https://x.org'}\n")
    assert cms("build")[1]["failed"] == 0


def test_status_tells_of_a_build_that_failed_and_of_one_that_was_killed(big_site: Path, cms: Cms, db: psycopg.Connection[Any]) -> None:
    cms("build")
    db.execute("UPDATE cms.builds SET finished_at = NULL, result = NULL")  # as a kill leaves it
    db.commit()
    for number in range(1, 25):
        (big_site / f"content/posts/p{number:02}.md").unlink()
    assert cms("build")[0] == 1
    last = cms("status")[1]["last_build"]
    assert (last["status"], last["codes"]) == ("failed", ["build.removals"])
    assert "failed: build.removals; cms build says what to do" in cms("status")[1]["text"]
    assert db.execute("SELECT result ->> 'status' FROM cms.builds ORDER BY id").fetchall() == [("killed",), ("failed",)]
    assert cms("build", "--confirm-removals")[0] == 0
    assert cms("status")[1]["last_build"]["status"] == "done"


def test_status_names_no_builder_that_is_dead(site: Path, cms: Cms, db: psycopg.Connection[Any]) -> None:
    cms("build")
    say = "import time; from cms_ssg.store.lease import _own_name; print(_own_name(), flush=True); time.sleep(60)"
    builder = subprocess.Popen([sys.executable, "-c", say], stdout=subprocess.PIPE, text=True)
    assert builder.stdout is not None
    name = builder.stdout.readline().strip()
    lease = "UPDATE cms.sites SET lease_holder = %s, lease_expires_at = clock_timestamp() + interval '30 s'"
    db.execute(lease, (name,))
    db.commit()
    assert cms("status")[1]["builder"] == name
    builder.kill()
    os.waitid(os.P_PID, builder.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    assert cms("status")[1]["builder"] == ""
    builder.communicate()
    assert cms("status")[1]["builder"] == ""
    db.execute(lease, (name.replace(socket.gethostname(), "elsewhere"),))
    db.commit()
    assert cms("status")[1]["builder"]
    db.execute("UPDATE cms.sites SET lease_holder = NULL, lease_expires_at = NULL")
    db.commit()


def test_plan_and_build_count_the_same_pages_and_images_are_counted_apart(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cms(["build"]) == 0
    (site / "content/posts/pic").mkdir()
    (site / "content/posts/pic/hopper.jpg").write_bytes((DATA / "images/hopper.jpg").read_bytes())
    (site / "content/posts/pic/index.md").write_text("---\ntitle: Pic\ndate: 2025-05-01\n---\n![a](hopper.jpg)\n")
    capsys.readouterr()
    run_cms(["plan"])
    planned = re.search(r"this edit touches (\d+ pages)", capsys.readouterr().out)
    run_cms(["build"])
    built = re.fullmatch(r"(\d+ pages) rendered, \d+ images? made, \d+ written to build.*\n", capsys.readouterr().out)
    assert planned and built and planned[1] == built[1]
