"""The two clients: alone in knowing the HTTP library. They carry out the steps of an exchange and decide nothing."""

from __future__ import annotations

import asyncio
import functools
import ssl
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar

import httpx
from msgspec import Struct

from airflow_media import __version__
from airflow_media.http.auth import Auth
from airflow_media.http.bodies import Body
from airflow_media.http.call import Answer, Call, Flow, Pause
from airflow_media.http.errors import InvalidRequestError, MediaError, NetworkFaultError, ProtocolError, TransferError
from airflow_media.http.exchange import Exchange, GetToken, Send, Step, Steps
from airflow_media.http.origins import Origins
from airflow_media.http.reading import Ranges
from airflow_media.http.retry import RetryPolicy
from airflow_media.http.service import Service

T = TypeVar("T")

USER_AGENT = f"airflow-provider-media/{__version__}"
UNTRUSTED = "Where the certificate is of an authority of your own, name it as ca_file in extra of the connection."
CONNECTIONS = 20
IDLE = 120.0
"""Seconds for which a connection is kept open unused: longer than the pause between two looks at a job."""
CONCURRENCY = 16
"""Requests of one async client at a time. Fewer than connections: whoever waits for a turn waits in front of the HTTP
library, whose time-out for a connection would count that too."""
LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of an answer that is held in memory; a JSON document of a service is a thousandth of it."""
LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")
"""Never asked for through a proxy from the environment: plain HTTP to this machine must not leave it."""


class Timeouts(Struct, frozen=True):
    """Seconds to wait in each phase.

    :param connect: For a connection.
    :param read: For the next bytes of an answer.
    :param write: For the service to take the next bytes.
    :param bulk_read: For the answer to an upload, which a service may begin only when it has dealt with the file.
    """

    connect: float = 10.0
    read: float = 60.0
    write: float = 60.0
    bulk_read: float = 600.0

    def of(self, send: Send) -> httpx.Timeout:
        """Give the time-outs of one request."""
        read = self.bulk_read if send.bulk and send.content is not None else self.read
        # Waiting for a free connection is no fault of the service: as long as one answer may take.
        return httpx.Timeout(connect=self.connect, read=read, write=self.write, pool=self.bulk_read)


@functools.cache
def ssl_context(ca_file: str | None) -> ssl.SSLContext:
    """Give the SSL context of this process: building one costs some 20 ms and most of a megabyte.

    :param ca_file: PEM file of authorities that are trusted besides the public ones.
    :raises OSError: It cannot be read, or has no certificates in it.
    """
    context = httpx.create_ssl_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def prepare() -> None:
    """Do once what would hold up an event loop before its first :class:`AsyncClient`; to be called in a thread."""
    import airflow_media.http.aio  # noqa: F401 - for its own sake

    ssl_context(None)


class _Base(ABC):
    def __init__(
        self,
        service: Service,
        roots: Mapping[str, str],
        auth: Auth | None = None,
        *,
        retry: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        ranges: Ranges | None = None,
        allow_http: bool = False,
        ca_file: str | None = None,
        settings: Any = None,
    ) -> None:
        """Make a client for one service with one account.

        :param service: The service.
        :param roots: Base URL by name of the root.
        :param auth: How to tell the service who we are; ``None`` for a public one.
        :param retry: When to send again.
        :param timeouts: Seconds to wait in each phase.
        :param ranges: How a large file is received, where that is slow in one stream.
        :param allow_http: Whether plain HTTP may leave this machine.
        :param ca_file: PEM file of authorities that are trusted besides the public ones.
        :param settings: What flows are given for :class:`~airflow_media.http.call.Configured`.
        """
        self.exchange = Exchange(
            service=service,
            origins=Origins(roots, allow_http=allow_http),
            auth=auth,
            retry=retry or RetryPolicy(),
            settings=settings,
        )
        self.timeouts = timeouts or Timeouts()
        self._faults = _Faults(self.timeouts)
        self.ranges = ranges or Ranges()
        self._ca_file = ca_file
        self._start()

    @abstractmethod
    def _start(self) -> None:
        """Make the connection pool and the locks, each client of its own kind."""

    @property
    def _options(self) -> dict[str, Any]:
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=IDLE)
        return {
            "verify": ssl_context(self._ca_file),
            "limits": limits,
            "headers": {"user-agent": USER_AGENT},
            "follow_redirects": False,
            "mounts": dict.fromkeys(LOOPBACK),
        }


class Client(_Base):
    """Runs calls and flows, one thread at a time or many: for workers. Use it as a context manager."""

    def _start(self) -> None:
        self._http = httpx.Client(**self._options)
        self._token_lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()
        if "_bulk" in self.__dict__:
            self._bulk.close()

    @functools.cached_property
    def _bulk(self) -> httpx.Client:
        """What receives files; made when there is one, since most clients never see any."""
        from airflow_media.http.bulk import BulkTransport

        return httpx.Client(**self._options, transport=BulkTransport(ssl_context(self._ca_file), CONNECTIONS))

    def run(self, flow: Flow[T] | Call[T]) -> T:
        """Carry out a call or a flow.

        :param flow: The call or flow.
        :return: Its result.
        :raises MediaError: What the service refused, or what went wrong on the way.
        """
        return self._drive(self.exchange.flow(flow), self._send)

    @contextmanager
    def stream(self, call: Call[Answer]) -> Iterator[Answer]:
        """Send a call and leave the body of its answer to be read piece by piece.

        :param call: A call whose ``read`` gives the answer as it is.
        :return: The answer with ``chunks`` set; a fault while they are read is a :class:`NetworkFaultError`.
        :raises MediaError: What the service refused, or what went wrong before the body.
        """
        opened: list[httpx.Response] = []

        def send(step: Send) -> Answer:
            response = self._open(step, self._bulk)
            opened.append(response)
            if response.status_code >= 300 and response.status_code not in call.accept:
                return self._whole(response)
            return Answer(response.status_code, dict(response.headers), chunks=self._raw(response, call))

        try:
            yield self._drive(self.exchange.call(call), send)
        finally:
            for response in opened:
                response.close()

    def _drive(self, steps: Steps[T], send: Callable[[Send], Answer]) -> T:
        value: Any = None
        fault: MediaError | None = None
        with closing(steps):
            while True:
                try:
                    step = steps.send(value) if fault is None else steps.throw(fault)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                value, fault = None, None
                try:
                    value = self._do(step, send)
                except MediaError as error:
                    fault = error

    def _do(self, step: Step, send: Callable[[Send], Answer]) -> Any:
        if isinstance(step, Pause):
            return time.sleep(step.seconds)
        if isinstance(step, GetToken):
            return self._token(step)
        return send(step)

    def _token(self, step: GetToken) -> str:
        seen = self.exchange.tokens.logins
        with self._token_lock:  # single flight: whoever comes second finds what came of the first
            return self._drive(self.exchange.token(step, seen), self._send)

    def _send(self, step: Send) -> Answer:
        response = self._open(step, self._http)
        try:
            return self._whole(response)
        finally:
            response.close()

    def _open(self, step: Send, http: httpx.Client) -> httpx.Response:
        with self._faults:
            if not isinstance(step.content, Body):
                return http.send(_request(http, step, step.content, self.timeouts), stream=True)
            with step.content.open() as pieces:
                measured = _measured(pieces, step.content.length)
                return http.send(_request(http, step, measured, self.timeouts), stream=True)

    def _whole(self, response: httpx.Response) -> Answer:
        content = bytearray()
        with self._faults:
            for piece in response.iter_bytes():
                _append(content, piece)
        return Answer(response.status_code, dict(response.headers), bytes(content))

    def _raw(self, response: httpx.Response, call: Call[Any]) -> Generator[bytes, None, None]:
        try:
            with self._faults:
                # No chunk size: with one, the HTTP library copies everything once more.
                yield from response.iter_raw()
        except MediaError as error:
            raise self.exchange.about(error, call) from None


class AsyncClient(_Base):
    """Runs calls and flows in one event loop: for triggerers. It moves no files: transfers run in workers."""

    def _start(self) -> None:
        from airflow_media.http.aio import Session

        self._session = Session(
            ssl_context(self._ca_file),
            {"user-agent": USER_AGENT},
            connections=CONNECTIONS,
            idle=IDLE,
            connect=self.timeouts.connect,
            read=self.timeouts.read,
        )
        self._token_lock = asyncio.Lock()
        self._gate = asyncio.Semaphore(CONCURRENCY)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def run(self, flow: Flow[T] | Call[T]) -> T:
        """Carry out a call or a flow.

        :param flow: The call or flow.
        :return: Its result.
        :raises MediaError: What the service refused, or what went wrong on the way.
        """
        return await self._drive(self.exchange.flow(flow))

    async def _drive(self, steps: Steps[T]) -> T:
        value: Any = None
        fault: MediaError | None = None
        with closing(steps):
            while True:
                try:
                    step = steps.send(value) if fault is None else steps.throw(fault)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                value, fault = None, None
                try:
                    value = await self._do(step)
                except MediaError as error:
                    fault = error

    async def _do(self, step: Step) -> Any:
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds)
        if isinstance(step, GetToken):
            return await self._token(step)
        return await self._send(step)

    async def _token(self, step: GetToken) -> str:
        seen = self.exchange.tokens.logins
        async with self._token_lock:  # single flight: whoever comes second finds what came of the first
            return await self._drive(self.exchange.token(step, seen))

    async def _send(self, step: Send) -> Answer:
        if step.content is not None and not isinstance(step.content, bytes):
            raise TypeError("AsyncClient sends no files: run the transfer with Client in a worker")
        async with self._gate:
            with self._faults:
                answer = await self._session.fetch(
                    step.method,
                    step.url,
                    params=step.params,
                    headers=step.headers,
                    content=step.content,
                    append=_append,
                )
        return Answer(*answer)


def _request(
    http: httpx.Client, step: Send, content: bytes | Iterator[bytes] | None, timeouts: Timeouts
) -> httpx.Request:
    url = httpx.URL(step.url)
    if step.params:  # merged only where there are some: it writes the query anew, which voids a signed one
        url = url.copy_merge_params(dict(step.params))
    return http.build_request(
        step.method,
        url,
        headers=dict(step.headers),
        content=content,
        timeout=timeouts.of(step),
    )


def _measured(pieces: Iterator[bytes], length: int) -> Iterator[bytes]:
    """Hold a body to its announced length: the HTTP library does too, but says so with another library's error."""
    given = 0
    for piece in pieces:
        given += len(piece)
        if given > length:
            raise TransferError(f"the source gives more than the {length} bytes that were announced")
        yield piece
    if given < length:
        raise TransferError(f"the source ended after {given} of the {length} bytes that were announced")


def _append(content: bytearray, piece: bytes) -> None:
    content += piece
    if len(content) > LARGEST_ANSWER:
        raise ProtocolError(f"an answer of more than {LARGEST_ANSWER} bytes where a short document was expected")


class _Faults:
    """Turns the HTTP library's exceptions into ours. The cause is dropped: it says nothing more, and at great length.

    :param timeouts: What the client waits for at most, to be told.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if isinstance(error, httpx.HTTPError):
            _raise(error, self._timeouts)
        if isinstance(error, httpx.InvalidURL):
            raise InvalidRequestError(f"not a URL that can be asked: {error}") from None
        if isinstance(error, UnicodeEncodeError):
            raise InvalidRequestError(f"a header field with other than ASCII characters: {error}") from None


def _raise(error: httpx.HTTPError, timeouts: Timeouts) -> NoReturn:
    name = type(error).__name__
    if isinstance(error, httpx.LocalProtocolError):
        raise InvalidRequestError(f"not a request that can be sent: {error}") from None
    if isinstance(error, httpx.UnsupportedProtocol):
        raise InvalidRequestError(str(error)) from None
    if isinstance(error, httpx.TimeoutException):
        phase = {"ConnectTimeout": "no connection", "WriteTimeout": "it took no more data"}.get(name, "no answer")
        raise NetworkFaultError(f"{phase} in time ({name}; time-outs in seconds: {timeouts})") from None
    if isinstance(error, httpx.TransportError):
        hint = UNTRUSTED if "CERTIFICATE_VERIFY_FAILED" in str(error) else ""
        raise NetworkFaultError(f"{str(error) or 'the connection was lost'} ({name})", hint=hint) from None
    raise ProtocolError(f"{error} ({name})") from None
