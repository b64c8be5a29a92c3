"""Sends the small requests of a triggerer with aiohttp. Faults are raised in the words of the client's HTTP library.

That library goes through the states of all its connections at each step of a request and builds an object of its own
for each part of it: a look at a job costs it several times the CPU time of aiohttp, in the event loop that all triggers
of a process share. Airflow's Amazon provider brings aiohttp along. Imported late: it takes a tenth of a second.
"""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from types import TracebackType
from urllib.parse import urlencode, urlsplit

import aiohttp
import httpx
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from airflow_media.http.bulk import proxy_for
from airflow_media.http.redact import REDACTOR

log = logging.getLogger(__name__)

LONGEST_FIELD = 64 * 1024
"""Bytes of a header field that are put up with."""

_SPELLED = re.compile(r"https?://[A-Za-z0-9._~:/?\[\]!$&'()*+,;=%-]+")
"""URLs that need no encoding, as nearly all are; the library that encodes the others takes its time."""

_TOLD: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (TimeoutError, httpx.ReadTimeout),
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
"""What aiohttp raises, the narrower before the wider, and what the client's library calls it."""


class Session:
    """The connections of one async client.

    :param context: For TLS.
    :param headers: Sent with each request.
    :param connections: At most.
    :param idle: Seconds for which a connection is kept open unused.
    :param connect: Seconds to wait for a connection.
    :param read: Seconds to wait for the next bytes of an answer.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        headers: Mapping[str, str],
        *,
        connections: int,
        idle: float,
        connect: float,
        read: float,
    ) -> None:
        self._context = context
        self._headers = headers
        self._connections = connections
        self._idle = idle
        self._timeout = aiohttp.ClientTimeout(connect=connect, sock_read=read)
        self._proxies: dict[str, str] = {}

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._context, limit=self._connections, keepalive_timeout=self._idle),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
            timeout=self._timeout,
            skip_auto_headers=("Content-Type",),
            max_line_size=LONGEST_FIELD,
            max_field_size=LONGEST_FIELD,
            middlewares=(_sent_once,),
        )

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        content: bytes | None,
        append: Callable[[bytearray, bytes], object],
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request and read the whole answer.

        :param append: Adds a piece to the body; it may raise, where that grows too long.
        :return: Status, header fields by their names in lower case, and the body.
        :raises httpx.TransportError: What went wrong on the way.
        """
        with _faults:
            answer = await self._session.request(
                method,
                _url(url, params),
                data=content,
                headers={name: _ascii(value) for name, value in headers.items()},
                proxy=self._proxy(url),
                allow_redirects=False,
            )
            if log.isEnabledFor(logging.DEBUG):
                log.debug("%s", REDACTOR.clean(f"{method} {url}: {answer.status} {answer.raw_headers!r}"))
            body = bytearray()
            try:
                while not answer.content.at_eof():
                    append(body, await answer.content.readany())
            finally:
                answer.close()
            return answer.status, _fields(answer.raw_headers), bytes(body)

    async def close(self) -> None:
        """Close all connections."""
        if "_session" in self.__dict__:
            await self._session.close()

    def _proxy(self, url: str) -> str | None:
        place = url.split("/", 3)[2]
        if place not in self._proxies:
            parts = urlsplit(url)
            self._proxies[place] = proxy_for(parts.scheme, parts.hostname or "")
        proxy = self._proxies[place]
        if proxy and not proxy.startswith("http"):
            raise httpx.UnsupportedProtocol(f"a proxy of the kind {urlsplit(proxy).scheme} is none that can be used")
        return proxy or None


def _url(url: str, params: Mapping[str, str]) -> URL:
    if params:  # added only where there are some: what is written anew voids a signature
        url = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
    return URL(url if _SPELLED.fullmatch(url) else str(httpx.URL(url)), encoded=True)


def _ascii(value: str) -> str:
    value.encode("ascii")  # aiohttp would send UTF-8, which a service reads as it likes
    return value


def _fields(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in pairs):
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


async def _sent_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a request again by itself where an open connection turns out to be closed.

    It does that with a PUT or DELETE, too, and a PUT may be a create. It does not with what is no error of its own.
    """
    with _faults:
        return await handler(request)


class _Faults:
    """Turns the exceptions of aiohttp into those that the client's library has for them.

    No generator: one of those would be made anew for each request, twice.
    """

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if isinstance(error, (aiohttp.ClientError, OSError, ValueError)) and not isinstance(error, UnicodeError):
            told: type[httpx.RequestError] = next(told for theirs, told in _TOLD if isinstance(error, theirs))
            if isinstance(error.__cause__, ContentEncodingError):
                told = httpx.DecodingError
            raise told(str(error) or type(error).__name__) from error


_faults = _Faults()
