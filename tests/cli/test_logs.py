"""Logs: one JSON value a line, from a level up, and without secrets; metrics that Prometheus reads."""

from __future__ import annotations

import io
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.cli.main import run
from cms_ssg.cli.output import Output
from cms_ssg.cli.progress_line import say_duration
from cms_ssg.reporting.redact import Redactor
from cms_ssg.types import Problem
from tests.cli.small_site import Cms


def read_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_build_logs_its_end_and_each_problem_as_json_with_fields(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\nexerpt: x\n---\nWater.\n")
    (site / "content/posts/bad.md").write_text("---\ntitle: [\n---\n")
    assert run(["build", "--log-json"]) == 3
    said = capsys.readouterr()
    assert said.out.startswith("13") or "rendered" in said.out
    lines = read_lines(said.err)
    problems = {(line["level"], line["code"], line["place"]) for line in lines if line["event"] == "problem"}
    assert ("error", "content.yaml", "content/posts/bad.md") in problems
    assert ("warning", "content.unknown-field", "content/posts/flood.md") in problems
    (ended,) = [line for line in lines if line["event"] == "build.ended"]
    assert (ended["status"], ended["level"]) == ("partial", "info")
    assert ended["written"] > 5
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", ended["time"])


def test_levels_say_more_and_less(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "content/posts/bad.md").write_text("---\ntitle: [\n---\n")
    run(["build", "--log-json", "--log-level", "error"])
    assert {line["level"] for line in read_lines(capsys.readouterr().err)} == {"error"}
    run(["--log-level", "debug", "--log-json", "build", "--full"])
    assert {"phase", "build.ended"} <= {line["event"] for line in read_lines(capsys.readouterr().err)}
    run(["build", "--log-level", "error"])
    assert "[content.yaml]" in capsys.readouterr().err
    assert run(["build", "--log-level", "loud"]) == 2


def test_failure_before_any_command_runs_is_json_too(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["biuld", "--log-json"]) == 2
    (line,) = read_lines(capsys.readouterr().err)
    assert (line["code"], line["level"]) == ("cli.usage", "error")


def test_libraries_are_heard_in_the_same_form_and_no_longer_than_the_command() -> None:
    err = io.StringIO()
    said = Output(io.StringIO(), err)
    said.as_log = True
    said.capture_library_logs()
    logging.getLogger("botocore.retries").warning("gave up on %s", "https://ada:hunter22secret@s3.example/")
    logging.getLogger("botocore.retries").info("a detail")
    handlers = len(logging.getLogger().handlers)
    said.close()
    assert len(logging.getLogger().handlers) == handlers - 1
    (line,) = read_lines(err.getvalue())
    assert (line["level"], line["event"], line["message"]) == ("warning", "botocore.retries", "gave up on https://ada:***@s3.example/")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("postgresql://cms:p4ss:w0rd@db:5432/x is away", "postgresql://cms:***@db:5432/x is away"),
        ("at postgresql://cms:p@ss/wo:rd?@db:5432/x", "at postgresql://cms:***@db:5432/x"),
        (r"password='it\'s a secret' user=cms", "password=*** user=cms"),
        ("redis://:s3cret@cache/0", "redis://:***@cache/0"),
        ("host=db password=hunter2 user=cms", "host=db password=*** user=cms"),
        ("host=db password='hun ter2' user=cms", "host=db password=*** user=cms"),
        ("GET /in?key=abc&token=def&page=2", "GET /in?key=***&token=***&page=2"),
        ("aws_secret_access_key = abcdef", "aws_secret_access_key = ***"),
        ("Authorization: Bearer abcdefghijk", "Authorization: Bearer ***"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw ghp_abcdefghijklmnopqrstuv AKIAIOSFODNN7EXAMPLE", "*** *** ***"),
        ("glpat-abcdefghijklmnopqrst sk_live_abcdefghijkl eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", "*** *** ***"),
        ("the value is correct-horse", "the value is ***"),
    ],
)
def test_secrets_are_taken_out(text: str, said: str) -> None:
    assert Redactor({"DEPLOY_TOKEN": "correct-horse", "HOME": "/srv"}).redact(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "content/posts/the-secret-garden.md:7: unknown field", "https://example.org/a:b/c@d", "ada@example.org wrote", "sort_key = 5", "Basic facts",
        "http://localhost:8000/", "the key to the token", "token\naccent",
    ],
)  # fmt: skip
def test_ordinary_text_stays(text: str) -> None:
    assert Redactor({"SHORT_TOKEN": "the", "PATH": "/usr/bin:facts"}).redact(text) == text


@given(st.text(), st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Z", "C"]), min_size=8))
def test_value_of_a_secret_is_never_said(text: str, secret: str) -> None:
    said = Redactor({"MY_SECRET": secret}).redact(text + secret + text)
    assert secret not in said.replace("***", "\0")


def test_neither_problems_nor_results_nor_the_crash_log_say_a_secret(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECEIVER", "a-secret-by-another-name")
    (site / "site.toml").write_text('[[webhooks]]\nurl = "http://127.0.0.1:1/"\nsecret_env = "RECEIVER"\n')
    (site / "hooks.py").write_text(
        "import os\nfrom cms_ssg.hooks import hook\n@hook\ndef build_after(build):\n    raise OSError(os.environ['RECEIVER'] + ' https://u:pw123456@h/')\n"
    )
    run(["build"])
    said = capsys.readouterr()
    assert "OSError: *** https://u:***@h/" in said.err
    assert "another-name" not in said.out + said.err

    def explode(*_args: object) -> None:
        raise RuntimeError("postgresql://u:pw123456@h/")

    monkeypatch.setattr("cms_ssg.diagnostics.status.status", explode)
    assert run(["status", "--json"]) == 1
    said = capsys.readouterr()
    log = (site / ".cms/crash.log").read_text()
    assert "postgresql://u:***@h/" in log
    assert "pw123456" not in said.out + said.err + log


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://cms:canary'in\"it@db/x", "canary'in\"it"),
        ("postgresql://cms:canary%40in%2Fit@db/x", "canary%40in%2Fit canary@in/it"),
        ("postgresql://cms:one@canary-bird/of-prey@db/x", "canary-bird/of-prey"),
        ("postgresql://db/x?user=cms&password=canary,in,it", "canary,in,it"),
        (r"host=db password='canary in \'it' user=cms", "canary in 'it"),
        (r"host=db password=canary\ in user=cms", "canary in"),
    ],
)
def test_every_form_of_a_database_password_is_hidden(address: str, said: str) -> None:
    assert "canary" not in Redactor({"CMS_DATABASE_URL": address}).redact(f"{said} or {address}")
    assert "canary" not in Redactor({}, [address]).redact(f"{said} or {address}")


def test_name_of_a_user_that_is_the_password_too_is_said() -> None:
    assert Redactor({"CMS_DATABASE_URL": "postgres://postgres:postgres@db/x"}).redact("user postgres") == "user postgres"


def test_failure_as_json_is_without_secrets() -> None:
    out = io.StringIO()
    Output(out, io.StringIO(), as_json=True).failure([Problem("a.b", "", 0, "https://u:pw123456@h/")])
    assert "https://u:***@h/" in out.getvalue()


SAMPLE = re.compile(r'cms_[a-z_]+\{site="site"(,[a-z]+="[^"\\]*")*\} -?[0-9.e+]+')


def test_metrics_are_what_prometheus_reads(site: Path, cms: Cms, capsys: pytest.CaptureFixture[str]) -> None:
    written = cms("build")[1]["written"]
    (site / "content/posts/new.md").write_text("---\ntitle: N\n---\n")
    capsys.readouterr()
    assert run(["status", "--metrics", "--metrics-file", "site.prom"]) == 0
    text = capsys.readouterr().out
    assert (site / "site.prom").read_text() == text
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in samples), samples
    names = [line.partition("{")[0] for line in samples]
    assert [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")] == list(dict.fromkeys(names))
    values = dict(line.rsplit(" ", 1) for line in samples)
    assert values['cms_last_build_pages{site="site",what="written"}'] == str(written)
    assert values['cms_files_waiting{site="site"}'] == "1"
    assert values['cms_last_build_status{site="site",status="done"}'] == "1"
    assert float(values['cms_recent_build_duration_seconds{site="site",quantile="0.95"}']) > 0
    assert {"cms_feed_age_seconds", "cms_pages_dirty", "cms_pages_failing", "cms_last_build_step_seconds"} <= set(names)
    assert list(site.glob(".site.prom*")) == []
    assert run(["status", "--metrics-file", "none/site.prom"]) == 1
    assert "[status.metrics]" in capsys.readouterr().err


def test_durations_read_well() -> None:
    assert [say_duration(s) for s in (0.2, 8, 250, 7500)] == ["1 s", "8 s", "4 min 10 s", "2 h 05 min"]
