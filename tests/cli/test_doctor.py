"""cms doctor: what is there is ok, what is not is named with what to do, and no secret is said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cms_ssg.diagnostics.doctor import _check_clock
from tests.cli.small_site import Cms


def look(cms: Cms) -> tuple[int, dict[str, dict[str, Any]], str]:
    code, result, err = cms("doctor")
    return code, {check["name"]: check for check in result["checks"]}, err + str(result)


def test_healthy_site_is_ok_in_every_line_and_nothing_is_left_in_it(site: Path, cms: Cms) -> None:
    cms("build")
    before = sorted(site.rglob("*"))
    code, checks, _ = look(cms)
    assert code == 0
    assert {name for name, check in checks.items() if check["status"] == "fail"} == set()
    assert {"python", "pillow", "boto3", "database", "clock", "migrations", "target", "disk"} <= set(checks)
    assert "can be written" in checks["target"]["text"]
    assert sorted(site.rglob("*")) == before


def test_database_that_is_away_fails_without_its_password(site: Path, cms: Cms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMS_DATABASE_URL", "postgresql://nobody:hunter22@127.0.0.1:1/none")
    code, checks, said = look(cms)
    assert (code, checks["database"]["status"], "hunter22" in said) == (3, "fail", False)
    assert checks["database"]["hint"]


def test_target_that_cannot_be_written_fails(site: Path, cms: Cms) -> None:
    (site / "site.toml").write_text('target = "folder:/proc/cms/build"\n')  # where not even root makes folders
    code, checks, _ = look(cms)
    assert (code, checks["target"]["status"]) == (3, "fail")


def test_secrets_are_looked_for_and_never_said(site: Path, cms: Cms, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "site.toml").write_text(
        '[[webhooks]]\nurl = "https://a.org/"\nsecret_env = "LONG_ONE"\n[[webhooks]]\nurl = "https://b.org/"\nsecret_env = "SHORT_ONE"\n'
        '[receiver]\nsecret_env = "MISSING_ONE"\n'
    )
    monkeypatch.setenv("LONG_ONE", "correct-horse-battery-staple")
    monkeypatch.setenv("SHORT_ONE", "abc123")
    code, checks, said = look(cms)
    assert code == 3
    assert [checks[name]["status"] for name in ("LONG_ONE", "SHORT_ONE", "MISSING_ONE")] == ["ok", "warn", "fail"]
    assert "battery" not in said
    assert "abc123" not in said


def test_token_of_the_cdn_is_looked_for(site: Path, cms: Cms, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "site.toml").write_text('[cdn]\nkind = "cloudflare"\nzone = "z1"\n')
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)
    code, checks, _ = look(cms)
    assert (code, checks["CLOUDFLARE_API_TOKEN"]["status"]) == (3, "fail")
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "token-of-forty-letters-token-of-forty-le")
    code, checks, said = look(cms)
    assert (code, checks["CLOUDFLARE_API_TOKEN"]["status"], "of-forty" in said) == (0, "ok", False)


def test_clock_is_compared_with_the_databases(db: psycopg.Connection[Any]) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    at = now.timestamp()
    assert [_check_clock(now, at + s, at + s + 0.1).status for s in (-0.05, 20, 40, -400)] == ["ok", "ok", "warn", "fail"]


def test_migration_that_is_missing_is_a_warning(site: Path, cms: Cms, db: psycopg.Connection[Any]) -> None:
    last = "number = (SELECT max(number) FROM cms.migrations WHERE set IN ('core', 'away'))"
    db.execute(f"UPDATE cms.migrations SET set = 'away' WHERE set = 'core' AND {last}")
    db.commit()
    try:
        code, checks, _ = look(cms)
    finally:
        db.execute(f"UPDATE cms.migrations SET set = 'core' WHERE set = 'away' AND {last}")
        db.commit()
    assert (code, checks["migrations"]["status"]) == (0, "warn")
