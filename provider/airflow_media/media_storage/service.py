"""The storage as a client sees it: how it words a refusal, who we say we are, and what a connection can set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from airflow_media.http.auth import Token
from airflow_media.http.call import Answer, Flow
from airflow_media.http.document import Document
from airflow_media.http.errors import (
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    MediaError,
    PermissionDeniedError,
    ProtocolError,
)
from airflow_media.http.service import Problem, Service
from airflow_media.media_storage.api import TOKEN_LIFE, exchange_key
from airflow_media.media_storage.query import SERVICE_NAME

SUCCESS_STATUSES = frozenset({"completed", "done"})
FAILURE_STATUSES = frozenset({"errored", "failed", "error", "cancelled", "canceled"})
"""The page names no statuses. These are the words that the service's own code, tests and guides use, and their kin."""
ACTIVE_STATUSES = frozenset({"pending", "running"})

IDS_PER_REQUEST = 500
"""Job ids in one request: a URL of some 31 KB, so that a thousand waits cost two requests. Proxies and servers that
take less, 8 KB say, refuse it, and then it is halved: see :func:`~airflow_media.media_storage.flows.jobs_by_id`."""

TELLING_POINTERS = ("/file", "/media", "/project_id", "/modality")
"""Where the service points when the form of an upload has other parts than it wants."""


class StorageSettings(Struct, frozen=True, kw_only=True):
    """What a connection says beyond address and credentials.

    :param upload_field: Name of the part of an upload that holds the file.
    :param upload_fields: Other fields of that form.
    :param success_statuses: Statuses of a job that ended well.
    :param failure_statuses: Statuses of a job that failed.
    :param ids_per_request: Job ids in one request at most.
    :param empty_downloads: Whether a download that is answered by status 204 is an empty file.
    """

    upload_field: str = "media"
    upload_fields: Mapping[str, str] = field(default_factory=dict)
    success_statuses: frozenset[str] = SUCCESS_STATUSES
    failure_statuses: frozenset[str] = FAILURE_STATUSES
    ids_per_request: int = IDS_PER_REQUEST
    empty_downloads: bool = False


class TokenRefusedError(AuthenticationError):
    """The service does not accept the token, or the identity service not the key."""

    default_hint = "Check the token (password) of the connection, or its api_key and token_url."


class NotAllowedError(PermissionDeniedError):
    """The service knows us and does not allow this."""

    default_hint = "Check what the user or the API key may do; only administrators may delete jobs."


class FormRefusedError(InvalidRequestError):
    """The service wants other parts in the form of an upload."""

    default_hint = (
        "It wants another form than its page says: set upload_field to the name of the part that it asks for, and "
        "upload_fields to the other fields, in the extra of the connection."
    )


class BrokenRequestError(ProtocolError):
    """The service failed inside. Most of these are requests that it cannot digest, and do not heal."""

    default_hint = "An id that is none or an odd filter can be the reason; the service's own log tells."
    default_retryable = True


ERRORS: Mapping[int, type[MediaError]] = {
    401: TokenRefusedError,
    403: NotAllowedError,
    500: BrokenRequestError,
}


def read_problem(answer: Answer) -> Problem | None:
    """Read an error document: that of JSON:API, or the flat one of downloads and unknown paths.

    Titles are names of classes and details are prose: both are for people, and only statuses and pointers are gone by.
    What else a document holds, a backtrace say, is not printed.
    """
    if answer.status < 400:
        return None
    error = ERRORS.get(answer.status)
    try:
        document = Document(answer.json())
    except (ValueError, TypeError, RecursionError):
        return Problem(" ".join(answer.text.split()), "", error) if error else None
    errors = [_Error.read(each) for each in document.objects("errors")]
    if not errors:
        errors = [_Error(document.text("detail") or "", document.text("type", "title") or "", "")]
    if answer.status == 422 and any(each.pointer.startswith(TELLING_POINTERS) for each in errors):
        error = FormRefusedError
    text = "; ".join(str(each) for each in errors)
    return Problem(text, errors[0].title, error) if text or error else None


class _Error(Struct, frozen=True):
    detail: str
    title: str
    pointer: str

    @classmethod
    def read(cls, document: Document) -> _Error:
        source = document.object("source")
        pointer = source.text("pointer", "parameter") if source else None
        return cls(document.text("detail") or "", document.text("title") or "", pointer or "")

    def __str__(self) -> str:
        text = self.detail or self.title
        return f"{text} (at {self.pointer})" if self.pointer else text


class TokenAuth:
    """Carry a token that somebody else obtained.

    :param token: The token, as the service takes it.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def login(self) -> Flow[Token]:
        """Give the token; there is nothing to ask for."""
        yield from ()
        return Token(self._token)

    def headers(self, token: str) -> dict[str, str]:
        """Give the header that carries the token; the service minds the case of the scheme."""
        return {"Authorization": f"Bearer {token}"}

    def params(self, token: str) -> dict[str, str]:
        """Give no parameters: the token is never part of a URL."""
        return {}

    def refused(self, answer: Answer) -> bool:
        """Tell whether a new token would help: there is only this one."""
        return False

    def secrets(self) -> tuple[str, ...]:
        """Give what must never be printed."""
        return (self._token,)


class KeyAuth(TokenAuth):
    """Exchange an API key for tokens and renew them; the key goes nowhere but to the identity service.

    :param api_key: The key.
    :param token_url: Where it is exchanged.
    """

    def __init__(self, api_key: str, token_url: str) -> None:
        super().__init__(api_key)
        self._token_url = token_url

    def login(self) -> Flow[Token]:
        """Exchange the key for a token."""
        return Token((yield from exchange_key(self._token_url, self._token)), TOKEN_LIFE)

    def refused(self, answer: Answer) -> bool:
        """Tell whether a new token would help."""
        return answer.status == 401


def exists_already(fault: MediaError) -> bool:
    """Tell whether an upload may have been refused because there is such a file: looking decides it."""
    return isinstance(fault, ConflictError) or (isinstance(fault, InvalidRequestError) and fault.status == 422)


HEADERS: Mapping[str, Any] = {"Accept": "application/vnd.api+json, application/json"}
"""No content type: a request without a body that has one is refused."""

SERVICE = Service(name=SERVICE_NAME, problem=read_problem, headers={"": HEADERS})
