"""Xvid MediaHub as a client sees it: its address, how it words a refusal, and how it is logged in to."""

from __future__ import annotations

import re

from msgspec import Struct

from airflow_media.http.auth import Token
from airflow_media.http.call import Answer, Flow
from airflow_media.http.errors import AuthenticationError, InvalidRequestError, MediaError, PermissionDeniedError
from airflow_media.http.service import Problem, Service
from airflow_media.xvid.api import get_token
from airflow_media.xvid.form import read_storage_problem

DEFAULT_HOST = "https://api.xvid.com/v1"
INVALID_TOKEN = "0000003"
"""The code for a token that is not accepted; the manual prints codes with and without ``0x``."""


class XvidSettings(Struct, frozen=True):
    """What a connection says beyond address and credentials.

    :param pipeline_id: Pipeline that is meant where none is named.
    """

    pipeline_id: str | None = None


class TokenRefusedError(PermissionDeniedError):
    """A token was refused, and so was a new one: it may be good, but not for this."""

    default_hint = "Check what the API client of the connection may do, and the scope in its extra."


def same_code(one: str, other: str) -> bool:
    """Compare two error codes by their digits: the service writes them with and without ``0x``."""
    return one.strip().lower().removeprefix("0x") == other.strip().lower().removeprefix("0x")


def read_problem(answer: Answer) -> Problem | None:
    """Read ``{"error": {"error_code", "error_message"}}``, or the XML that the storage behind Xvid answers.

    :return: What is said, or ``None`` where the answer has no such document.
    """
    if answer.content.lstrip()[:1] == b"<":
        return read_storage_problem(answer)
    if b'"error"' not in answer.content:
        return None
    document = answer.json()
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return None
    code = str(error.get("error_code") or "")
    refused = answer.status == 403 and same_code(code, INVALID_TOKEN)
    return Problem(str(error.get("error_message") or code), code, TokenRefusedError if refused else None)


class XvidAuth:
    """Log in with client id and secret, then carry the token that this gives ('POST /oauth2/token').

    :param client_id: Id of the API client.
    :param client_secret: Its secret.
    :param scope: What the token may be used for, separated by commas or blanks; default: all that the client may.
    """

    def __init__(self, client_id: str, client_secret: str, scope: str | None = None) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = ",".join(re.findall(r"[^\s,]+", scope or "")) or None

    def login(self) -> Flow[Token]:
        """Obtain a token. How wrong credentials are refused is not documented: any refusal is taken for that."""
        try:
            grant = yield from get_token(self._client_id, self._client_secret, scope=self._scope)
        except (AuthenticationError, InvalidRequestError, PermissionDeniedError) as refusal:
            raise (_login_refused(refusal) if refusal.status else refusal) from None
        return Token(grant.token, grant.life)

    def headers(self, token: str) -> dict[str, str]:
        """Give the header that carries the token."""
        return {"Authorization": f"Bearer {token}"}

    def params(self, token: str) -> dict[str, str]:
        """Give no parameters: the token is never part of a URL."""
        return {}

    def refused(self, answer: Answer) -> bool:
        """Tell whether a new token may help. A token that is no longer good is answered by 403, never by 401."""
        return answer.status == 403

    def secrets(self) -> tuple[str, ...]:
        """Give what must never be printed."""
        return (self._client_secret,)


def _login_refused(refusal: MediaError) -> AuthenticationError:
    return AuthenticationError(
        refusal.message,
        service=refusal.service,
        operation=refusal.operation,
        status=refusal.status,
        code=refusal.code,
        hint="Check client id (login), client secret (password) and scope of the connection.",
    )


SERVICE = Service(name="Xvid MediaHub", problem=read_problem, headers={"": {"Accept": "application/json"}})
