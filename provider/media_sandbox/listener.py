"""The socket that the sandbox listens on. It can be made deaf for a while, as the server of a service that is down."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable


class Listener:
    """Takes connections on one port. To be used in one event loop.

    :param protocol: makes what talks on a connection.
    """

    def __init__(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._protocol = protocol
        self._pausing: asyncio.Task[None] | None = None

    async def open(self, host: str, port: int) -> int:
        """Listen.

        :param port: 0 for any free one.
        :return: the port.
        :raises OSError: when the port is taken.
        """
        await self._listen(_bound((host, port)))
        self._address: tuple[str, int] = self._server.sockets[0].getsockname()
        taken: int = self._address[1]
        return taken

    def refuse(self, seconds: float) -> None:
        """Refuse new connections for some time; those that there are stay."""
        if self._pausing is None:
            self._pausing = asyncio.create_task(self._pause(seconds))

    def close(self) -> None:
        """Listen no more."""
        if self._pausing is not None:
            self._pausing.cancel()
        self._server.close()

    async def _listen(self, place: socket.socket) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._protocol, sock=place)

    async def _pause(self, seconds: float) -> None:
        self._server.close()
        # Held without being listened on: a free port could be somebody else's in a moment.
        with _bound(self._address) as place:
            await asyncio.sleep(seconds)
            await self._listen(place.dup())
        self._pausing = None


def _bound(address: tuple[str, int]) -> socket.socket:
    # With the protocol named: asyncio sends small answers at once only where it sees that it is TCP.
    place = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(address)
    except OSError:
        place.close()
        raise
    return place
