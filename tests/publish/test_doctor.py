"""cms doctor looks at a bucket as a build would use it, says of each fault its code and the way out, and leaves nothing there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import boto3
import pytest

from cms_ssg.config.load import load_settings
from cms_ssg.diagnostics.doctor import examine
from tests.publish.buckets import Bucket, environment, moto_command, open_client, rclone_command, serve
from tests.publish.conftest import free_port
from tests.publish.faulty import serve_faulty

WELL = {"credentials": "ok", "target clock": "ok", "target": "ok", "target rights": "ok", "target conditions": "ok"}


def look(tmp_path: Path, url: str) -> dict[str, Any]:
    """What doctor says of the target, by name."""
    (tmp_path / "site.toml").write_text(f'[target]\nurl = "{url}"\n')
    checks = examine(tmp_path, load_settings(tmp_path, {}), {"CMS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})
    return {check.name: check for check in checks if check.name.startswith(("target", "credentials"))}


def statuses(checks: dict[str, Any]) -> dict[str, str]:
    return {name: check.code or check.status for name, check in checks.items()}


def assert_says(check: Any, status: str, code: str, place: str) -> None:
    assert (check.status, check.code, check.place) == (status, code, place)
    assert f"[{code}]" in check.text
    assert check.hint


def test_a_bucket_that_is_well_is_ok_in_every_line_and_nothing_is_left_in_it(bucket: Bucket, tmp_path: Path) -> None:
    checks = look(tmp_path, f"s3://{bucket.name}/brand")
    assert statuses(checks) == WELL
    assert checks["credentials"].text == "found (env)"
    assert bucket.list_all_keys() == []


def test_a_bucket_that_is_missing_is_named(bucket: Bucket, tmp_path: Path) -> None:
    checks = look(tmp_path, "s3://nowhere/brand")
    assert statuses(checks) == {"credentials": "ok", "target clock": "ok", "target": "publish.bucket"}
    assert_says(checks["target"], "fail", "publish.bucket", "s3://nowhere")


def test_a_store_that_is_away_fails(bucket: Bucket, tmp_path: Path) -> None:
    with environment(f"http://127.0.0.1:{free_port()}"):
        checks = look(tmp_path, f"s3://{bucket.name}")
    assert_says(checks["target"], "fail", "publish.unreachable", f"s3://{bucket.name}")


def test_no_key_and_a_profile_that_is_missing_fail_before_anything_is_asked(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for _ in range(2):
        checks = look(tmp_path, "s3://pages")
        assert set(checks) == {"credentials"}
        assert_says(checks["credentials"], "fail", "publish.credentials", "s3://pages")
        monkeypatch.setenv("AWS_PROFILE", "editor")
    assert "editor" in checks["credentials"].text


@pytest.mark.parametrize(("clock_s", "status"), [(120, "warn"), (-3600, "fail")])
def test_a_clock_that_is_minutes_away_is_told_before_the_store_refuses_it(
    bucket: Bucket, tmp_path: Path, clock_s: int, status: str
) -> None:
    with serve_faulty(bucket.address, clock_s=clock_s) as store, environment(f"http://127.0.0.1:{store.server_port}"):
        checks = look(tmp_path, f"s3://{bucket.name}")
    assert_says(checks["target clock"], status, "publish.clock", f"s3://{bucket.name}")
    assert ("behind" if clock_s > 0 else "ahead of") in checks["target clock"].text
    assert checks["target"].code == ("publish.clock" if status == "fail" else "")


def test_a_wrong_key_and_a_store_without_conditions_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "store/pages").mkdir(parents=True)
    port = free_port()
    with serve(rclone_command(port, tmp_path / "store"), port) as address, environment(address):
        checks = look(tmp_path, "s3://pages")
        assert statuses(checks) == {**WELL, "target conditions": "publish.no-conditions"}
        assert checks["target conditions"].status == "warn"
        assert list((tmp_path / "store/pages").iterdir()) == []
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something else")
        checks = look(tmp_path, "s3://pages")
    assert_says(checks["target"], "fail", "publish.credentials", "s3://pages")
    assert "something else" not in str(checks)


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_a_store_that_ignores_one_of_the_two_conditions_is_told(header: str, bucket: Bucket, tmp_path: Path) -> None:
    with serve_faulty(bucket.address) as store, environment(f"http://127.0.0.1:{store.server_port}"):
        store.dropped = header
        checks = look(tmp_path, f"s3://{bucket.name}")
    assert statuses(checks) == {**WELL, "target conditions": "publish.no-conditions"}
    assert bucket.list_all_keys() == []


def test_the_disk_that_is_looked_at_is_the_targets(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('[target]\nurl = "folder:/dev/shm/pages/of/a/site"\n')
    checks = examine(tmp_path, load_settings(tmp_path, {}), {"CMS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})
    [check] = [check for check in checks if check.name == "target disk"]
    assert check.text.endswith("free at /dev/shm")


RIGHTS = frozenset(("s3:ListBucket", "s3:PutObject", "s3:GetObject", "s3:DeleteObject"))


def test_each_right_that_a_key_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env, port = shutil.which("env"), free_port()
    assert env is not None
    with serve([env, "INITIAL_NO_AUTH_ACTION_COUNT=8", *moto_command(port)], port) as address, environment(address):
        open_client(address).create_bucket(Bucket="pages")
        iam = boto3.client("iam", endpoint_url=address, region_name="us-east-1")
        for user in ("root", "editor"):
            iam.create_user(UserName=user)
        allow(iam, "root", {"iam:*", "s3:*"})
        keys = {user: iam.create_access_key(UserName=user)["AccessKey"] for user in ("root", "editor")}
        iam.list_users()  # the eighth; from here on rights are looked at
        iam = boto3.client(
            "iam", endpoint_url=address, region_name="us-east-1", aws_access_key_id=keys["root"]["AccessKeyId"],
            aws_secret_access_key=keys["root"]["SecretAccessKey"],
        )  # fmt: skip
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["editor"]["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["editor"]["SecretAccessKey"])
        found = {}
        for missing in (*sorted(RIGHTS), ""):
            allow(iam, "editor", RIGHTS - {missing})
            found[missing] = look(tmp_path, "s3://pages/brand")
    assert statuses(found[""]) == WELL
    for right, line, status in (
        ("s3:ListBucket", "target", "warn"), ("s3:PutObject", "target rights", "fail"), ("s3:GetObject", "target rights", "fail"),
        ("s3:DeleteObject", "target rights", "fail"),
    ):  # fmt: skip
        assert_says(found[right][line], status, "publish.denied", "s3://pages/brand")
        assert right in found[right][line].hint
        assert [name for name, check in found[right].items() if check.status != "ok"] == [line]
    assert "brand/.cms-probe-" in found["s3:DeleteObject"]["target rights"].hint


def allow(iam: Any, user: str, actions: AbstractSet[str]) -> None:
    """A user may do this, and no more."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}]}
    iam.put_user_policy(UserName=user, PolicyName="publish", PolicyDocument=json.dumps(policy))
