"""Files at public or presigned http(s) URLs. The query of such a URL may be a key to the file: it is never printed."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from airflow_media.http.call import Answer, Call
from airflow_media.http.client import Client
from airflow_media.http.downloads import RemoteFile, filename_from, follow, size_of
from airflow_media.http.errors import InvalidRequestError, MediaError, TransferError
from airflow_media.http.origins import is_loopback, origin
from airflow_media.http.reading import Ranges
from airflow_media.http.redact import REDACTOR
from airflow_media.http.retry import RetryPolicy
from airflow_media.http.service import Problem, Service
from airflow_media.storage.base import exactly, media_type_of, printable
from airflow_media.storage.names import safe_name
from airflow_media.storage.settings import configured_ranges

NO_HEAD = frozenset({400, 401, 403, 404, 405, 406, 501})
"""Answers to HEAD that say nothing about GET: a presigned URL, for one, is good for a single method."""


class WebSource:
    """A file at an http(s) URL.

    :param url: The URL.
    :param conn_id: Airflow connection of type HTTP, whose login and password are told to the host of the URL, and to
        no other that it redirects to; only over https, or to this machine.
    :param retry: How long to wait before a broken connection is taken up again.
    :param ranges: How to read a large file; default: as Airflow is configured.
    :raises TransferError: It is not there, is empty, may not be read, or its length is not told.
    """

    def __init__(
        self,
        url: str,
        conn_id: str | None = None,
        *,
        retry: RetryPolicy | None = None,
        ranges: Ranges | None = None,
    ) -> None:
        self.uri = printable(url)
        self._retry, self._ranges = retry, ranges
        with self._faults():
            self._site = origin(url)
            headers = self._credentials(url, conn_id) if conn_id else {}
            self._call = Call(
                operation="read file",
                method="GET",
                url=url,
                read=_as_it_is,
                subject=self.uri,
                headers=headers,
                authenticated=False,
                bulk=True,
            )
            with self._client() as client:
                answer = self._look(client)
        size = size_of(answer)
        if size is None:
            raise self._fault("the server does not tell the length of the file")
        if not size:
            raise self._fault("the file is empty")
        self.size: int = size
        self.etag = answer.headers.get("etag")
        suggested = filename_from(answer.headers.get("content-disposition"))
        self.name = safe_name(suggested or unquote(urlsplit(url).path))
        self.media_type = media_type_of(self.name, answer.headers.get("content-type"))

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        """Read it from its start. A broken connection is taken up at the byte where it broke; a large file that comes
        slowly is read in several ranges at once, where the server gives ranges.

        :raises TransferError: It was replaced since it was looked at, or can no longer be read.
        """
        # Airflow is only asked about a file that is large enough for it to matter.
        ranges = self._ranges or (configured_ranges() if self.size >= Ranges().least else None)
        with self._client(ranges) as client, ExitStack() as stack:
            with self._faults():
                remote = stack.enter_context(RemoteFile(client, self._call, retry=self._retry))
                remote.expect(self.size)
            if self.etag and remote.etag and remote.etag != self.etag:
                raise self._fault("it was replaced since it was looked at", retryable=True)
            yield self._pieces(remote)

    def _pieces(self, remote: RemoteFile) -> Iterator[bytes]:
        with self._faults():
            yield from exactly(iter(remote), self.size, self.uri)

    def _look(self, client: Client) -> Answer:
        """Ask for the length: with HEAD, or where that is refused for the first byte."""
        with follow(client, replace(self._call, method="HEAD", accept=NO_HEAD)) as answer:
            if answer.status == 200 and size_of(answer) is not None:
                return answer
        headers = {**self._call.headers, "range": "bytes=0-0"}
        # 416 is the answer where there is no first byte.
        with follow(client, replace(self._call, headers=headers, accept=frozenset({416}))) as answer:
            return answer

    def _client(self, ranges: Ranges | None = None) -> Client:
        service = Service(name=self._site, problem=_refusal)
        # Who asks for https is not redirected to less.
        return Client(
            service, {"": self._site}, retry=self._retry, ranges=ranges, allow_http=self._site.startswith("http://")
        )

    def _credentials(self, url: str, conn_id: str) -> Mapping[str, str]:
        from airflow.sdk import Connection

        connection = Connection.get(conn_id)
        if not (connection.login or connection.password):
            return {}
        parts = urlsplit(url)
        if connection.host:
            host = (
                connection.host
                if "://" in connection.host
                else f"{connection.schema or parts.scheme}://{connection.host}"
            )
            theirs = origin(f"{host.rstrip('/')}:{connection.port}" if connection.port else host)
            if theirs != self._site:
                raise self._fault(f"the connection {conn_id!r} is for {theirs}; no password was sent")
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise self._fault("a password may not go over plain http, which anyone on the way can read; use https")
        told = base64.b64encode(f"{connection.login or ''}:{connection.password or ''}".encode()).decode()
        REDACTOR.add([connection.password or "", told])
        return {"authorization": f"Basic {told}"}

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except TransferError:
            raise
        except MediaError as error:
            # The hints of the others speak of a service and its connection.
            hint = error.hint if isinstance(error, InvalidRequestError) else ""
            raise self._fault(error.message, status=error.status, hint=hint, retryable=error.retryable) from None

    def _fault(self, text: str, **more: Any) -> TransferError:
        return TransferError(text, service="HTTP", operation="read file", subject=self.uri, **more)


def _as_it_is(answer: Answer) -> Answer:
    return answer


def _refusal(answer: Answer) -> Problem | None:
    """Word a refusal ourselves: what stores say about a presigned URL quotes the key in it."""
    if answer.status < 400:
        return None
    if answer.status in {401, 403}:
        return Problem("not allowed; a presigned URL may have expired")
    if answer.status in {404, 410}:
        return Problem("there is no such file")
    return Problem("the server does not give the file")
