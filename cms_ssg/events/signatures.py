"""Signatures of webhooks, made and checked: Standard Webhooks, GitHub, GitLab. Secrets are compared in constant time.

Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md) by its own library; a secret that
begins with ``whsec_`` is base64 behind that, any other is the key itself. GitHub: hex of the HMAC-SHA256 of the body in
X-Hub-Signature-256. GitLab: the secret itself in X-Gitlab-Token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

TOLERANCE_S: Final = 300.0
"""How far a message's time may be from ours."""


def read_secrets(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The secrets in a variable: one, or several with spaces between them while one takes the place of another."""
    return tuple(environ.get(name, "").split())


def sign_standard(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header webhook-signature: one signature a secret."""
    moment = datetime.fromtimestamp(timestamp, UTC)
    return " ".join(Webhook(_read_key(secret)).sign(message_id, moment, body.decode()) for secret in secrets)


def check_standard(secrets: Sequence[str], message_id: str, timestamp: str, signatures: str, body: bytes, now: float) -> str:
    """What is wrong with a message by Standard Webhooks, "" for nothing. now: seconds since 1970."""
    if not message_id or len(message_id) > 200 or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return "webhook-id and webhook-timestamp are missing or not understood"
    if abs(now - int(timestamp)) > TOLERANCE_S:
        return f"the message is more than {TOLERANCE_S / 60:.0f} minutes old, or a clock is wrong"
    try:
        wanted = sign_standard(secrets, message_id, int(timestamp), body).split()
    except UnicodeDecodeError:
        return "the message is not UTF-8"
    given = [signature for signature in signatures.split()[:20] if signature.startswith("v1,")]
    right = [_equal(a, b) for a in given for b in wanted]
    return "" if any(right) else "the signature is not of this secret"


def check_github(secrets: Sequence[str], signature: str, body: bytes) -> str:
    """What is wrong with X-Hub-Signature-256, "" for nothing."""
    right = [_equal(signature, f"sha256={_hash(secret.encode(), body).hex()}") for secret in secrets]
    return "" if any(right) else "the signature is not of this secret"


def check_gitlab(secrets: Sequence[str], token: str) -> str:
    """What is wrong with X-Gitlab-Token, "" for nothing."""
    right = [_equal(token, secret) for secret in secrets]
    return "" if any(right) else "the token is another"


def _hash(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


def _read_key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret[6:], validate=True) or secret.encode()
        except binascii.Error:
            pass
    return secret.encode()
