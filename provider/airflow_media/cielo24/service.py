"""cielo24 as a client sees it: how it words a refusal, how it is logged in to, and what else a connection says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from msgspec import Struct

from airflow_media.cielo24.api import login
from airflow_media.http.auth import Token
from airflow_media.http.call import Answer, Flow
from airflow_media.http.errors import (
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    MediaError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    ServerFaultError,
)
from airflow_media.http.service import Problem, Service

DEFAULT_HOST = "https://api.cielo24.com"
TOKEN_IDLE = 3600.0
"""Seconds that a token may stay unused."""
TOKEN_REFUSED = "BAD_API_TOKEN"

ERROR_TYPES: dict[str, type[MediaError]] = {
    "LOGIN_INVALID": AuthenticationError,
    TOKEN_REFUSED: AuthenticationError,
    "ACCOUNT_UNPRIVILEGED": PermissionDeniedError,
    "NOT_PARENT_ACCOUNT": PermissionDeniedError,
    "ITEM_NOT_FOUND": NotFoundError,
    "ACCOUNT_DOES_NOT_EXIST": NotFoundError,
    "NO_CHILDREN_FOUND": NotFoundError,
    "ACCOUNT_EXISTS": ConflictError,
    "UNHANDLED_ERROR": ServerFaultError,
}
"""What the values of ``ErrorType`` mean. All others, those that nobody has documented too, find fault with the request:
they are left to the status."""


def read_problem(answer: Answer) -> Problem | None:
    """Read ``{"ErrorType", "ErrorComment"}`` (page 'Error Format'), which may also come with the status 200.

    :return: What the service says, or ``None`` where the answer has no such document.
    """
    document = _object(answer)
    code = document.get("ErrorType")
    if isinstance(code, str) and code:
        return Problem(str(document.get("ErrorComment") or code), code, _error_of(code, answer.status))
    # What is not there is told by an ErrorType. A bare 404 is no word about the job, which must not count as gone.
    return Problem("there is no such address", "", ProtocolError) if answer.status in {404, 410} else None


def _object(answer: Answer) -> Mapping[str, Any]:
    """Read a JSON object, whatever the answer calls itself; anything else is an empty one."""
    if b'"ErrorType"' not in answer.content:
        return {}
    try:
        document = answer.json()
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _error_of(code: str, status: int) -> type[MediaError] | None:
    if status >= 500:
        return None
    if code in ERROR_TYPES:
        return ERROR_TYPES[code]
    if status in {404, 410}:
        return ProtocolError
    return InvalidRequestError if status < 300 else None


class Cielo24Auth:
    """Log in with a user name and a password or an API key, then carry the token that this gives in every query.

    Page 'Login' of the cielo24 API documentation.

    :param username: The user.
    :param password: The password; or
    :param securekey: an API key.
    """

    def __init__(self, username: str, *, password: str | None = None, securekey: str | None = None) -> None:
        self._username = username
        self._password = password
        self._securekey = securekey

    def login(self) -> Flow[Token]:
        """Obtain a token."""
        token = yield from login(self._username, password=self._password, securekey=self._securekey)
        return Token(token, idle=TOKEN_IDLE)

    def headers(self, token: str) -> dict[str, str]:
        """Give no header fields: the service knows none for its token."""
        return {}

    def params(self, token: str) -> dict[str, str]:
        """Give the parameter that carries the token."""
        return {"api_token": token}

    def refused(self, answer: Answer) -> bool:
        """Tell whether a new token would help."""
        problem = read_problem(answer)
        return problem is not None and problem.code == TOKEN_REFUSED

    def secrets(self) -> tuple[str, ...]:
        """Give what must never be printed."""
        return tuple(secret for secret in (self._password, self._securekey) if secret)


class Cielo24Settings(Struct, frozen=True):
    """What a connection says beyond address and login.

    :param zone: The time zone of the dates that the service tells; ``None``: not known, and nothing is reckoned with
        them.
    """

    zone: tzinfo | None = None


SERVICE = Service(
    name="cielo24",
    problem=read_problem,
    # URLs that we pass on may hold a signature or a login.
    secret_params=frozenset({"api_token", "media_url", "callback_url"}),
)
