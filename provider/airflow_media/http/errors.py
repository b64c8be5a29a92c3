"""One tree of errors for everything that can go wrong between us and a service.

Each error says what was asked, of which service and object, what it answered, and what to do about it; each knows
whether trying again later can help. Nothing secret goes into them: they end up in task logs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class MediaError(Exception):
    """A call to a service failed.

    :param message: What was answered or what went wrong, in the service's own words where it has some.
    :param service: Display name of the service.
    :param operation: What was asked, in words that follow "could not".
    :param subject: The object that it was about.
    :param status: HTTP status code, where there was an answer.
    :param code: The service's own error code or exception name.
    :param hint: What a person can do about it; default: the hint of the class.
    :param retryable: Whether trying again later can help; default: what is so for the class.
    :param retry_after: Seconds that the service asked to wait.
    """

    default_hint: ClassVar[str] = ""
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        service: str = "",
        operation: str = "",
        subject: str = "",
        status: int | None = None,
        code: str = "",
        hint: str = "",
        retryable: bool | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.service = service
        self.operation = operation
        self.subject = subject
        self.status = status
        self.code = code
        self.hint = hint or self.default_hint
        self.retryable = self.default_retryable if retryable is None else retryable
        self.retry_after = retry_after

    def __str__(self) -> str:
        asked = " ".join(part for part in (self.operation, self.subject and f"({self.subject})") if part)
        head = f"{self.service or 'The service'} could not {asked}: " if asked else ""
        code = " ".join(str(part) for part in (self.status, self.code) if part)
        text = f"{head}{code + ': ' if code else ''}{self.message.strip()}".rstrip(":. ")
        text = text if text.endswith(("!", "?", "…")) else f"{text}."
        return f"{text} {self.hint}" if self.hint else text


class AuthenticationError(MediaError):
    """The service does not accept who we say we are."""

    default_hint = "Check the credentials of the connection."


class PermissionDeniedError(MediaError):
    """The service knows us and does not allow this."""

    default_hint = "Check what the account of the connection may do."


class NotFoundError(MediaError):
    """There is no such object, or not for this account."""

    default_hint = "Check the id, and that it belongs to the account of the connection."


class ConflictError(MediaError):
    """The object is not in a state that allows this."""


class InvalidRequestError(MediaError):
    """The service, or our own check before sending, found the request wrong."""


class RateLimitedError(MediaError):
    """Too many requests; the service asks to come back later."""

    default_retryable = True


class ServerFaultError(MediaError):
    """The service failed, or something in front of it."""

    default_retryable = True


class NetworkFaultError(MediaError):
    """No answer came: no connection, a connection lost, or a time-out."""

    default_retryable = True
    default_hint = "Check the host of the connection and that the service can be reached from here."


class ProtocolError(MediaError):
    """An answer came that is not what the service's documentation promises."""

    default_hint = "Check that the host of the connection is the service itself and not a proxy or a web page."


class UnreadableAnswerError(ProtocolError):
    """A successful answer has not the shape that was promised. Once may be a mishap on the way, again and again not."""


class InsecureUrlError(MediaError):
    """Plain HTTP to a host other than this machine, without leave."""

    default_hint = "Use https, or set allow_http to true in the extra of the connection."


class TransferError(MediaError):
    """Bytes could not be read from a source or written to a target, or they are not the bytes that were promised."""


def nearest(value: object, words: Iterable[str]) -> str | None:
    """Give the word that may have been meant; ``None`` where none is near.

    :param value: What was given, of any type: a wrong key of a mapping need not be a text.
    :param words: What there is.
    """
    from difflib import get_close_matches  # takes long to import, and is for refusals only

    by_shape = {word.lower(): word for word in words}
    near = get_close_matches(str(value).strip().lower(), list(by_shape), n=1)
    return by_shape[near[0]] if near else None


def did_you_mean(value: object, words: Iterable[str]) -> str:
    """Give the word that may have been meant as a question to put after a refusal; empty where none is near.

    :param value: What was given.
    :param words: What there is.
    """
    word = nearest(value, words)
    return f" (did you mean {word!r}?)" if word else ""
