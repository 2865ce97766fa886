"""What a message to ``cms hooks serve`` is worth: who signed it, whether it tells of a push to the branch, and by what names it is known again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from cms_ssg.config.settings import Receiver
from cms_ssg.events.signatures import check_github, check_gitlab, check_standard


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a message is answered. names: by which it is known again; none where there is nothing to do."""

    status: int
    text: str
    source: str = ""
    names: tuple[str, ...] = ()


def judge(headers: Mapping[str, str], body: bytes, receiver: Receiver, secrets: tuple[str, ...], now: float) -> Verdict:
    """Whether a message is who it says, and asks for a build. headers: names in small letters; now: seconds since 1970."""
    if "x-hub-signature-256" in headers:
        source, wrong = "github", check_github(secrets, headers["x-hub-signature-256"], body)
        event, name = headers.get("x-github-event", ""), headers.get("x-github-delivery", "")
    elif "x-gitlab-token" in headers:
        source, wrong = "gitlab", check_gitlab(secrets, headers["x-gitlab-token"])
        event, name = headers.get("x-gitlab-event", ""), headers.get("idempotency-key") or headers.get("x-gitlab-event-uuid", "")
    elif "webhook-signature" in headers:
        name = headers.get("webhook-id", "")
        source = "standard"
        wrong = check_standard(secrets, name, headers.get("webhook-timestamp", ""), headers["webhook-signature"], body, now)
        event = "push"
    else:
        return Verdict(401, "the message is not signed")
    if wrong:
        return Verdict(401, wrong)
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        return Verdict(400, "the body is no JSON object")
    if event.lower() not in ("push", "push hook"):
        return Verdict(200, f"nothing to do for {event[:50] or 'no event'}")
    inner = data.get("data")
    ref = data.get("ref", inner.get("ref") if isinstance(inner, dict) else None)
    if (ref is not None or source != "standard") and ref != f"refs/heads/{receiver.branch}":
        return Verdict(200, f"nothing to do: not the branch {receiver.branch}")
    if data.get("deleted") is True or str(data.get("after", "1")).strip("0") == "":
        return Verdict(200, "nothing to do: the branch was deleted")
    digest = hashlib.sha256(body).hexdigest()
    names = (name or digest, digest) if source == "github" else (name or digest,)  # GitHub signs the body, not the name
    return Verdict(202, "a build follows", source, tuple(text[:200] for text in names))
