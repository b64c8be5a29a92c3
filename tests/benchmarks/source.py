"""Gives one large file under every path, as S3 does, with ranges and an ETag, faster than a client can take it.

``python source.py PORT FILE [--certificate PEM] [--rate BYTES] [--cuts BYTES] [--log FILE]``. Plain bytes go by
``sendfile``, from the page cache to the socket. With a rate, each connection brings no more bytes per second than that.
At each cut, a position in the file, the connection is closed once. With a log, each GET is a line of it: the first byte
asked for, and the bytes that were sent.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import socket
import ssl
import threading
import time
from pathlib import Path

HEAD = (
    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nContent-Type: video/mp4\r\nAccept-Ranges: bytes\r\n"
    'ETag: "0123456789abcdef"\r\nLast-Modified: Wed, 01 Jan 2025 00:00:00 GMT\r\n{more}\r\n'
)
BLOCK = 1 << 20
STEP = 256 * 1024
"""Bytes that a connection with a rate sends at a time."""


class Source:
    """The server of one file.

    :param path: The file.
    :param rate: Bytes per second of a connection; ``None``: as many as go.
    :param cuts: Positions at which a connection is closed, each once.
    :param log: Where each GET is told.
    """

    def __init__(self, path: Path, rate: float | None, cuts: list[int], log: Path | None) -> None:
        self.file = path.open("rb")
        self.size = path.stat().st_size
        self.rate, self.cuts, self.log = rate, sorted(cuts), log

    def handle(self, connection: socket.socket, context: ssl.SSLContext | None) -> None:
        """Serve one connection until it ends, however it does."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.rate:  # else a good part of a range would lie in the buffers before it is due
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STEP)
        with connection, contextlib.suppress(OSError):
            self.serve(context.wrap_socket(connection, server_side=True) if context else connection)

    def serve(self, connection: socket.socket) -> None:
        """Answer the requests of one connection."""
        head = b""
        while True:
            while b"\r\n\r\n" not in head:
                piece = connection.recv(1 << 16)
                if not piece:
                    return
                head += piece
            request, _, head = head.partition(b"\r\n\r\n")
            start, stop, more = 0, self.size, ""
            asked = re.search(rb"(?i)\r\nrange: bytes=(\d+)-(\d*)", request)
            if asked:
                start, stop = int(asked[1]), min(int(asked[2] or self.size - 1) + 1, self.size)
                more = f"Content-Range: bytes {start}-{stop - 1}/{self.size}\r\n"
            status = "206 Partial Content" if asked else "200 OK"
            connection.sendall(HEAD.format(status=status, length=stop - start, more=more).encode())
            if request.startswith(b"GET"):
                cut = next((cut for cut in self.cuts if start < cut < stop), None)
                self.give(connection, start, cut or stop)
                if cut is not None:
                    self.cuts.remove(cut)
                    return

    def give(self, connection: socket.socket, start: int, stop: int) -> None:
        """Send bytes of the file."""
        position, began = start, time.monotonic()
        try:
            while position < stop:
                position += self.send(connection, position, stop)
                if self.rate:
                    time.sleep(max(0.0, (position - start) / self.rate - (time.monotonic() - began)))
        finally:
            if self.log:
                with self.log.open("a") as log:
                    log.write(f"{start} {position - start}\n")

    def send(self, connection: socket.socket, position: int, stop: int) -> int:
        """Send some bytes and give their number."""
        most = min(STEP if self.rate else 4 * BLOCK, stop - position)
        if isinstance(connection, ssl.SSLSocket):
            return connection.send(os.pread(self.file.fileno(), min(BLOCK, most), position))
        return os.sendfile(connection.fileno(), self.file.fileno(), position, most)


def main() -> None:
    """Listen for ever."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--certificate")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--cuts", type=int, nargs="*", default=[])
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    source = Source(given.file, given.rate, given.cuts, given.log)
    context = None
    if given.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(given.certificate)
    with socket.create_server(("127.0.0.1", given.port)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=source.handle, args=(connection, context), daemon=True).start()


if __name__ == "__main__":
    main()
