"""Who is calling: API keys exchanged for tokens, tokens checked, rights."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from starlette.requests import Request

from media_sandbox.clock import Clock
from media_sandbox.media_storage.errors import forbidden, not_authenticated
from media_sandbox.media_storage.fixtures import ACCOUNTS, ADMINISTRATOR, READER, Account
from media_sandbox.media_storage.records import Records, SigningKey, Token

ALGORITHM: Final = "ES256"
COOKIE: Final = "auth-token"
FOREVER: Final = 1e12


class Tokens:
    """Issues and checks tokens. They are kept in the store, so they survive a restart."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def start(self) -> None:
        """Take up the signing key, or make it and the accounts' own tokens at the first start."""
        stored = self._records.keys.get(ALGORITHM)
        if stored is None:
            stored = self._records.keys.add(SigningKey(ALGORITHM, _new_pem()))
            for account in ACCOUNTS.values():
                self._records.tokens.add(Token(account.token, account.key, FOREVER))
        key = load_pem_private_key(stored.pem.encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    def issue(
        self, account: Account, life: float, *, opaque: bool = False, claims: Mapping[str, Any] | None = None
    ) -> str:
        """Return a new token.

        :param life: seconds for which it is valid.
        :param opaque: whether it is random text instead of a JWT.
        :param claims: replace the usual claims of a JWT; ``None`` leaves one out.
        """
        now = self._clock.now()
        id_ = secrets.token_urlsafe(24) if opaque else str(uuid4())
        self._records.tokens.add(Token(id_, account.key, now + life))
        if opaque:
            return id_
        usual = {"jti": id_, "iat": int(now), "exp": int(now + life), "sub": account.key, "role": account.role}
        payload = {name: value for name, value in {**usual, **(claims or {})}.items() if value is not None}
        return jwt.encode(payload, self._key, ALGORITHM)

    def expire(self) -> None:
        """Make all tokens issued so far expired."""
        for token in self._records.tokens.find():
            self._records.tokens.change(token.id, expires=0.0)

    def account(self, token: str) -> Account:
        """Return whose token it is.

        :raises StorageError: 401 when it is not valid, or not any more.
        """
        known = self._records.tokens.get(self._claimed_id(token) if token.count(".") == 2 else token)
        if known is None:
            raise not_authenticated("the token is not one of this service")
        if known.expires <= self._clock.now():
            raise not_authenticated("the token has expired")
        return ACCOUNTS[known.account]

    def _claimed_id(self, token: str) -> str:
        # The times have to be those of the sandbox's clock, so they are checked here.
        options: jwt.types.Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            claims = jwt.decode(token, self._key.public_key(), [ALGORITHM], options=options)
        except jwt.InvalidTokenError as error:
            raise not_authenticated("the token cannot be verified") from error
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or expires <= self._clock.now():
            raise not_authenticated("the token has expired, or does not say when it does")
        return str(claims.get("jti"))


def authenticate(request: Request, tokens: Tokens) -> Account:
    """Return who is calling, by a bearer token or the cookie in its place.

    :raises StorageError: 401 without a valid token.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    # The real service compares the scheme's letters exactly.
    if scheme != "Bearer":
        token = request.cookies.get(COOKIE, "")
    if not token:
        raise not_authenticated("there is no bearer token in the Authorization header")
    return tokens.account(token)


def account_of_api_key(api_key: str) -> Account:
    """Return whose API key it is.

    :raises StorageError: 401 when it is nobody's.
    """
    for account in ACCOUNTS.values():
        if account.api_key is not None and secrets.compare_digest(account.api_key.encode(), api_key.encode()):
            return account
    raise not_authenticated("the API key is not valid")


def may_upload(account: Account) -> None:
    """Check the right to upload.

    :raises StorageError: 403 without it.
    """
    if account.role == READER:
        raise forbidden(f"the account {account.key} may only read")


def may_delete_jobs(account: Account) -> None:
    """Check the right to delete jobs, which API keys never give.

    :raises StorageError: 403 without it.
    """
    if account.role != ADMINISTRATOR:
        raise forbidden("only administrators may delete jobs")


def _new_pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
