"""What a client must know of a service beyond its endpoints: its name, its habits, and how it words a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from airflow_media.http.call import UNREADABLE, Answer, Call
from airflow_media.http.errors import (
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    MediaError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitedError,
    ServerFaultError,
)
from airflow_media.http.redact import REDACTOR
from airflow_media.http.retry import retry_after_seconds

EXCERPT = 300
"""Characters of an unexpected answer that go into an error message."""


class Problem(Struct, frozen=True):
    """What a refusal says, in the service's own words.

    :param message: The service's text.
    :param code: The service's error code or exception name.
    :param error: The class of error that the code means; ``None`` leaves it to the HTTP status.
    """

    message: str
    code: str = ""
    error: type[MediaError] | None = None


def no_problem(answer: Answer) -> Problem | None:
    """The reader of refusals for a service that has no error format of its own."""
    return None


class Service(Struct, frozen=True, kw_only=True):
    """One service as a client sees it.

    :param name: Display name, for messages and logs.
    :param problem: Reads the service's own error document out of an answer; ``None`` where there is none. It is also
        asked about 2xx answers, since some services report errors inside a 200.
    :param headers: Header fields that calls to a root always carry, by name of the root.
    :param secret_params: Query parameters whose values must never be printed.
    """

    name: str
    problem: Callable[[Answer], Problem | None] = no_problem
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    secret_params: frozenset[str] = frozenset()

    def fault(self, call: Call[Any], answer: Answer, now: float) -> MediaError | None:
        """Say what is wrong with an answer.

        :param call: What was asked.
        :param answer: What came back.
        :param now: Wall-clock time in seconds, for a ``Retry-After`` that is a date.
        :return: The error, or ``None`` when the answer is a success or one that the call accepts.
        """
        problem = self._problem(answer)
        success = 200 <= answer.status < 300
        if answer.status in call.accept or (success and (problem is None or problem.error is None)):
            return None
        cls = (problem and problem.error) or error_class(answer.status)
        return cls(
            problem.message if problem else _told(answer),
            service=self.name,
            operation=call.operation,
            subject=call.subject,
            status=answer.status,
            code=problem.code if problem else "",
            retry_after=retry_after_seconds(answer.headers.get("retry-after"), now),
        )

    def _problem(self, answer: Answer) -> Problem | None:
        """Read the service's own error document; one of another shape counts as none."""
        if answer.chunks is not None:
            return None
        try:
            return self.problem(answer)
        except UNREADABLE:
            return None


def error_class(status: int) -> type[MediaError]:
    """Tell which error a status without a code of the service's own means.

    :param status: HTTP status code that is not a success.
    """
    known: dict[int, type[MediaError]] = {
        401: AuthenticationError,
        403: PermissionDeniedError,
        404: NotFoundError,
        410: NotFoundError,
        408: ServerFaultError,
        409: ConflictError,
        429: RateLimitedError,
    }
    if status in known:
        return known[status]
    if status >= 500:
        return ServerFaultError
    return InvalidRequestError if status >= 400 else ProtocolError


def _told(answer: Answer) -> str:
    """What an answer tells that has no error document: of a page of HTML, its first words are enough."""
    location = answer.headers.get("location") if 300 <= answer.status < 400 else None
    if location:
        return f"redirected to {REDACTOR.excerpt(location, EXCERPT)}, which is not followed"
    return REDACTOR.excerpt(answer.text, EXCERPT) or "an answer without a body"
