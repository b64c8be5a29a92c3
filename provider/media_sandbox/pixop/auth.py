"""Who is calling: Basic credentials or a token, whose faults are looked for in a fixed order."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt

from media_sandbox.pixop.records import Records, User, new_id
from media_sandbox.web import ApiError

SIGNING_ALGORITHM: Final = "HS256"
ISSUER: Final = "Pixop"
SUBJECT: Final = "API-Access-Credentials"

SIGNATURE_ONLY: Final[jwt.types.Options] = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


@dataclass(frozen=True)
class Identity:
    """The user of a call and the team it acts for."""

    user: User
    team_id: str
    token: str | None = None


class Tokens:
    """Remembers the tokens issued since the start, so that all of them can be made to expire at once."""

    def __init__(self) -> None:
        self._live: set[str] = set()
        self._expired: set[str] = set()

    def issued(self, token: str) -> None:
        """Note a new token."""
        self._live.add(_unverified(token)["jti"])

    def expire(self) -> None:
        """Make all of them expired."""
        self._expired |= self._live
        self._live.clear()

    def has_expired(self, claims: dict[str, Any]) -> bool:
        """Return whether the token of these claims was made to expire."""
        return claims.get("jti") in self._expired


def issue_token(user: User, team_id: str, now: float, life: float, claims: Mapping[str, Any] | None = None) -> str:
    """Return a signed token.

    :param claims: replace the usual claims; ``None`` leaves one out.
    """
    usual = {
        "jti": new_id(),
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now + life),
        "iss": ISSUER,
        "sub": SUBJECT,
        "user_id": user.id,
        "team_id": team_id,
    }
    payload = {name: value for name, value in {**usual, **(claims or {})}.items() if value is not None}
    return jwt.encode(payload, user.signing_secret, SIGNING_ALGORITHM, headers={"kid": user.signing_key_id})


def authenticate(header: str | None, records: Records, tokens: Tokens, now: float, *, basic: bool) -> Identity:
    """Return who is calling.

    :param header: the ``Authorization`` header.
    :param now: the time, in seconds since the epoch.
    :param basic: whether Basic credentials will do.
    :raises ApiError: 401 with the exception of the token check that failed first.
    """
    scheme, _, value = (header or "").partition(" ")
    if basic and scheme.lower() == "basic":
        identity = _check_password(value, records)
    elif scheme.lower() == "bearer" and value.strip():
        identity = _check_token(value.strip(), records, tokens, now)
    else:
        raise _refusal("NoJWTTokenFoundException", "there is no token in the Authorization header")
    if identity.user.banned:
        raise _refusal("UserBannedException", "the account is suspended and may not use the API")
    return identity


def _check_password(value: str, records: Records) -> Identity:
    try:
        email, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        email = password = ""
    user = next(iter(records.users.find(email=email)), None)
    if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
        raise _refusal("AuthException", "the e-mail address or the password is wrong")
    return Identity(user, user.team_ids[0])


def _check_token(token: str, records: Records, tokens: Tokens, now: float) -> Identity:
    user, claims = _verified(token, records)
    if "exp" not in claims:
        raise _refusal("EternalJWTTokenException", "the token has no expiry")
    if claims.get("nbf", 0) > now:
        raise _refusal("PrematureJWTTokenException", "the token is not valid yet")
    if now >= claims["exp"] or tokens.has_expired(claims):
        raise _refusal("ExpiredJWTTokenException", "the token has expired")
    right = claims.get("iss") == ISSUER and claims.get("sub") == SUBJECT and claims.get("user_id") == user.id
    if not right or claims.get("team_id") not in user.team_ids:
        raise _refusal("InconsistentJWTClaimsException", "the token's claims do not suit this API")
    return Identity(user, claims["team_id"], token)


def _verified(token: str, records: Records) -> tuple[User, dict[str, Any]]:
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        user = next(iter(records.users.find(signing_key_id=key_id)), None)
        if user is None:
            raise jwt.InvalidTokenError("unknown key")
        # Only the signature here: the times have exceptions and an order of their own.
        signed = jwt.decode_complete(token, user.signing_secret, [SIGNING_ALGORITHM], options=SIGNATURE_ONLY)
        claims: dict[str, Any] = signed["payload"]
        for name in ("exp", "nbf"):
            if not isinstance(claims.get(name, 0), int | float):
                raise jwt.InvalidTokenError(f"{name} is no time")
    except jwt.InvalidTokenError as error:
        raise _refusal("InvalidJWTTokenFoundException", "the token cannot be interpreted") from error
    return user, claims


def _unverified(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def _refusal(name: str, message: str) -> ApiError:
    return ApiError(401, name, message, {"WWW-Authenticate": 'Bearer realm="pixop"'})
