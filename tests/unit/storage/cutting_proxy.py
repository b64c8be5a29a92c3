"""A TCP proxy that closes a connection in the body of its first answer, at the byte where it was told to."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque
from types import TracebackType
from typing import Self


class CuttingProxy:
    """Passes everything on to one address; use it as a context manager.

    :param upstream: Host and port.
    :ivar cuts: For each coming connection, bytes of its first body after which it is closed; beyond them: never.
    """

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []
        self.cuts: deque[int] = deque()

    @property
    def root(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for opened in self._open:
            _hang_up(opened)
        for thread in self._threads:
            thread.join()
        for opened in self._open:
            opened.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._upstream)
            self._open += [client, server]
            cut = self.cuts.popleft() if self.cuts else None
            self._run(self._pass, client, server, None)
            self._run(self._pass, server, client, cut)

    def _pass(self, source: socket.socket, sink: socket.socket, cut: int | None) -> None:
        with contextlib.suppress(OSError):
            if cut is not None:
                sink.sendall(_head(source))
            passed = 0
            while (cut is None or passed < cut) and (data := source.recv(65536)):
                sink.sendall(data if cut is None else data[: cut - passed])
                passed += len(data)
        _hang_up(source)
        _hang_up(sink)

    def _run(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()


def _head(source: socket.socket) -> bytes:
    """Read an answer up to its body."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += source.recv(1) or b"\r\n\r\n"
    return head


def _hang_up(opened: socket.socket) -> None:
    with contextlib.suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)
