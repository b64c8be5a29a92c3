"""A server that takes whatever is sent to it as fast as Python can and forgets it: not the bottleneck of an upload."""

from __future__ import annotations

import socket
import sys

ANSWER = b'{"videoId": "v", "projectId": "p"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"


def serve(listening: socket.socket) -> None:
    """Answer one request at a time, for ever."""
    buffer = bytearray(4 << 20)
    while True:
        connection, _ = listening.accept()
        with connection:
            head = b""
            while b"\r\n\r\n" not in head and (piece := connection.recv(1 << 16)):
                head += piece
            if not head:  # somebody only looked whether we are there
                continue
            head, _, body = head.partition(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            if fields.get(b"expect") == b"100-continue":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            left = int(fields.get(b"content-length", 0)) - len(body)
            while left > 0:
                left -= connection.recv_into(buffer)
            connection.sendall(HEAD % len(ANSWER) + ANSWER)


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
        serve(server)
