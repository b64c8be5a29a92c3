"""Takes whatever is sent to it and forgets it, faster than a client can send; it answers uploads as S3 does, too.

``python sink.py PORT [CERTIFICATE]``. The bytes of a body are neither copied nor, over TLS, decrypted: Linux drops them
in the kernel (``MSG_TRUNC``), and the sizes of the TLS records tell how many there were. So it is not the bottleneck.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Callable

ANSWER = b'{"videoId": "v", "projectId": "p", "TaskId": "0123456789abcdef0123456789abcdef"}'
BEGUN = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
ENDED = b'<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>'
HEAD = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: "e"\r\nConnection: %s\r\n\r\n'
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BLOCK = 4 << 20
RECORD_HEAD = 5
RECORD_REST = 17
"""Bytes of a TLS 1.3 record beyond those that it carries."""


class Plain:
    """A connection as it is.

    :ivar again: Whether it is good for another request.
    """

    again = True

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._block = connection, bytearray(BLOCK)

    def read(self) -> bytes:
        """Give what has come."""
        return self._connection.recv(1 << 16)

    def drop(self, size: int) -> int:
        """Drop bytes that come, up to so many; give how many they were."""
        return self._connection.recv_into(self._block, min(size, BLOCK), socket.MSG_TRUNC)

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)


class Encrypted:
    """A connection with TLS 1.3, of which only the heads of requests are decrypted: its second request would fail."""

    again = False

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self._connection, self._block = connection, bytearray(1 << 16)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._until_done(self._tls.do_handshake)

    def read(self) -> bytes:
        return self._until_done(lambda: self._tls.read(1 << 16))

    def drop(self, size: int) -> int:
        length = self._record_length()
        left = length
        while left:
            left -= self._connection.recv_into(self._block, left, socket.MSG_TRUNC)
        return length - RECORD_REST

    def write(self, data: bytes) -> None:
        self._tls.write(data)
        self._connection.sendall(self._out.read())

    def _until_done(self, step: Callable[[], bytes | None]) -> bytes:
        while True:
            try:
                return step() or b""
            except ssl.SSLWantReadError:
                self._connection.sendall(self._out.read())
                # Whole records only: what is left of the body then begins with one.
                length = self._record_length()
                self._in.write(self._head + self._connection.recv(length, socket.MSG_WAITALL))
            finally:
                self._connection.sendall(self._out.read())

    def _record_length(self) -> int:
        self._head = self._connection.recv(RECORD_HEAD, socket.MSG_WAITALL)
        if len(self._head) < RECORD_HEAD:
            raise ConnectionError
        return int.from_bytes(self._head[3:], "big")


def serve(peer: Plain | Encrypted) -> None:
    """Answer the requests of one connection."""
    head = b""
    while True:
        while b"\r\n\r\n" not in head:
            piece = peer.read()
            if not piece:
                return
            head += piece
        head, _, body = head.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in lines)
        left = int(fields.get(b"content-length", 0)) - len(body)
        if fields.get(b"expect") == b"100-continue":
            peer.write(CONTINUE)
        while left > 0:
            left -= peer.drop(left)
        answer = answer_to(*first.split()[:2])
        peer.write(HEAD % (len(answer), b"keep-alive" if peer.again else b"close") + answer)
        if not peer.again:
            return
        head = b""


def answer_to(method: bytes, target: bytes) -> bytes:
    """Give the body of an answer."""
    if method == b"PUT":  # an object of S3, or a part of one
        return b""
    return BEGUN if b"?uploads" in target else ENDED if b"?uploadId" in target else ANSWER


def handle(connection: socket.socket, context: ssl.SSLContext | None) -> None:
    """Serve one connection until it ends, however it does."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, contextlib.suppress(OSError):
        serve(Encrypted(connection, context) if context else Plain(connection))


def main(port: int, certificate: str | None = None) -> None:
    """Listen for ever."""
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=handle, args=(connection, context), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
