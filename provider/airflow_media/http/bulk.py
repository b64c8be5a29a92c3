"""Receives files with urllib3 below the client of the HTTP library, which keeps all else: URLs, headers, time-outs.

The HTTP library of its own hands each byte it receives through the buffers of an HTTP parser, in pieces of 64 KiB or of
a TLS record: twice the CPU time of curl over TLS, and nearly as much without. urllib3, which botocore brings along,
reads into the piece itself.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import IncompleteRead
from typing import Any
from urllib.parse import unquote
from urllib.request import getproxies, proxy_bypass

import httpx
import urllib3
from urllib3 import exceptions
from urllib3.util import parse_url

from airflow_media.http.origins import is_loopback

PIECE = 256 * 1024
"""Bytes per read. As fast as a larger one; a connection that is torn down takes a piece that is not full with it."""

_FAULTS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (exceptions.NewConnectionError, httpx.ConnectError),
    (exceptions.ConnectTimeoutError, httpx.ConnectTimeout),
    (exceptions.TimeoutError, httpx.ReadTimeout),
    (exceptions.ProxyError, httpx.ProxyError),
    (exceptions.SSLError, httpx.ConnectError),
    (exceptions.LocationValueError, httpx.UnsupportedProtocol),
    (exceptions.HTTPError, httpx.ReadError),
)
"""What urllib3 raises, the narrower before the wider, and what the HTTP library calls it."""


class BulkTransport(httpx.BaseTransport):
    """Sends the requests of a client of the HTTP library whose answers are files.

    :param context: For TLS.
    :param connections: Kept open for further requests, for each host.
    """

    def __init__(self, context: ssl.SSLContext, connections: int) -> None:
        self._options: dict[str, Any] = {"ssl_context": context, "maxsize": connections}
        self._managers: dict[str, urllib3.PoolManager] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and give the answer, its body still to be read."""
        timeouts = request.extensions["timeout"]
        # Spelled as urllib3 spells those that it adds for a proxy, so that it finds them; the host it knows.
        headers = {name.title(): value for name, value in request.headers.items() if name != "host"}
        with _faults():
            answer = self._manager(request.url).urlopen(
                request.method,
                str(request.url),
                body=request.read() or None,
                headers=headers,
                timeout=urllib3.Timeout(connect=timeouts["connect"], read=timeouts["read"]),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        return httpx.Response(answer.status, headers=fields, stream=_Stream(answer))

    def close(self) -> None:
        """Close the connections that nobody reads from."""
        for manager in self._managers.values():
            manager.clear()

    def _manager(self, url: httpx.URL) -> urllib3.PoolManager:
        proxy = proxy_for(url.scheme, url.host)
        if proxy not in self._managers:
            self._managers.setdefault(proxy, self._new_manager(proxy))
        return self._managers[proxy]

    def _new_manager(self, proxy: str) -> urllib3.PoolManager:
        if not proxy:
            return urllib3.PoolManager(**self._options)
        auth = parse_url(proxy).auth
        headers = urllib3.make_headers(proxy_basic_auth=unquote(auth)) if auth else None
        return urllib3.ProxyManager(proxy, proxy_headers=headers, **self._options)


class _Stream(httpx.SyncByteStream):
    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        answer = self._answer
        with _faults():
            # The first piece is whatever is there: a connection that brought anything at all is seen to have.
            piece = answer.read1(PIECE)
            while piece:
                yield piece
                # A piece in chunks would be lost as a whole where the connection ends in it.
                piece = answer.read1(PIECE) if answer.chunked else answer.read(PIECE)

    def close(self) -> None:
        if self._answer.length_remaining == 0:  # then the connection can be used again
            self._answer.drain_conn()
        self._answer.close()


def proxy_for(scheme: str, host: str) -> str:
    """Tell through which proxy the environment wants a host to be asked: ``HTTPS_PROXY``, ``NO_PROXY`` and so on.

    :param scheme: Scheme of the URL.
    :param host: Its host.
    :return: URL of the proxy; empty: none.
    """
    if is_loopback(host) or proxy_bypass(host):
        return ""
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


@contextmanager
def _faults() -> Iterator[None]:
    """Turn the exceptions of urllib3 into those that the HTTP library has for them."""
    try:
        yield
    except exceptions.HTTPError as error:
        kind = next(kind for theirs, kind in _FAULTS if isinstance(error, theirs))
        raise kind(_words(error)) from error


def _words(error: exceptions.HTTPError) -> str:
    """Give what an exception says; where it wraps another one, that says it better."""
    inner = error.args[-1] if error.args and isinstance(error.args[-1], Exception) else error
    if isinstance(inner, IncompleteRead):
        return "the connection was closed before the end of the answer"
    if isinstance(inner, exceptions.NewConnectionError):  # which begins with the connection as Python shows an object
        return str(inner).partition(": ")[2]
    return str(inner) or repr(inner)
