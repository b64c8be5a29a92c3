"""Tokens: obtained by a flow, renewed ahead of their end, by one at a time.

The rules live in :class:`TokenCache`, which does no I/O and holds no lock; the clients bring a lock of their own kind
and run the login flow.
"""

from __future__ import annotations

import copy
from typing import Protocol

from airflow_media.http.call import Answer, Flow
from airflow_media.http.errors import MediaError
from airflow_media.http.redact import Discreet

DEFAULT_LEAD = 120.0
"""Seconds before its end at which a token counts as due for renewal."""


class Token(Discreet, frozen=True):
    """A token and its life.

    :param value: The token itself.
    :param life: Seconds that it is good for from the moment it was given; ``None``: until it is refused.
    :param idle: Seconds that it may stay unused before it is dead; ``None``: as long as it lives.
    """

    unsaid = ("value",)

    value: str
    life: float | None = None
    idle: float | None = None


class Auth(Protocol):
    """How one service wants to be told who we are."""

    def login(self) -> Flow[Token]:
        """Obtain a token. Its calls are ``authenticated=False`` and carry the credentials themselves."""

    def headers(self, token: str) -> dict[str, str]:
        """Give the header fields that carry the token."""

    def params(self, token: str) -> dict[str, str]:
        """Give the query parameters that carry the token."""

    def refused(self, answer: Answer) -> bool:
        """Tell whether an answer means that the token is no longer good and a new one would help."""

    def secrets(self) -> tuple[str, ...]:
        """Give the credentials that must never be printed."""


class TokenCache:
    """The current token of a client and when it is due.

    :param lead: Seconds before its end at which a token is renewed. One whose life is short is renewed when a tenth of
        it is left; the same holds for one that was not used for long.
    """

    def __init__(self, lead: float = DEFAULT_LEAD) -> None:
        self._lead = lead
        self._token: Token | None = None
        self._born = 0.0
        self._used = 0.0
        self._failure: MediaError | None = None
        self._logins = 0

    @property
    def logins(self) -> int:
        """How many logins have ended so far, well or not."""
        return self._logins

    def store(self, token: Token, now: float) -> None:
        """Keep a token.

        :param token: The new token.
        :param now: Monotonic time in seconds at which it was asked for: its life began no earlier.
        """
        self._token, self._born, self._used, self._failure = token, now, now, None
        self._logins += 1

    def fail(self, failure: MediaError) -> None:
        """Remember that a login failed, for those who waited for it."""
        self._failure = failure
        self._logins += 1

    def check(self, seen: int) -> None:
        """Let a login that was waited for and failed fail everybody who waited: one wrong password is one attempt.

        :param seen: How many logins had ended when the caller began to wait.
        :raises MediaError: The failure of the login.
        """
        if self._failure is not None and self._logins != seen:
            raise copy.copy(self._failure)

    def current(self, now: float, *, refused: str | None = None, bulk: bool = False) -> str | None:
        """Give the token to use. May be asked by anyone at any time: at worst, it does not see one that has just come.

        :param now: Monotonic time in seconds.
        :param refused: A token that the service has just refused, which must not be given again.
        :param bulk: Whether it is for a long transfer, which wants at least half of the life left.
        :return: The token, or ``None`` when a new one must be obtained.
        """
        token = self._token
        if token is None or token.value == refused:
            return None
        if now >= self._end(self._born, token.life, bulk) or now >= self._end(self._used, token.idle, bulk=False):
            return None
        self._used = now
        return token.value

    def _end(self, since: float, limit: float | None, bulk: bool) -> float:
        if limit is None:
            return float("inf")
        return since + limit - (limit / 2 if bulk else min(self._lead, limit / 10))
