"""An S3 that has trouble with some of its objects, or faults like those of the sandbox: a proxy before one that has
none.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, unquote, urlsplit

from media_sandbox.faults import BAD_GATEWAY_PAGE, Fault, Faults, parse_fault

PIECE = 16 * 1024
PATIENCE = 120.0
TRANSPORT = {"connection", "transfer-encoding", "content-length", "server", "date"}
"""Header fields that are the proxy's own business."""
ERROR = "<Error><Code>{}</Code><Message>{}</Message></Error>"
CODES = {429: "SlowDown", 500: "InternalError", 503: "SlowDown"}
"""What S3 calls its faults."""
SUBRESOURCES = {
    ("GET", "list-type"): "list_objects",
    ("GET", "uploads"): "list_multipart_uploads",
    ("POST", "uploads"): "create_multipart_upload",
    ("PUT", "partNumber"): "upload_part",
    ("POST", "uploadId"): "complete_multipart_upload",
    ("DELETE", "uploadId"): "abort_multipart_upload",
}
PLAIN = {"GET": "get_object", "HEAD": "head_object", "PUT": "put_object", "DELETE": "delete_object"}
"""What S3 calls its requests."""

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


def held(until: threading.Event) -> Trouble:
    """What is written does not arrive before something happens, and not then either."""

    def hold(exchange: Exchange) -> bool:
        if exchange.method != "PUT":
            return False
        until.wait(PATIENCE)
        exchange.hang_up()
        return True

    return hold


class Exchange(BaseHTTPRequestHandler):
    """A request and its answer."""

    protocol_version = "HTTP/1.1"
    upstream: ClassVar[tuple[str, int]]
    troubles: ClassVar[dict[str, Trouble]]
    seen: ClassVar[list[tuple[str, str]]]
    asked: ClassVar[list[str]]
    faults: ClassVar[Faults]
    refuse_all: ClassVar[Callable[[float], None]]

    @property
    def method(self) -> str:
        """Of the request."""
        return self.command

    @property
    def operation(self) -> str:
        """What is asked for, with ``s3.`` before it."""
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        named = [name for (method, key), name in SUBRESOURCES.items() if method == self.command and key in query]
        return f"s3.{(named or [PLAIN[self.command]])[0]}"

    def handle_one(self) -> None:
        """Answer a request, with its trouble if it has one."""
        key = unquote(urlsplit(self.path).path).partition("/")[2].partition("/")[2]
        self.seen.append((self.command, key))
        self.asked.append(self.operation)
        trouble = self.troubles.get(key)
        if trouble is not None and trouble(self):
            return
        fault = self.faults.take(self.operation, self.command, self.path)
        if fault is None:
            self.pass_on()
        else:
            self._suffer(fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_one

    def _suffer(self, fault: Fault) -> None:
        """Do what a fault does: see :mod:`media_sandbox.faults`."""
        match fault:
            case Fault(kind="error", status=502):
                self._refuse(502, "text/html", BAD_GATEWAY_PAGE)
            case Fault(kind="error"):
                self.refuse(fault.status, CODES[fault.status], "a fault of the tests")
            case Fault(kind="expire_token"):
                self.refuse(400, "ExpiredToken", "The provided token has expired.")
            case Fault(kind="refuse"):
                type(self).refuse_all(fault.seconds)
                self._reset()
            case Fault(kind="reset"):
                self._reset()
            case Fault(kind="reset_upload"):
                self.rfile.read(fault.bytes or 0)
                self._reset()
            case Fault(kind="stall", bytes=None):
                self._wait_for_the_end()
            case _:
                with self._forwarded() as (answer, fields):
                    size = answer.headers.get("Content-Length", "0") if self.command == "HEAD" else ""
                    fields |= {"Content-Length": size} if size else {}
                    self._bend(fault, answer.status, fields, answer.read())

    def _bend(self, fault: Fault, status: int, fields: dict[str, str], body: bytes) -> None:
        """Do what a fault does to an answer."""
        match fault.kind:
            case "lost_answer":
                self._reset()
            case "malformed":
                self._answer(status, fields, body[: len(body) // 2])
            case "missing":
                pruned = re.sub(rf"<{fault.field}>.*?</{fault.field}>".encode(), b"", body)
                kept = {name: text for name, text in fields.items() if name.lower() != fault.field.lower()}
                self._answer(status, kept, pruned)
            case "truncate":
                self._answer(status, fields, body, sent=fault.bytes or 0)
                self.hang_up()
            case "stall":
                self._answer(status, fields, body, sent=fault.bytes or 0)
                self._wait_for_the_end()
            case _:
                raise ValueError(f"this S3 has no fault {fault.kind}")

    @contextlib.contextmanager
    def _forwarded(self) -> Iterator[tuple[http.client.HTTPResponse, dict[str, str]]]:
        """Ask the other S3.

        :return: Its answer, whose body is still to be read, and the header fields that are passed on.
        """
        body = self._body()
        upstream = http.client.HTTPConnection(*self.upstream, timeout=60)
        with contextlib.closing(upstream):
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            yield answer, {name: value for name, value in answer.headers.items() if name.lower() not in TRANSPORT}

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _refuse(self, status: int, media_type: str, text: str) -> None:
        self._body()
        self._answer(status, {"Content-Type": media_type}, text.encode())

    def _answer(self, status: int, fields: dict[str, str], body: bytes, sent: int | None = None) -> None:
        """Answer, with so many bytes of the body: all by default."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **fields}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:sent])

    def _reset(self) -> None:
        self.close_connection = True
        # Lingering for zero seconds makes the kernel answer with RST instead of FIN; the file holds the socket open.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    def _wait_for_the_end(self) -> None:
        """Say nothing until the client hangs up."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            while self.connection.recv(PIECE):
                pass

    def refuse(self, status: int, code: str, message: str) -> bool:
        """Answer with an error of S3."""
        self._refuse(status, "application/xml", ERROR.format(code, message))
        return True

    def pass_on(self, *, half: bool = False) -> None:
        """Have the other S3 answer.

        :param half: Only half of the body.
        """
        with self._forwarded() as (answer, fields):
            size = int(answer.headers.get("Content-Length") or 0)
            if answer.length is None:
                self._answer(answer.status, fields, answer.read())
                return
            self._answer(answer.status, {"Content-Length": str(size), **fields}, b"")
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

    Faults are set, and requests told, as the sandbox does it; the names of operations begin with ``s3.``.

    :param upstream: Host and port of that S3.
    :ivar troubles: What happens to the objects with these keys, in whatever bucket.
    :ivar seen: Method and key of each request.
    """

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.troubles: dict[str, Trouble] = {}
        self.seen: list[tuple[str, str]] = []
        self._asked: list[str] = []
        self._faults = Faults()
        own = {"upstream": upstream, "troubles": self.troubles, "seen": self.seen, "asked": self._asked}
        kind = {**own, "faults": self._faults, "refuse_all": staticmethod(self._refuse)}
        self._handler: type[Exchange] = type("Own", (Exchange,), kind)
        self._open = threading.Event()
        self._refusing = threading.Lock()
        self._bind(0)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._port}"

    def fault(self, spec: str) -> None:
        """Set a fault; :mod:`media_sandbox.faults` says how it is written."""
        self._faults.all.append(parse_fault(spec))

    def faults(self) -> list[Fault]:
        """Give the faults that are set, once connections are taken."""
        self._open.wait()
        return list(self._faults.all)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._faults.all.clear()

    def requests(self) -> list[dict[str, str]]:
        """Give what was asked for, oldest first."""
        return [{"operation": name} for name in self._asked]

    def clear_requests(self) -> None:
        """Forget what was asked for."""
        self._asked.clear()

    def _bind(self, port: int) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler)
        self._port = self._server.server_address[1]

    def _serve(self) -> None:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self._open.set()

    def _close(self) -> None:
        self._open.clear()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _refuse(self, seconds: float) -> None:
        """Take no connections for a while."""
        with self._refusing:
            if self._open.is_set():
                self._close()
                threading.Timer(seconds, self._reopen).start()

    def _reopen(self) -> None:
        self._bind(self._port)
        self._serve()

    def __enter__(self) -> Self:
        self._serve()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.wait()
        self._close()
