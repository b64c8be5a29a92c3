"""Sends the small requests of a triggerer with aiohttp below the client of the HTTP library, which keeps all else.

The HTTP library's own transport goes through the states of all its connections at each step of each request: with 16
requests at a time, a look at a job costs it more than ten times the CPU time that aiohttp needs, in the event loop that
all triggers share. Airflow's Amazon provider brings aiohttp along.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cached_property

import aiohttp
import httpx
from yarl import URL

from airflow_media.http.proxies import proxy_for

LONGEST_FIELD = 64 * 1024
"""Bytes of a header field that are put up with."""
OWN_FIELDS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""What aiohttp would add; the HTTP library has added it where it is wanted."""

_FAULTS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (asyncio.TimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
    (aiohttp.ClientPayloadError, httpx.RemoteProtocolError),
    (aiohttp.ClientError, httpx.ReadError),
    (OSError, httpx.ReadError),
    (ValueError, httpx.LocalProtocolError),
)
"""What aiohttp raises, the narrower before the wider, and what the HTTP library calls it."""


class LookTransport(httpx.AsyncBaseTransport):
    """Sends the requests of an async client of the HTTP library, and receives answers that fit into memory.

    :param context: For TLS.
    :param connections: At most.
    :param idle: Seconds for which a connection is kept open unused.
    """

    def __init__(self, context: ssl.SSLContext, connections: int, idle: float) -> None:
        self._context = context
        self._connections = connections
        self._idle = idle
        self._proxies: dict[tuple[str, str], str] = {}

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._context, limit=self._connections, keepalive_timeout=self._idle),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=OWN_FIELDS,
            auto_decompress=False,
            max_line_size=LONGEST_FIELD,
            max_field_size=LONGEST_FIELD,
        )
        # It would send a PUT once more by itself when a connection turns out to be closed, and a PUT may be a create.
        session._retry_connection = False
        return session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and give the answer, its body still to be read."""
        timeouts = request.extensions["timeout"]
        with _faults():
            answer = await self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                data=request.read() or None,
                headers=request.headers.multi_items(),
                timeout=aiohttp.ClientTimeout(connect=timeouts["connect"], sock_read=timeouts["read"]),
                proxy=self._proxy(request.url) or None,
                allow_redirects=False,
            )
        return httpx.Response(answer.status, headers=list(answer.raw_headers), stream=_Stream(answer))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()

    def _proxy(self, url: httpx.URL) -> str:
        place = (url.scheme, url.host)
        if place not in self._proxies:
            self._proxies[place] = proxy_for(*place)
        return self._proxies[place]


class _Stream(httpx.AsyncByteStream):
    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _faults():
            async for piece in self._answer.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        self._answer.close()


@contextmanager
def _faults() -> Iterator[None]:
    """Turn the exceptions of aiohttp into those that the HTTP library has for them."""
    try:
        yield
    except tuple(theirs for theirs, _ in _FAULTS) as error:
        kind = next(kind for theirs, kind in _FAULTS if isinstance(error, theirs))
        raise kind(str(error) or type(error).__name__) from error
