"""An S3 that has trouble with some of its objects: a proxy before one that has none."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import unquote, urlsplit

PIECE = 16 * 1024
TRANSPORT = {"connection", "transfer-encoding", "content-length", "server", "date"}
"""Header fields that are the proxy's own business."""
ERROR = "<Error><Code>{}</Code><Message>{}</Message></Error>"

Trouble = Callable[["Exchange"], bool]
"""Has its way with a request, and tells whether it has answered it."""


def forbidden(exchange: Exchange) -> bool:
    """S3 does not allow the object to be read."""
    return exchange.method == "GET" and exchange.refuse(403, "AccessDenied", "Access Denied")


def gone(exchange: Exchange) -> bool:
    """The object is deleted before it is read."""
    return exchange.method == "GET" and exchange.refuse(404, "NoSuchKey", "The specified key does not exist.")


def throttled(times: int) -> Trouble:
    """S3 is overloaded at first."""
    left = times

    def slow_down(exchange: Exchange) -> bool:
        nonlocal left
        if exchange.method != "GET" or not left:
            return False
        left -= 1
        return exchange.refuse(503, "SlowDown", "Please reduce your request rate.")

    return slow_down


def cut(then: Callable[[], None] | None = None) -> Trouble:
    """The first answer breaks off in the middle.

    :param then: What happens at that moment.
    """
    fresh = True

    def break_off(exchange: Exchange) -> bool:
        nonlocal fresh
        if exchange.method != "GET" or not fresh:
            return False
        fresh = False
        exchange.pass_on(half=True)
        if then is not None:
            then()
        exchange.hang_up()
        return True

    return break_off


class Exchange(BaseHTTPRequestHandler):
    """A request and its answer."""

    protocol_version = "HTTP/1.1"
    upstream: ClassVar[tuple[str, int]]
    troubles: ClassVar[dict[str, Trouble]]
    seen: ClassVar[list[tuple[str, str]]]

    @property
    def method(self) -> str:
        """Of the request."""
        return self.command

    def handle_one(self) -> None:
        """Answer a request, with its trouble if it has one."""
        key = unquote(urlsplit(self.path).path).partition("/")[2].partition("/")[2]
        self.seen.append((self.command, key))
        trouble = self.troubles.get(key)
        if trouble is None or not trouble(self):
            self.pass_on()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_one

    def refuse(self, status: int, code: str, message: str) -> bool:
        """Answer with an error of S3."""
        body = ERROR.format(code, message).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return True

    def pass_on(self, *, half: bool = False) -> None:
        """Have the other S3 answer.

        :param half: Only half of the body.
        """
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        upstream = http.client.HTTPConnection(*self.upstream, timeout=60)
        with contextlib.closing(upstream):
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            size = int(answer.headers.get("Content-Length") or 0)
            content = answer.read() if answer.length is None else None
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in TRANSPORT:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(size if content is None else len(content)))
            self.end_headers()
            if content is not None:
                self.wfile.write(content)
                return
            left = size // 2 if half else size
            while self.command != "HEAD" and left and (piece := answer.read(min(PIECE, left))):
                self.wfile.write(piece)
                left -= len(piece)

    def hang_up(self) -> None:
        """Close the connection in the middle of the answer."""
        self.wfile.flush()
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class TroubledS3:
    """Passes requests on to an S3; use it as a context manager.

    :param upstream: Host and port of that S3.
    :ivar troubles: What happens to the objects with these keys, in whatever bucket.
    :ivar seen: Method and key of each request.
    """

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.troubles: dict[str, Trouble] = {}
        self.seen: list[tuple[str, str]] = []
        own = {"upstream": upstream, "troubles": self.troubles, "seen": self.seen}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Exchange,), own))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
