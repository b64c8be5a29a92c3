"""A small strict HTTP/1.1 server on a real socket, scripted request by request: it misbehaves exactly as it is told to.

It runs in a thread of its own, so that the sync and the async client meet the same one. Nothing in it sleeps: a stalled
answer waits for a :class:`Gate` that the test opens, and a test waits with :meth:`WireServer.wait` for what arrives.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

PATIENCE = 20.0
"""Seconds after which a test that waits for something fails instead of hanging."""


class Violation(Exception):
    """The client broke a rule of HTTP, or one of this server."""


@dataclass(slots=True)
class Request:
    """A request as it came over the wire.

    :param connection: Number of the connection it came on, from 1.
    :param body: What has been read of the body so far.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    connection: int
    body: bytearray = field(default_factory=bytearray)

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def length(self) -> int:
        return int(self.headers.get("content-length", "0"))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One request's side of a connection, for actions."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Request) -> None:
        self._reader = reader
        self._writer = writer
        self._request = request

    async def read_body(self) -> None:
        """Read what is still missing of the body."""
        await self.read_until(self._request.length)
        if len(self._request.body) < self._request.length:
            raise Violation("the connection was closed in the middle of a body")

    async def read_until(self, size: int) -> None:
        """Read until the body has that many bytes, or until the client goes away."""
        while (missing := size - len(self._request.body)) > 0 and (
            piece := await self._reader.read(min(missing, 65536))
        ):
            self._request.body += piece

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        """Close in good order."""
        self._writer.close()
        await self._writer.wait_closed()

    def reset(self) -> None:
        """Tear the connection down with RST."""
        sock: socket.socket = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Action = Callable[[Request, Wire], Awaitable[None]]


class Gate:
    """Holds answers back until it is opened; can be opened from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._event = asyncio.Event()

    def open(self) -> None:
        self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        await self._event.wait()


class WireServer:
    """The server. Use it as a context manager; leaving it fails the test if the client broke a rule.

    :ivar requests: All requests in the order of their arrival.
    :ivar connections: How many connections there were.
    :ivar most_at_once: The largest number of requests that were being worked on at the same time.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.most_at_once = 0
        self._at_once = 0
        self._violations: list[str] = []
        self._scripts: dict[tuple[str, str], deque[Action]] = {}
        self._changed = threading.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()
        if kind is None:
            assert not self._violations, self._violations

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, method: str, path: str, *actions: Action) -> None:
        """Script what a resource does, one action for each request; the last one is repeated."""
        self._scripts[method, path] = deque(actions)

    def gate(self) -> Gate:
        return Gate(self._loop)

    def seen(self, method: str, path: str) -> list[Request]:
        """Give the requests of a resource so far."""
        return [request for request in self.requests if (request.method, request.path) == (method, path)]

    def wait(self, arrived: Callable[[], bool]) -> None:
        """Wait until something is so that the server notices: a request, a piece of a body, an end."""
        with self._changed:
            assert self._changed.wait_for(arrived, PATIENCE), "what was waited for did not arrive"

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note(self) -> None:
        with self._changed:
            self._changed.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        number = self.connections
        try:
            while not writer.is_closing() and (request := await _read_head(reader, number)):
                await self._work(request, Wire(reader, writer, request))
        except Violation as broken:
            self._violations.append(str(broken))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, as some tests make it
        except asyncio.CancelledError:
            pass  # the end of the test: asyncio would report a cancelled handler as a crash
        finally:
            self._tasks.discard(task)
            writer.close()
            self._note()

    async def _work(self, request: Request, wire: Wire) -> None:
        self.requests.append(request)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        self._note()
        try:
            script = self._scripts.get((request.method, request.path))
            if not script:
                raise Violation(f"nothing is scripted for {request.method} {request.path}")
            await (script.popleft() if len(script) > 1 else script[0])(request, wire)
        finally:
            self._at_once -= 1
            self._note()


async def _read_head(reader: asyncio.StreamReader, connection: int) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise Violation(f"the connection was closed in the middle of a head: {end.partial!r}") from None
        return None
    first, *lines = head[:-4].decode("ascii").split("\r\n")
    method, target, version = first.split(" ")
    pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    headers = dict(pairs)
    if version != "HTTP/1.1" or "host" not in headers or len(headers) != len(pairs):
        raise Violation(f"not a proper head: {head!r}")
    if "transfer-encoding" in headers:
        raise Violation("a body of unknown length")
    if method in {"POST", "PUT", "PATCH"} and "content-length" not in headers:
        raise Violation("a body without its length")
    return Request(method, target, headers, connection)


def answer(
    status: int = 200,
    body: bytes = b"",
    *,
    document: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Action:
    """Read the whole request and answer.

    :param document: JSON to answer with, in place of a body.
    """

    async def act(request: Request, wire: Wire) -> None:
        await wire.read_body()
        await wire.send(rendered(status, body, document=document, headers=headers))

    return act


def rendered(
    status: int, body: bytes = b"", *, document: Any = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """Give the bytes of an answer."""
    fields = dict(headers or {})
    if document is not None:
        body = json.dumps(document).encode()
        fields.setdefault("content-type", "application/json")
    fields.setdefault("content-length", str(len(body)))
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def computed(reply: Callable[[Request], bytes]) -> Action:
    """Read the whole request and answer with what a function makes of it."""

    async def act(request: Request, wire: Wire) -> None:
        await wire.read_body()
        await wire.send(reply(request))

    return act


def reset() -> Action:
    """Read the whole request and tear the connection down."""

    async def act(request: Request, wire: Wire) -> None:
        await wire.read_body()
        wire.reset()

    return act


def garbage(data: bytes) -> Action:
    """Send bytes as they are, and close."""

    async def act(request: Request, wire: Wire) -> None:
        await wire.read_body()
        await wire.send(data)
        await wire.close()

    return act


def cut(status: int, body: bytes, missing: int) -> Action:
    """Announce more than comes, and close."""
    return garbage(rendered(status, body, headers={"content-length": str(len(body) + missing)}))


def held(gate: Gate, then: Action) -> Action:
    """Do nothing until the gate is opened, then do that."""

    async def act(request: Request, wire: Wire) -> None:
        await gate.wait()
        await then(request, wire)

    return act


def gathered(many: int, then: Action) -> Action:
    """Do nothing until so many requests have come at the same time, then do that for each, and for all that follow."""
    there = asyncio.Event()
    came = 0

    async def act(request: Request, wire: Wire) -> None:
        nonlocal came
        came += 1
        if came == many:
            there.set()
        await there.wait()
        await then(request, wire)

    return act


def abandoned() -> Action:
    """Take what comes of the request, until the client goes away without having sent it all."""

    async def act(request: Request, wire: Wire) -> None:
        await wire.read_until(request.length)
        if len(request.body) == request.length:
            raise Violation("a request came whole that was expected not to")
        await wire.close()

    return act


def early(status: int, body: bytes = b"", *, after: int) -> Action:
    """Answer when only some bytes of the body have come, and close on the rest."""

    async def act(request: Request, wire: Wire) -> None:
        await wire.read_until(after)
        await wire.send(rendered(status, body, headers={"connection": "close"}))
        await wire.close()

    return act
