"""Pixop as a client sees it: its roots, its headers, how it words a refusal, and how it is logged in to."""

from __future__ import annotations

from base64 import b64encode

from airflow_media.http.auth import Token
from airflow_media.http.call import Answer, Flow
from airflow_media.http.errors import AuthenticationError, MediaError, PermissionDeniedError
from airflow_media.http.service import Problem, Service
from airflow_media.pixop.api import get_token

DEFAULT_HOST = "https://staging-api.pixop.com"
"""The only host that the reference names."""
ROOTS = ("accounts", "videos", "media")
TOKEN_LIFE = 900.0
"""Seconds that a token is good for."""

JSON_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}
"""Required on every call to accounts and videos, also on those without a body."""

EXCEPTIONS: dict[str, type[MediaError]] = {
    "nojwttokenfoundexception": AuthenticationError,
    "invalidjwttokenfoundexception": AuthenticationError,
    "expiredjwttokenexception": AuthenticationError,
    "prematurejwttokenexception": AuthenticationError,
    "eternaljwttokenexception": AuthenticationError,
    "inconsistentjwtclaimsexception": AuthenticationError,
    "userbannedexception": PermissionDeniedError,
}
"""The documented exceptions, in lower case. ``AuthException`` is left to the status: it is a refusal with 401 and a
fault of the service with 500."""

FINAL_EXCEPTIONS = frozenset(
    {"userbannedexception", "eternaljwttokenexception", "inconsistentjwtclaimsexception", "authexception"}
)
"""Exceptions that a new token does not mend."""


def default_roots(host: str = DEFAULT_HOST) -> dict[str, str]:
    """Give the base URL of each of the three services.

    :param host: URL that all three are below.
    """
    return {root: f"{host.rstrip('/')}/{root}" for root in ROOTS}


def read_problem(answer: Answer) -> Problem | None:
    """Read ``{"exception", "errorMessage"}`` (section 'Authenticate JWT token and return associated account and team
    identity').

    :return: What the service says, or ``None`` where the answer has no such document.
    """
    if b'"exception"' not in answer.content:
        return None
    try:
        document = answer.json()
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("exception"), str):
        return None
    code = document["exception"]
    return Problem(str(document.get("errorMessage") or code), code, EXCEPTIONS.get(code.lower()))


class PixopAuth:
    """Log in with e-mail and password, then carry the token that this gives.

    Section 'Authenticate account credentials and generate JWT token' of the Pixop API reference.

    :param email: E-mail of the account.
    :param password: Its password.
    :param team_id: A team of the account that calls act for; default: the account's own default team.
    """

    def __init__(self, email: str, password: str, team_id: str | None = None) -> None:
        self._email = email
        self._password = password
        self._team_id = team_id or None

    def login(self) -> Flow[Token]:
        """Obtain a token."""
        grant = yield from get_token(self._email, self._password, team_id=self._team_id)
        return Token(grant.token, TOKEN_LIFE)

    def headers(self, token: str) -> dict[str, str]:
        """Give the header that carries the token."""
        return {"Authorization": f"Bearer {token}"}

    def params(self, token: str) -> dict[str, str]:
        """Give no parameters: the token is never part of a URL."""
        return {}

    def refused(self, answer: Answer) -> bool:
        """Tell whether a new token would help: not where the account is suspended or its claims do not fit."""
        if answer.status != 401:
            return False
        problem = read_problem(answer)
        return problem is None or problem.code.lower() not in FINAL_EXCEPTIONS

    def secrets(self) -> tuple[str, ...]:
        """Give what must never be printed: the password, and the two as Basic authentication carries them."""
        return self._password, b64encode(f"{self._email}:{self._password}".encode("utf-8", "surrogatepass")).decode()


SERVICE = Service(
    name="Pixop",
    problem=read_problem,
    headers={"accounts": JSON_HEADERS, "videos": JSON_HEADERS, "media": {}},
)
