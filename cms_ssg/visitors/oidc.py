"""Checks ID tokens of OpenID Connect (RFC 7519, OpenID Connect Core 1.0 section 3.1.3.7) with the issuer's published keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cms_ssg.content.schema.checks import EMAIL

if TYPE_CHECKING:
    from jwt import PyJWKClient

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures by a key pair alone: a secret that both sides know proves nothing here, and "none" is not in it."""

CLOCK_S: Final = 30
KEYS_KEPT_S: Final = 600
TIMEOUT_S: Final = 3
MOST_CHARS: Final = 8192
MOST_EMAIL: Final = 320


class BadTokenError(Exception):
    """A token that proves nobody; its text may be shown to the caller."""


class Claims(NamedTuple):
    """What a good token says. subject: the person's number at the issuer; nonce: of the request for it, "" for none."""

    subject: str
    email: str
    name: str
    nonce: str = ""


class OidcVerifier:
    """Of one issuer and audience. keys_url: where the issuer publishes its keys (``jwks_uri``); they are kept for ten minutes."""

    def __init__(self, issuer: str, audience: str, keys_url: str) -> None:
        self.issuer, self.audience, self.keys_url = issuer, audience, keys_url
        self._keys: PyJWKClient | None = None

    def verify(self, token: str) -> Claims:
        """What a token says, once its signature, issuer, audience and time are right and its address is verified. Raises BadTokenError.

        It may ask the issuer for its keys, which blocks: run it in a thread.
        """
        try:
            import jwt
        except ImportError:
            raise BadTokenError("this server cannot check tokens; pip install 'cms-ssg[oidc]'") from None
        if len(token) > MOST_CHARS:
            raise BadTokenError("it is too long")
        try:
            self._keys = self._keys or jwt.PyJWKClient(self.keys_url, lifespan=KEYS_KEPT_S, timeout=TIMEOUT_S)
            key = self._keys.get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=list(ALGORITHMS), audience=self.audience, issuer=self.issuer, leeway=CLOCK_S,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )  # fmt: skip
        except jwt.PyJWKClientConnectionError:
            raise BadTokenError("the issuer's keys cannot be read for now") from None
        except (jwt.PyJWTError, ValueError, UnicodeError) as error:
            raise BadTokenError(str(error)[:200]) from None
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") is not True:
            raise BadTokenError("the issuer did not verify an e-mail address")
        if len(email) > MOST_EMAIL or EMAIL.fullmatch(email) is None:
            raise BadTokenError("what the issuer calls an e-mail address is none")
        name = claims.get("name")
        return Claims(str(claims["sub"]), email, name[:200] if isinstance(name, str) else "", str(claims.get("nonce") or ""))
