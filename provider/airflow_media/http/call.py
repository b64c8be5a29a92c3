"""Requests as values: a :class:`Call` is one request and how to read its answer, a :data:`Flow` is several.

An endpoint is a pure function that returns a ``Call[T]``. Several calls with decisions between them are a generator
that ``yield from``\\ s them. Neither does any I/O: :class:`~airflow_media.http.client.Client` and
:class:`~airflow_media.http.client.AsyncClient` drive both, so that each endpoint and each decision is written once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

from msgspec import Struct, field

from airflow_media.http.bodies import Body
from airflow_media.http.redact import Discreet

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

REPEATABLE_METHODS = frozenset({"GET", "HEAD"})
UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading an answer raises where the answer is not of the shape that was promised."""


class Answer(Discreet, frozen=True):
    """What a server answered.

    :param status: HTTP status code.
    :param headers: Header fields, names in lower case.
    :param content: The whole body; empty while ``chunks`` is set.
    :param chunks: The body piece by piece, for a download that must not be held in memory.
    """

    unsaid = ("headers", "content")

    status: int
    headers: Mapping[str, str]
    content: bytes = b""
    chunks: Iterator[bytes] | None = None

    @property
    def text(self) -> str:
        """The body as text; undecodable bytes are replaced."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Parse the body as JSON.

        :raises ValueError: The body is not JSON.
        """
        return json.loads(self.content)


class Call(Discreet, Generic[T_co], frozen=True, kw_only=True):
    """One request and how to read its answer.

    :param operation: What is asked, in words that follow "could not": ``"create video"``.
    :param method: HTTP method.
    :param url: Path below the root, with a leading slash and its segments percent-encoded; or an absolute URL.
    :param read: Turns a successful answer into the result. One of :data:`UNREADABLE` that it raises is reported as an
        answer that is not what the service's documentation promises.
    :param root: Which of the service's roots the path belongs to.
    :param subject: The object that it is about, for messages: ``"video 3f2a"``.
    :param params: Query parameters.
    :param headers: Header fields beyond those that the service always wants.
    :param json: JSON body; ``None`` sends none.
    :param form: Form-encoded body, for what a service wants to be told as a web page does; excludes ``json``.
    :param body: Streamed body; excludes ``json`` and ``form``.
    :param repeatable: Whether sending it twice does no more than sending it once; default: GET and HEAD only.
    :param authenticated: Whether it carries the service's token.
    :param bulk: Whether it moves a file: its token is renewed well ahead, and a slow answer is waited for longer.
    :param accept: Statuses beyond 2xx that ``read`` knows how to handle.
    """

    unsaid = ("params", "headers", "json", "form")

    operation: str
    method: str
    url: str
    read: Callable[[Answer], T_co]
    root: str = ""
    subject: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    body: Body | None = None
    repeatable: bool | None = None
    authenticated: bool = True
    bulk: bool = False
    accept: frozenset[int] = frozenset()

    @property
    def may_repeat(self) -> bool:
        """Whether a lost answer or a passing fault may be met by sending the call again."""
        return self.method in REPEATABLE_METHODS if self.repeatable is None else self.repeatable

    def __iter__(self) -> Generator[Call[Any], Any, T_co]:
        """Let a flow write ``video = yield from get_video(id)`` and get a typed result."""
        result: T_co = yield self
        return result


class Pause(Struct, frozen=True):
    """A step of a flow that only lets time pass.

    :param seconds: How long, in seconds.
    """

    seconds: float

    def __iter__(self) -> Generator[Pause, Any, None]:
        yield self


class Configured(Struct, frozen=True):
    """A step of a flow that gives what the connection says beyond addresses and credentials.

    ``settings = yield from Configured()``: an object of the service's own, as its hook read it from the connection.
    """

    def __iter__(self) -> Generator[Configured, Any, Any]:
        return (yield self)


Flow: TypeAlias = Generator[Call[Any] | Pause | Configured, Any, T]
"""Several calls with decisions between them; a fault of a call is raised where the flow yielded it."""
