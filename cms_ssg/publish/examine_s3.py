"""What ``cms doctor`` asks of a bucket: a key, an answer, the store's clock, the rights of a build, and whether conditions are honoured.

One object below the prefix is written, read and removed again; nothing of the site is touched.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from cms_ssg.config.settings import Settings
from cms_ssg.errors import CmsError
from cms_ssg.publish.s3 import S3Target
from cms_ssg.publish.s3_client import code_of, open_client, say_failure
from cms_ssg.publish.target import Writer
from cms_ssg.types import Problem

SKEW_WARN_S, SKEW_FAIL_S = 60.0, 300.0
"""AWS signs by the minute: a request that is more than five minutes off is refused, by S3 itself at the latest when it is fifteen."""

ATTEMPTS, READ_TIMEOUT_S = 1, 10.0
"""A person waits for the answer, so a store that is away is asked once more and given up."""

PROBE: Final = b"cms doctor wrote this and removes it again\n"

Finding = tuple[str, str, Problem | None]
"""What was looked at, what is well with it, and what is not."""


def examine_bucket(settings: Settings) -> Iterator[Finding]:
    """Look at the target of the settings, each step only where the one before let it."""
    url = settings.target.url
    try:
        yield "credentials", _find_key(url), None
        target = S3Target(settings, Writer(settings.store_name, f"doctor-{uuid.uuid4()}", 0))
        target.client = open_client(1, ATTEMPTS, READ_TIMEOUT_S)
    except CmsError as error:
        yield "credentials" if error.problems[0].code == "publish.credentials" else "target", "", error.problems[0]
        return
    before = time.time()
    try:
        answer = target.client.list_objects_v2(Bucket=target.bucket, Prefix=target.prefix, MaxKeys=1)
        failed = None
    except ClientError as error:
        answer, failed = error.response, error
    except BotoCoreError as error:
        yield "target", "", say_failure(error, target.bucket).problems[0]
        return
    yield from _check_clock(answer, before, time.time(), url)
    if failed is None:
        yield "target", f"{url} is there", None
    else:
        problem = say_failure(failed, target.bucket).problems[0]
        if problem.code != "publish.denied":
            yield "target", "", problem
            return
        yield "target", "", Problem(problem.code, url, 0, f"the store does not let us list it ({code_of(failed)})",
                                    "Verify, audits and rollbacks need s3:ListBucket on the bucket; builds do without.", "warning")  # fmt: skip
    yield from _check_rights(target, url)


def _find_key(url: str) -> str:
    """Where boto3 finds the key; what it is is not said. Raises CmsError publish.credentials."""
    bucket = url.partition("//")[2].partition("/")[0]
    try:
        credentials = boto3.session.Session().get_credentials()
        if credentials is not None:
            credentials.get_frozen_credentials()  # a role or a sign-on asks for them here
            return f"found ({credentials.method})"
    except (BotoCoreError, ClientError) as error:
        raise CmsError(Problem("publish.credentials", f"s3://{bucket}", 0, f"no key for the store was found: {error}",
                               "Mend AWS_PROFILE or the profile that it names, or sign on again.")) from None  # fmt: skip
    raise CmsError(Problem("publish.credentials", f"s3://{bucket}", 0, "no key for the store was found",
                           "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile."))  # fmt: skip


def _check_clock(answer: Any, before: float, after: float, url: str) -> Iterator[Finding]:
    """The Date of an answer has whole seconds: it was made within the second that it names."""
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        at = parsedate_to_datetime(said)
    except ValueError:  # it says no time, or none that can be read
        return
    theirs = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    skew = max(0.0, before - (theirs + 1), theirs - after)
    if skew < SKEW_WARN_S:
        yield "target clock", f"{skew:.0f} s from the store's", None
        return
    away = f"{skew / 60:.0f} minutes {'behind' if theirs > after else 'ahead of'} the store's"
    yield "target clock", "", Problem("publish.clock", url, 0, f"the clock of this machine is {away}", "Set it by NTP: timedatectl set-ntp true",
                                      "error" if skew > SKEW_FAIL_S else "warning")  # fmt: skip


def _check_rights(target: S3Target, url: str) -> Iterator[Finding]:
    """Write, read and remove an object as a build does, then ask whether its conditions would be kept."""
    assert target.writer is not None
    client, place = target.client, {"Bucket": target.bucket, "Key": f"{target.prefix}.cms-probe-{target.writer.store}"}
    steps: dict[str, Callable[[], Any]] = {
        "s3:PutObject": lambda: client.put_object(**place, Body=PROBE),
        "s3:GetObject": lambda: client.get_object(**place),
        "s3:DeleteObject": lambda: client.delete_object(**place),
    }
    is_well = True
    for right, act in steps.items():
        try:
            act()
        except (ClientError, BotoCoreError) as error:
            problem, is_well = say_failure(error, target.bucket).problems[0], False
            hint = f"The key needs {right} on the objects." if problem.code == "publish.denied" else problem.hint
            if right == "s3:DeleteObject":
                hint += f" {place['Key']} is left there: remove it."
            yield "target rights", "", Problem(problem.code, url, 0, f"{right}: {problem.message}", hint)
            if right == "s3:PutObject":
                return
    if not is_well:
        return
    yield "target rights", "may write, read and remove", None
    try:
        honours = target.honours_conditions()
    except CmsError as error:
        yield "target conditions", "", error.problems[0]
        return
    yield "target conditions", "honoured", None if honours else Problem(
        "publish.no-conditions", url, 0, "this store ignores the conditions of a write",
        "Let one machine alone build this site: two builders could overwrite each other's pages.", "warning",
    )  # fmt: skip
