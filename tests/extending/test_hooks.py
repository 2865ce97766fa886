"""Hooks are told what is true, at least once, whatever is killed; what they raise harms nothing."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cms_ssg.build import BuildOptions, build
from cms_ssg.cli.main import run as run_cms
from cms_ssg.hooks import BULK_AT
from cms_ssg.store.connect import connect
from tests.cli.small_site import Cms
from tests.engine.killing import kill_at
from tests.extending.conftest import Receiver

ROOT = Path(__file__).resolve().parents[2]

RECORD = """
import json
from pathlib import Path
import msgspec
from cms_ssg.hooks import hook

HERE = Path(__file__).parent

def note(name, value):
    with open(HERE / "told.jsonl", "a") as file:
        file.write(json.dumps([name, msgspec.to_builtins(value), value.path[1:] + "index.html" if name == "post_after_publish" else "",
                               (HERE / "build" / getattr(value, "path", "/none")[1:] / "index.html").exists()]) + "\\n")

@hook
def build_before(build): note("build_before", build)
@hook
def content_after_save(saved): note("content_after_save", saved)
@hook
def post_after_publish(post): note("post_after_publish", post)
@hook
def post_bulk_updated(update): note("post_bulk_updated", update)
@hook
def build_after(build): note("build_after", build)
@hook
def release_published(release): note("release_published", release)
"""


def read_told(site: Path) -> list[tuple[str, dict[str, Any], bool]]:
    """(hook, argument, whether the post's page was at the target) of every call since the last look."""
    file = site / "told.jsonl"
    if not file.exists():
        return []
    lines = file.read_text().splitlines()
    file.unlink()
    return [(name, value, live) for name, value, _, live in map(json.loads, lines)]


def test_each_hook_is_told_what_became_of_an_edit(site: Path, cms: Cms) -> None:
    (site / "hooks.py").write_text(RECORD)
    assert cms("build")[0] == 0
    told = read_told(site)
    assert [name for name, _, _ in told] == ["build_before", "content_after_save", "post_after_publish", "build_after", "release_published"]
    saved = {(entry["file"], entry["action"], entry["is_post"]) for entry in told[1][1]["entries"]}
    assert saved == {
        ("content/pages/about.md", "added", False),
        ("content/posts/flood.md", "added", True),
        ("content/posts/later.md", "added", True),
    }
    post = told[2][1]
    assert (post["title"], post["url"], told[2][2]) == ("Flood", "https://a.org/2025/03/flood/", True)
    assert (told[3][1]["status"], told[4][1]["removed"], told[4][1]["resumed"]) == ("done", 0, False)
    assert told[4][1]["written"] > 5
    cms("build")
    assert [name for name, _, _ in read_told(site)] == ["build_before", "build_after"]
    (site / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nMore.\n")
    cms("build")
    told = read_told(site)
    assert [name for name, _, _ in told] == ["build_before", "content_after_save", "build_after", "release_published"]
    assert [entry["action"] for entry in told[1][1]["entries"]] == ["changed"]


def test_post_is_told_when_its_time_comes_and_settings_that_touch_all_tell_of_none(site: Path, cms: Cms) -> None:
    (site / "hooks.py").write_text(RECORD)
    cms("build")
    read_told(site)
    cms("build", "--now", "2999-01-02")
    told = read_told(site)
    assert [(name, value.get("title")) for name, value, _ in told if "content" in name or "post" in name] == [
        ("post_after_publish", "Later")
    ]
    (site / "site.toml").write_text('title = "T"\nbase_url = "https://b.org/x"\n')
    cms("build", "--now", "2999-01-02")
    assert [name for name, _, _ in read_told(site)] == ["build_before", "build_after", "release_published"]


def test_sync_and_sql_are_saves_and_a_deleted_file_is_told_as_removed(site: Path, cms: Cms, db_url: str) -> None:
    (site / "hooks.py").write_text(RECORD)
    cms("build")
    read_told(site)
    (site / "content/posts/flood.md").unlink()
    cms("sync")
    ((name, value, _),) = read_told(site)
    assert (name, [(entry["action"], entry["file"]) for entry in value["entries"]]) == (
        "content_after_save",
        [("removed", "content/posts/flood.md")],
    )
    with connect(db_url, autocommit=True) as connection:
        connection.execute("""UPDATE cms.entries SET fields = fields || '{"title": "Us"}' WHERE source_key = 'content/pages/about.md'""")
    cms("build", "--confirm-removals")
    told = {name: value for name, value, _ in read_told(site)}
    assert [entry["title"] for entry in told["content_after_save"]["entries"]] == ["Us"]


def test_post_that_fails_is_told_once_it_renders(site: Path, cms: Cms) -> None:
    (site / "hooks.py").write_text(RECORD)
    (site / "themes/mine/templates").mkdir(parents=True)
    template = site / "themes/mine/templates/post.html"
    template.write_text("{{ entry.titel }}")
    (site / "site.toml").write_text('theme = "mine"\n' + (site / "site.toml").read_text())
    assert cms("build")[0] == 3
    assert "post_after_publish" not in [name for name, _, _ in read_told(site)]
    template.write_text("{{ entry.title }}")
    assert cms("build")[0] == 0
    assert [(value["title"], live) for name, value, live in read_told(site) if name == "post_after_publish"] == [("Flood", True)]


def test_many_posts_at_once_are_told_together(site: Path, cms: Cms) -> None:
    (site / "hooks.py").write_text(RECORD)
    for number in range(BULK_AT):
        (site / f"content/posts/p{number}.md").write_text(f"---\ntitle: P{number}\ndate: 2025-01-01\n---\nText.\n")
    cms("build")
    told = read_told(site)
    assert "post_after_publish" not in [name for name, _, _ in told]
    (update,) = [value for name, value, _ in told if name == "post_bulk_updated"]
    assert (len(update["published"]), len(update["changed"])) == (BULK_AT + 1, BULK_AT + 2)
    assert update["published"][0]["url"].startswith("https://a.org/2025/")


def test_what_a_hook_raises_is_a_warning_with_its_line_and_harms_nothing(
    site: Path, cms: Cms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(install_plugin(tmp_path / "packages", "other", RECORD.replace("__file__", repr(str(site / "hooks.py")))))
    (site / "hooks.py").write_text(
        "import sys\nfrom cms_ssg.hooks import hook\n\n@hook\ndef build_after(build):\n    print('on its way')\n    sys.exit(5)\n\n"
        "@hook\ndef release_published(release):\n    release.written = 0\n\n@hook\ndef release_publishd(release):\n    pass\n"
    )
    code, result, err = cms("build")
    assert (code, result["status"], result["failed"]) == (0, "done", 0)
    problems = {(p["code"], p["place"], p["line"], p["severity"]) for p in result["problems"]}
    assert problems == {
        ("hooks.failed", "hooks.py", 7, "warning"),
        ("hooks.failed", "hooks.py", 11, "warning"),
        ("hooks.wrong", "hooks.py", 13, "warning"),
    }
    assert 'Did you mean "release_published"?' in err
    assert "on its way" in err
    assert {"build_after", "release_published"} <= {name for name, _, _ in read_told(site)}, "the other plugin is told all the same"
    assert cms("verify")[0] == 0


def test_what_a_hook_prints_is_a_line_of_the_log_without_secrets(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "hooks.py").write_text(
        "import sys\nfrom cms_ssg.hooks import hook\nprint('read')\n\n@hook\ndef build_after(build):\n"
        "    print('to postgresql://me:hunter2secret@db/x', end='')\n    print('!', file=sys.stderr)\n    print('at its end', end='')\n"
    )
    assert run_cms(["build", "--log-json"]) == 0
    said = capsys.readouterr()
    printed = [line["message"] for line in map(json.loads, said.err.splitlines()) if line["event"] == "printed"]
    assert printed == ["read", "to postgresql://me:***@db/x!", "at its end"]
    assert "read" not in said.out
    run_cms(["build"])
    err = capsys.readouterr().err
    assert "at its end\n" in err and "hunter2" not in err


@pytest.mark.parametrize(("text", "code", "line"), [("x = (\n", "hooks.import", 1), ("\nimport no_such_thing\n", "hooks.import", 2)])
def test_hooks_that_cannot_be_imported_are_named_with_their_line(site: Path, cms: Cms, text: str, code: str, line: int) -> None:
    (site / "hooks.py").write_text(text)
    exit_code, result, _ = cms("build")
    assert (exit_code, result["status"]) == (0, "done")
    assert [(p["code"], p["place"], p["line"]) for p in result["problems"]] == [(code, "hooks.py", line)]


def test_hook_with_an_argument_that_is_not_there_is_refused(site: Path, cms: Cms) -> None:
    (site / "hooks.py").write_text("from cms_ssg.hooks import hook\n@hook\ndef build_after(connection): pass\n")
    (problem,) = cms("build")[1]["problems"]
    assert (problem["code"], "connection" in problem["message"]) == ("hooks.wrong", True)


def install_plugin(folder: Path, name: str, text: str) -> str:
    """A package as pip would leave it, on a folder for sys.path."""
    (folder / f"{name}-1.0.dist-info").mkdir(parents=True)
    (folder / f"{name}-1.0.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (folder / f"{name}-1.0.dist-info/entry_points.txt").write_text(f"[cms_ssg]\n{name} = {name}_hooks\n")
    (folder / f"{name}_hooks.py").write_text(text)
    return str(folder)


def test_installed_plugins_are_found_and_settings_choose_among_them(
    site: Path, cms: Cms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = RECORD.replace("__file__", repr(str(site / "hooks.py")))
    monkeypatch.syspath_prepend(install_plugin(tmp_path / "packages", "recorder", text))
    settings = (site / "site.toml").read_text()
    cms("build")
    assert len(read_told(site)) == 5
    (site / "site.toml").write_text(f"plugins = []\n{settings}")
    assert cms("build")[1]["problems"] == []
    assert read_told(site) == []
    (site / "site.toml").write_text(f'plugins = ["recorder", "missing"]\n{settings}')
    code, result, _ = cms("build")
    assert (code, [p["code"] for p in result["problems"]]) == (0, ["hooks.missing"])
    assert [name for name, _, _ in read_told(site)] == ["build_before", "build_after"]
    sys.modules.pop("recorder_hooks")


def test_failed_build_is_told_and_the_dry_run_tells_nobody(site: Path, cms: Cms) -> None:
    (site / "hooks.py").write_text(RECORD)
    for number in range(30):
        (site / f"content/posts/p{number}.md").write_text(f"---\ntitle: P{number}\ndate: 2025-01-01\n---\nText.\n")
    cms("build")
    read_told(site)
    cms("build", "--dry-run")
    cms("plan")
    assert read_told(site) == []
    for number in range(25):
        (site / f"content/posts/p{number}.md").unlink()
    assert cms("build")[0] == 1
    told = read_told(site)
    assert [name for name, _, _ in told] == ["build_before", "content_after_save", "build_after"]
    ended = told[-1][1]
    assert (ended["status"], [p["code"] for p in ended["problems"]]) == ("failed", ["build.removals"])
    (site / "content_schema").mkdir()
    (site / "content_schema/post.json").write_text("[")
    assert cms("build")[0] == 1
    assert [value["problems"][0]["code"] for name, value, _ in read_told(site) if name == "build_after"] == ["schema.json"]


def kill_everywhere(make: Callable[[], Path], act: Callable[[Path], object], stride: int) -> int:
    """Kill act at every stride-th step on a site of its own, then let it run through; what was told is checked by the caller in make's next call."""
    step = 0
    while True:
        step += stride
        folder = make()
        if not kill_at(step, lambda folder=folder: act(folder)):  # type: ignore[misc]
            return step
        act(folder)


@pytest.mark.parametrize("stride", [13, pytest.param(1, marks=pytest.mark.long)])
def test_kill_at_any_step_loses_no_event_and_tells_nothing_that_is_not_so(
    stride: int, tmp_path: Path, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after each commit, write and removal of a build that publishes a post, the next build has told of it in the end."""
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    made: list[Path] = []
    killed: set[str] = set()

    def check() -> None:
        told = read_told(made[-1])
        names = [name for name, _, _ in told]
        assert set(names) >= {"content_after_save", "post_after_publish", "build_after", "release_published"}, names
        assert all(live for name, _, live in told if name == "post_after_publish"), "a post was told of before its page was there"
        assert not any(value["title"] == "Later" for name, value, _ in told if name == "post_after_publish")
        killed.update(value["status"] for name, value, _ in told if name == "build_after")

    def make() -> Path:
        if made:
            check()
        folder = tmp_path / f"s{len(made)}"
        (folder / "content/posts").mkdir(parents=True)
        (folder / "site.toml").write_text(f'name = "s{len(made)}"\nfeeds = []\ntheme = "mine"\n[taxonomies]\ntag = false\nseries = false\n')
        (folder / "themes/mine/templates").mkdir(parents=True)
        (folder / "themes/mine/theme.toml").write_text('extends = ""\n')
        for name in ("post", "home", "list", "404", "entry", "terms"):
            (folder / f"themes/mine/templates/{name}.html").write_text("{{ page.title }}")
        (folder / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nWater.\n")
        (folder / "content/posts/later.md").write_text("---\ntitle: Later\ndate: 2025-03-01\npublish_at: 2999-01-01\n---\nWater.\n")
        (folder / "hooks.py").write_text(RECORD)
        made.append(folder)
        return folder

    steps = kill_everywhere(make, lambda folder: build(folder, BuildOptions(jobs=1)), stride)
    check()
    assert steps > 20
    assert killed == {"done", "killed"}


def test_the_worked_plugin_of_the_documentation_works(
    site: Path, cms: Cms, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, db: psycopg.Connection[Any]
) -> None:
    page = (ROOT / "docs/extending.md").read_text("utf-8")
    code = re.findall(r'```python\n(""".*?)```', page, re.DOTALL)[0]
    (site / "hooks.py").write_text(code)
    (site / "themes/mine/templates").mkdir(parents=True)
    (site / "themes/mine/templates/page.html").write_text('{{ data("weather", "degrees") }}')
    (site / "site.toml").write_text('theme = "mine"\n' + (site / "site.toml").read_text())
    receiver.content = b'{"degrees": 21.4}'
    monkeypatch.setenv("WEATHER_URL", f"{receiver.url}/weather")
    monkeypatch.setenv("ANNOUNCE_URL", f"{receiver.url}/announce")
    result = cms("build")[1]
    assert (result["status"], result["problems"]) == ("done", [])
    assert (site / "build/about/index.html").read_text() == "21"
    assert [message.path for message in receiver.messages] == ["/weather", "/announce"]
    assert json.loads(receiver.messages[1].body) == {"text": "Flood: https://a.org/2025/03/flood/"}
    assert receiver.messages[1].headers["idempotency-key"].startswith("site:")
    monkeypatch.setenv("WEATHER_URL", "http://127.0.0.1:1/")
    result = cms("build")[1]
    assert (result["status"], result["rendered"], [p["code"] for p in result["problems"]]) == ("done", 0, ["hooks.failed"])


def test_events_are_gone_once_they_were_told(site: Path, cms: Cms, db: psycopg.Connection[Any]) -> None:
    (site / "hooks.py").write_text(RECORD)
    cms("build")
    assert db.execute("SELECT kind FROM cms.events").fetchall() == []


@pytest.mark.parametrize(("missing", "code"), [("opentelemetry", "hooks.import"), ("opentelemetry.exporter", "hooks.failed")])
def test_hint_names_the_extra_where_spans_are_asked_for_without_it(
    site: Path, cms: Cms, monkeypatch: pytest.MonkeyPatch, missing: str, code: str
) -> None:
    for name in [name for name in sys.modules if name.startswith("opentelemetry") or name == "cms_ssg.events.tracing"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Without(missing), *sys.meta_path])
    (site / "hooks.py").write_text("\nfrom cms_ssg.events.tracing import build_after\n")
    exit_code, result = cms("build")[:2]
    [problem] = result["problems"]
    assert (exit_code, problem["code"]) == (0, code)
    assert "pip install 'cms-ssg[otel]'" in problem["hint"]
    if code == "hooks.import":
        assert (problem["place"], problem["line"]) == ("hooks.py", 2)


class Without:
    """Finds no package of this name, as where it is not installed."""

    def __init__(self, missing: str) -> None:
        self.missing = missing

    def find_spec(self, name: str, *_: object) -> None:
        if name == self.missing or name.startswith(self.missing + "."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_build_is_a_span_with_its_steps_where_a_site_asks_for_it(site: Path, cms: Cms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(
        sys.modules, "cms_ssg.events.tracing", raising=False
    )  # another test may have left it with an opentelemetry of its own
    trace = pytest.importorskip("opentelemetry.trace")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    (site / "hooks.py").write_text("from cms_ssg.events.tracing import build_after\n")
    result = cms("build")[1]
    assert result["problems"] == []
    *steps, whole = exporter.get_finished_spans()
    assert (whole.name, whole.attributes["cms.written"], whole.attributes["cms.status"]) == ("cms build", result["written"], "done")
    assert [span.name for span in steps] == ["sync", "plan", "render", "publish", "record"]
    assert {span.parent.span_id for span in steps} == {whole.context.span_id}
    assert whole.start_time <= steps[0].start_time <= steps[-1].end_time <= whole.end_time
