"""A file on a real socket: served with ranges and entity tags as it should be, or spoiled as a test plans it."""

from __future__ import annotations

import re
import socket
import ssl
import sys
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Plan:
    """How one request is answered. As it stands: properly.

    :param status: Answer with this status and an error document.
    :param cut: Bytes of the body after which the connection is closed.
    :param ranges: Whether ``Range`` is honoured.
    :param if_range: Whether ``If-Range`` is honoured.
    :param length: Whether the length is told; if not, the body is sent in chunks.
    :param content: Another content from now on, under another ETag.
    :param headers: Fields that are added or, where ``None``, left out.
    """

    status: int | None = None
    cut: int | None = None
    ranges: bool = True
    if_range: bool = True
    length: bool = True
    content: bytes | None = None
    headers: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]


class FileServer:
    """Serves one file under every path; use it as a context manager.

    :param content: The file.
    :param plans: How the first requests are answered; those after them are answered properly.
    :param says_ranges: Whether it says in each answer that it honours ranges.
    :param context: For TLS; without one it speaks plain HTTP.
    :ivar connections: How many connections there were.
    """

    def __init__(
        self, content: bytes, *plans: Plan, says_ranges: bool = False, context: ssl.SSLContext | None = None
    ) -> None:
        self.content = content
        self.says_ranges = says_ranges
        self.plans = deque(plans)
        self.version = 1
        self.seen: list[Seen] = []
        self.connections = 0
        handler = type("Handler", (_Handler,), {"files": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._scheme = "https" if context else "http"
        if context:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def root(self) -> str:
        """Base URL."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def etag(self) -> str:
        """Entity tag of the content as it is now."""
        return f'"version-{self.version}"'

    @property
    def ranges(self) -> list[str | None]:
        """``Range`` of each GET that came."""
        return [seen.headers.get("range") for seen in self.seen if seen.method == "GET"]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that go away, as those do that do not trust the server."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: FileServer

    def setup(self) -> None:
        super().setup()
        self.files.connections += 1

    def do_GET(self) -> None:
        files = self.files
        files.seen.append(Seen(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
        plan = files.plans.popleft() if files.plans else Plan()
        if plan.content is not None:
            files.content, files.version = plan.content, files.version + 1
        if plan.status is not None:
            self._answer(plan.status, b"<html>an error document</html>", {"content-type": "text/html"}, plan)
            return
        status, body, headers = self._part(plan)
        self._answer(status, body, headers, plan)

    do_HEAD = do_GET

    def _part(self, plan: Plan) -> tuple[int, bytes, dict[str, str]]:
        content = self.files.content
        headers = {"etag": self.files.etag, "content-type": "video/mp4"}
        if self.files.says_ranges:
            headers["accept-ranges"] = "bytes"
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", "")) if plan.ranges else None
        stale = plan.if_range and self.headers.get("if-range", self.files.etag) != self.files.etag
        if asked is None or stale or self.command == "HEAD":
            return 200, content, headers
        start, end = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
        if start >= len(content):
            return 416, b"", {**headers, "content-range": f"bytes */{len(content)}"}
        return 206, content[start : end + 1], {**headers, "content-range": f"bytes {start}-{end}/{len(content)}"}

    def _answer(self, status: int, body: bytes, headers: dict[str, str], plan: Plan) -> None:
        fields: dict[str, str | None] = {"content-length": str(len(body)), **headers}
        if not plan.length:
            fields |= {"content-length": None, "transfer-encoding": "chunked"}
        fields |= plan.headers
        self.send_response(status)
        for name, value in fields.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        sent = body[: plan.cut]
        self.wfile.write(sent if plan.length else b"%x\r\n%s\r\n" % (len(sent), sent) if sent else b"")
        if plan.cut is not None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif not plan.length:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""
