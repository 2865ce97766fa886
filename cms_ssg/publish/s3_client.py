"""Talks to a store that speaks S3's protocol, and says in the user's words what is wrong when that fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from cms_ssg.errors import CmsError, fail
from cms_ssg.publish.compress import unpack
from cms_ssg.reads import digest

UPLOAD_LOST: Final = frozenset(("SlowDown", "503", "InternalError", "500", "RequestTimeout", "ServiceUnavailable", "OperationAborted"))
"""Answers that botocore tried again in vain: the next build may have more luck."""

MISSING: Final = frozenset(("404", "NoSuchKey", "NotFound"))
HIDDEN: Final = frozenset(("AccessDenied", "403"))
"""What S3 says of an object that is not there to a key that may not list the bucket."""

MOVED: Final = frozenset(("PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchUpload"))
"""Something may have been written meanwhile, if only by a request of ours whose answer was lost."""

ATTEMPTS, READ_TIMEOUT_S = 8, 30.0
_NO_RIGHT: Final = frozenset(("AccessDenied", "403", "AllAccessDisabled", "AccountProblem"))
_WRONG_REGION: Final = frozenset(
    ("AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException", "InvalidRegionName")
)
_NO_KEY: Final = frozenset(("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"))


def open_client(uploads: int, attempts: int = 0, read_timeout_s: float = 0) -> Any:
    """The client of this process for AWS, or for the store that AWS_ENDPOINT_URL names. uploads: requests at once; attempts: 0 for ATTEMPTS.

    A lost answer is asked for again: the request may have been carried out, which the conditions of a write show. Making one takes
    a quarter of a second, so it is kept while the environment stays as it is; `cms watch` publishes at every save.
    """
    around = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))
    return _make_client(uploads, os.getpid(), around, attempts or ATTEMPTS, read_timeout_s or READ_TIMEOUT_S)


@lru_cache(maxsize=2)
def _make_client(uploads: int, _process: int, _around: tuple[tuple[str, str], ...], attempts: int, read_timeout_s: float) -> Any:
    config = Config(
        retries={"mode": "standard", "max_attempts": attempts}, connect_timeout=5, read_timeout=read_timeout_s, max_pool_connections=uploads,
        request_checksum_calculation="when_required", response_checksum_validation="when_required",
    )  # fmt: skip
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    try:
        session = boto3.session.Session()
        return session.client("s3", config=config, region_name=region or session.region_name or "us-east-1")
    except (BotoCoreError, ValueError) as error:
        raise fail("publish.settings", f"the store cannot be talked to: {error}", place="AWS_ENDPOINT_URL",
                   hint="Such as https://ACCOUNT.r2.cloudflarestorage.com; unset it for AWS.") from None  # fmt: skip


def read_object(client: Any, bucket: str, key: str) -> tuple[bytes, str, str] | None:
    """An object's bytes as they were made, not compressed by us, its Content-Type and its cache tags; None where there is none.

    Raises botocore's errors, CmsError publish.no-brotli.
    """
    try:
        answer = client.get_object(Bucket=bucket, Key=key)
        data: bytes = answer["Body"].read()
    except ClientError as error:
        if code_of(error) in MISSING:
            return None
        raise
    said = {name.lower(): value for name, value in answer.get("Metadata", {}).items()}
    encoding = answer.get("ContentEncoding", "")
    is_own = bool(encoding) and digest(data).hex() == said.get("cms-digest", "")  # a file that was compressed before it came to us
    plain = data if is_own else unpack(encoding, data)
    return plain, str(answer.get("ContentType", "")), said.get("cache-tag", "")


def look_at(client: Any, bucket: str, key: str) -> Any:
    """What HEAD says of an object, None where there is none. Raises botocore's errors.

    The answer to a HEAD has no body, so a refusal says no more than 403 or 400: a GET is asked then for why.
    """
    try:
        return client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) in MISSING:
            return None
        if code_of(error) in ("400", "403"):
            client.get_object(Bucket=bucket, Key=key)["Body"].close()
        raise


def code_of(error: ClientError) -> str:
    """The store's own word for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_for_all(error: ClientError) -> bool:
    """Whether a refusal is about the key, the bucket or the clock, and so meets every object alike."""
    return code_of(error) in _NO_KEY | _WRONG_REGION | {"NoSuchBucket", "RequestTimeTooSkewed", "AllAccessDisabled", "AccountProblem"}


@contextmanager
def translated_errors(bucket: str) -> Iterator[None]:
    """Raises CmsError publish.* for what botocore raises in the block."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise say_failure(error, bucket) from error


def say_failure(error: ClientError | BotoCoreError, bucket: str) -> CmsError:
    """What a failed request means, without its signature."""
    later = "What was published stays; run the same command again."
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return fail("publish.credentials", "no key for the store was found", place=f"s3://{bucket}",
                    hint="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile.")  # fmt: skip
    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        code = str(said.get("Code", ""))
        text = f"{code}: {said.get('Message', '')}".strip(": ")
        if code == "NoSuchBucket":
            return fail("publish.bucket", f'there is no bucket "{bucket}"', place=f"s3://{bucket}", hint="Make it, or mend [target] url.")
        if code == "RequestTimeTooSkewed":
            return fail("publish.clock", "the clock of this machine is too far from the store's", place=f"s3://{bucket}",
                        hint="Set it by NTP: timedatectl set-ntp true")  # fmt: skip
        if code in _NO_KEY:
            return fail("publish.credentials", f"the store does not take the key ({text})", place=f"s3://{bucket}",
                        hint="Look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile.")  # fmt: skip
        if code in _WRONG_REGION:
            region = str(said.get("Region", "")) or "the one that the message names"
            return fail("publish.region", f"the bucket lies in another region ({text})", place=f"s3://{bucket}",
                        hint=f"Set AWS_REGION to {region}; for R2 it is auto.")  # fmt: skip
        if code in _NO_RIGHT:
            return fail("publish.denied", f"the store denies it ({text})", place=f"s3://{bucket}",
                        hint="The key needs s3:GetObject, s3:PutObject, s3:DeleteObject on the objects, and s3:ListBucket on the bucket "
                             "for verify, audits and rollbacks.")  # fmt: skip
        return fail("publish.failed", f"the store answers {text}", place=f"s3://{bucket}", hint=later)
    hint = f"{later} Look at the network, and at AWS_ENDPOINT_URL, which names the store."
    return fail("publish.unreachable", f"the store does not answer: {error}", place=f"s3://{bucket}", hint=hint)
