"""CloudFront as the CDN: invalidations of paths and of wildcards.

Limits as documented: 3,000 paths and 15 wildcards in progress at a time for a distribution
(https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/InvalidationLimits.html); above them it answers
TooManyInvalidationsInProgress, without saying for how long. The first 1,000 paths of a month are free. Where a function at the edge changes the
path that is asked for, both have to be named (.../DeveloperGuide/invalidation-specifying-objects.html): ``/about/`` and what it stands for.
A tag is an item that begins with ``#``, for a distribution with a CacheTagConfig; 50 tags an object count (.../invalidation-by-tags.html).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final

from cms_ssg.publish.cdn import Address, CdnError

PAGES_A_CALL: Final = 1000
"""Two paths a page, and still below 3,000."""

FULL_S: Final = 15.0
"""An invalidation takes seconds to a few minutes; so long is waited before the next try."""

PASSING: Final = frozenset({"TooManyInvalidationsInProgress", "Throttling", "ThrottlingException", "ServiceUnavailable", "InternalError"})


class CloudFrontCdn:
    """distribution: its id. Credentials and endpoint are those that boto3 finds (AWS_ACCESS_KEY_ID …, AWS_ENDPOINT_URL)."""

    pages_a_call = PAGES_A_CALL
    most_folders = 10

    def __init__(self, distribution: str, address: Address) -> None:
        self.distribution, self.address = distribution, address
        self._client: Any = None

    def purge_pages(self, paths: Sequence[str]) -> None:
        both = [shown for path in paths for shown in ((path, path + "index.html") if path.endswith("/") else (path,))]
        self._invalidate([self.address.quoted(path) for path in both])

    def purge_folders(self, folders: Sequence[str]) -> None:
        self._invalidate([self.address.quoted(folder) + "*" for folder in folders])

    def purge_tags(self, tags: Sequence[str]) -> None:
        for start in range(0, len(tags), PAGES_A_CALL):
            self._invalidate([f"#{tag}" for tag in tags[start : start + PAGES_A_CALL]])

    def purge_all(self) -> None:
        self._invalidate(["/*"])

    def _invalidate(self, items: list[str]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
        from botocore.exceptions import ConnectionError as NoConnectionError

        batch = {"Paths": {"Quantity": len(items), "Items": items}, "CallerReference": secrets.token_hex(16)}
        try:
            if self._client is None:
                self._client = _connect()
            self._client.create_invalidation(DistributionId=self.distribution, InvalidationBatch=batch)
        except ClientError as error:
            said = error.response.get("Error", {})
            code, status = said.get("Code", ""), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            again = code in PASSING or status >= 500
            after_s = FULL_S if code == "TooManyInvalidationsInProgress" else 0.0
            bad = 400 if code in ("InvalidArgument", "BatchTooLarge") else 403 if status == 403 else 0
            raise CdnError(f"CloudFront refused: {said.get('Message', '')} ({code})", status=bad, again=again, after_s=after_s) from None
        except BotoCoreError as error:
            raise CdnError(
                f"CloudFront could not be asked: {error}", again=isinstance(error, HTTPClientError | NoConnectionError)
            ) from None


def _connect() -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "cloudfront", region_name="us-east-1", config=Config(connect_timeout=10, read_timeout=20, retries={"max_attempts": 1})
    )
