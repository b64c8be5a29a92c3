"""Downloads: resumed at the byte where they broke, verified, and never an error document in place of the file."""

from __future__ import annotations

import hashlib
import itertools
import logging
import re
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from email.message import Message
from email.utils import collapse_rfc2231_value
from types import MappingProxyType, TracebackType
from typing import Protocol, Self
from urllib.parse import urljoin

from msgspec import Struct
from msgspec.structs import replace

from airflow_media.http.bodies import Progress
from airflow_media.http.call import Answer, Call
from airflow_media.http.client import Client
from airflow_media.http.errors import MediaError, NetworkFaultError, ProtocolError, TransferError
from airflow_media.http.origins import origin
from airflow_media.http.reading import read, resumed
from airflow_media.http.redact import REDACTOR
from airflow_media.http.retry import RetryPolicy

log = logging.getLogger(__name__)

STARTS = 3
"""Times that a file is fetched from its first byte, where it cannot be resumed or changes under our hands."""
REDIRECTS = 5
ELSEWHERE = "elsewhere"
"""The root of a call to an origin that is none of the service's: no header field is configured for it."""
REDIRECTIONS = frozenset({301, 302, 303, 307, 308})

NOTHING: Mapping[str, str] = MappingProxyType({})

# Sizes of up to 18 digits: no file has more, and of some thousand Python would make no number.
_SIZE = re.compile(r"\d{1,18}", re.ASCII)
_CONTENT_RANGE = re.compile(
    rf"bytes (?:(?P<start>{_SIZE.pattern})-{_SIZE.pattern}|\*)/(?P<total>{_SIZE.pattern}|\*)", re.ASCII | re.IGNORECASE
)


class Writer(Protocol):
    """Where the bytes of one file go, in order."""

    @property
    def position(self) -> int:
        """Bytes taken so far."""

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""

    def restart(self) -> None:
        """Forget what was taken and begin again with the first byte."""


class Target(Protocol):
    """A place for one file, or a folder for several."""

    @property
    def uri(self) -> str:
        """Where it is, fit to be printed."""

    def resolve(self, name: str) -> Target:
        """Give the place of a file with this untrusted name, where this is a folder; else this place itself."""

    def writer(
        self, size: int | None, *, media_type: str | None = None, metadata: Mapping[str, str] = NOTHING
    ) -> AbstractContextManager[Writer]:
        """Open it. The file appears when the block ends normally and never before; an exception leaves no trace.

        :param size: Bytes to expect, to see beforehand whether they fit; ``None``: unknown.
        :param media_type: MIME type as its sender says, for places that keep one.
        :param metadata: Where it comes from, for places that keep that with a file.
        """


class Downloaded(Struct, frozen=True):
    """What a download brought.

    :param uri: Where the file is now, fit to be printed.
    :param size: Bytes.
    :param etag: Entity tag as the service gave it.
    :param filename: File name that the service suggests: untrusted.
    :param resumed: How often a broken connection was taken up again.
    """

    uri: str
    size: int
    etag: str | None
    filename: str | None
    resumed: int


class NotResumableError(NetworkFaultError):
    """A connection broke and the rest of the file cannot be had: no ranges there, or it is no longer the same file."""

    default_hint = ""


def download(
    client: Client,
    call: Call[Answer],
    target: Target,
    *,
    name: str = "",
    size: int | None = None,
    md5: str | None = None,
    progress: Progress | None = None,
    retry: RetryPolicy | None = None,
    presigned: bool = False,
) -> Downloaded:
    """Fetch a file.

    :param client: The client of the service.
    :param call: The call that is answered with the file; its ``read`` gives the answer as it is.
    :param target: Where the file goes.
    :param name: Name for it in a target that is a folder, where the service suggests none.
    :param size: Bytes that it must have, if known from elsewhere.
    :param md5: Hexadecimal MD5 that it must have, if known from elsewhere.
    :param progress: Told how far it is after each piece.
    :param retry: How long to wait before a broken connection is taken up again.
    :param presigned: As for :func:`follow`.
    :return: What was fetched.
    :raises NetworkFaultError: The connection broke again and again and nothing more came.
    :raises TransferError: The bytes are not those that were promised, or the target does not take them.
    :raises MediaError: What the service refused.
    """
    place: Target | None = None
    start = 0
    with ExitStack() as stack:
        while True:
            start += 1
            try:
                with RemoteFile(client, call, retry=retry, presigned=presigned) as remote:
                    remote.expect(size)
                    if place is None:
                        place = target.resolve(remote.filename or name)
                        writer = stack.enter_context(_writer(place, remote, client, call))
                    else:
                        writer.restart()
                    digest = _copy(remote, writer, progress, hashed=md5 is not None)
                    remote.expect(size, writer.position)
                    if md5 is not None and digest != md5.lower():
                        raise remote.fault(
                            TransferError(f"the MD5 of the file is {digest} and not {md5}", retryable=True)
                        )
                    return Downloaded(place.uri, writer.position, remote.etag, remote.filename, remote.resumed)
            except NotResumableError as error:
                if start == STARTS:
                    raise
                log.warning("%s Starting over.", error)


def _writer(place: Target, remote: RemoteFile, client: Client, call: Call[Answer]) -> AbstractContextManager[Writer]:
    metadata = {"service": client.exchange.service.name, "subject": REDACTOR.clean(call.subject)}
    if remote.filename:
        metadata["filename"] = remote.filename
    return place.writer(remote.size, media_type=remote.media_type, metadata=metadata)


def _copy(remote: RemoteFile, writer: Writer, progress: Progress | None, *, hashed: bool) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in remote:
        writer.write(chunk)
        if hashed:
            digest.update(chunk)
        if progress is not None:
            progress(writer.position, remote.size)
    return digest.hexdigest()


class RemoteFile:
    """One file at a service: what is known of it once it is opened, and its bytes in order.

    A context manager; iterate over it once. A broken connection is taken up at the byte where it broke, and a large
    file that comes slowly is read in several ranges at once, as long as the service proves by a strong entity tag that
    it is still the same file.

    :param client: The client of the service.
    :param call: The call that is answered with the file.
    :param retry: How long to wait before a broken connection is taken up again.
    :param presigned: As for :func:`follow`.
    :raises NotResumableError: While iterating: the rest cannot be had, only the whole anew.
    """

    def __init__(
        self, client: Client, call: Call[Answer], *, retry: RetryPolicy | None = None, presigned: bool = False
    ) -> None:
        self._client, self._retry = client, retry or RetryPolicy()
        self._call = self._there = replace(call, bulk=True)
        self._presigned = presigned
        self._opened = ExitStack()
        self._first: Answer | None = None
        self._splits = False
        self._pieces: Generator[bytes, None, None] | None = None
        self._lock = threading.Lock()
        self.position = 0
        self.resumed = 0
        self.size: int | None = None
        self.etag: str | None = None
        self.filename: str | None = None
        self.media_type: str | None = None

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            answer = self._first = opening.enter_context(self._ask({}))
            if answer.status == 206:
                raise self.fault(ProtocolError("a part of the file was sent where the whole was asked"))
            self.size, self.etag = size_of(answer), answer.headers.get("etag")
            self.filename = filename_from(answer.headers.get("content-disposition"))
            self.media_type = answer.headers.get("content-type")
            self._splits = answer.headers.get("accept-ranges", "").lower() == "bytes" and self._strong_etag is not None
            self._opened = opening.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._pieces is not None:
            self._pieces.close()
        self._opened.close()

    def __iter__(self) -> Iterator[bytes]:
        if self.size is not None and self._splits:
            self._pieces = read(self._stretch, self.size, self._client.ranges, splits=self._gives_parts)
        else:
            self._pieces = self._stretch(0, None)
        for piece in self._pieces:
            self.position += len(piece)
            yield piece
        self.expect(self.size, self.position)

    def expect(self, wanted: int | None, size: int | None = None) -> None:
        """Compare the size with what was promised.

        :param wanted: Bytes that the file must have; ``None``: any number.
        :param size: Bytes that it has; default: what the service says, if it does.
        :raises TransferError: They differ.
        """
        size = self.size if size is None else size
        if wanted is not None and size is not None and wanted != size:
            raise self.fault(TransferError(f"the file has {size} bytes and not {wanted}"))

    def fault(self, error: MediaError) -> MediaError:
        """Say on an error what was asked of whom, where it does not say so itself."""
        error.service = error.service or self._client.exchange.service.name
        error.operation = error.operation or self._call.operation
        error.subject = error.subject or self._call.subject
        return error

    @property
    def _strong_etag(self) -> str | None:
        return None if self.etag is None or self.etag.startswith("W/") else self.etag

    def _stretch(self, start: int, stop: int | None) -> Generator[bytes, None, None]:
        tries = itertools.count()

        def open_at(position: int) -> AbstractContextManager[Iterator[bytes]]:
            again = next(tries) > 0
            return self._part(position, stop, again=again) if position else self._whole()

        return resumed(open_at, start, lambda: stop or self.size, retry=self._retry, about=self.fault)

    @contextmanager
    def _whole(self) -> Iterator[Iterator[bytes]]:
        answer, self._first = self._first, None
        if answer is None:
            raise self._not_resumable(0, "not a byte came")
        with self._opened:
            yield answer.chunks or iter(())

    @contextmanager
    def _part(self, position: int, stop: int | None, *, again: bool = False) -> Iterator[Iterator[bytes]]:
        etag = self._strong_etag
        if etag is None:
            raise self._not_resumable(position, "the service gives no strong ETag to resume by")
        last = "" if stop is None or stop == self.size else stop - 1
        headers = {"range": f"bytes={position}-{last}", "if-range": etag}
        with self._ask(headers) if again else self._ask_there(headers) as answer:
            start, total = content_range(answer.headers.get("content-range"))
            if answer.status == 416 and total == position:
                # Its length was not known and all of it had come: only the end was lost.
                self.size = total
                yield iter(())
                return
            same = answer.headers.get("etag") == etag and (self.size is None or total in {None, self.size})
            if answer.status != 206 or start != position or not same:
                raise self._not_resumable(position, "the service does not give the rest of the same file")
            with self._lock:
                self.size, self.resumed = total or self.size, self.resumed + again
            yield answer.chunks or iter(())

    def _gives_parts(self) -> bool:
        """Tell whether the service gives parts of the file, and not only says so."""
        try:
            with self._part(self.position, self.position + 1):
                return True
        except MediaError as error:
            log.info("%s It is read on in one stream.", error)
            return False

    @contextmanager
    def _ask_there(self, headers: Mapping[str, str]) -> Iterator[Answer]:
        """Ask where the service has redirected to, so that it is not asked itself for each part of a large file."""
        with ExitStack() as stack:
            answer = None
            if self._there.url != self._call.url:
                with suppress(MediaError):  # such an address may be good for a short time only
                    answer = stack.enter_context(self._ask(headers, self._there))
            yield answer or stack.enter_context(self._ask(headers))

    @contextmanager
    def _ask(self, headers: Mapping[str, str], call: Call[Answer] | None = None) -> Iterator[Answer]:
        asked = call or self._call
        accept = asked.accept | {416} if headers else asked.accept
        asked = replace(asked, headers={**asked.headers, **headers}, accept=accept)
        with _followed(self._client, asked, presigned=self._presigned) as (answer, there):
            if answer.headers.get("content-encoding", "identity").lower() != "identity":
                raise self.fault(ProtocolError("the file was sent compressed, which was not asked for"))
            if call is None:
                self._there = there
            yield answer

    def _not_resumable(self, position: int, why: str) -> MediaError:
        text = f"the connection broke at byte {position} of {self.size}, and {why}"
        return self.fault(NotResumableError(text))


@contextmanager
def follow(client: Client, call: Call[Answer], *, presigned: bool = False) -> Iterator[Answer]:
    """Stream the answer to a call, from wherever the service redirects it to.

    What the call says about us, token and header fields, is not told to another origin.

    :param client: The client of the service.
    :param call: A GET or HEAD.
    :param presigned: Whether the service redirects to URLs that carry a key of their own: those are told nothing about
        us on its own origin either.
    :return: The answer with ``chunks`` set.
    :raises MediaError: What the service refused, or what went wrong before the body.
    """
    with _followed(client, call, presigned=presigned) as (answer, _):
        yield answer


@contextmanager
def _followed(client: Client, call: Call[Answer], *, presigned: bool) -> Iterator[tuple[Answer, Call[Answer]]]:
    """As :func:`follow`, and give the call that was answered."""
    for _ in range(REDIRECTS + 1):
        with client.stream(replace(call, accept=call.accept | REDIRECTIONS)) as answer:
            if answer.status not in REDIRECTIONS:
                yield answer, call
                return
            call = _redirected(client, call, answer.headers.get("location"), presigned=presigned)
    text = f"more than {REDIRECTS} redirects"
    raise ProtocolError(text, service=client.exchange.service.name, operation=call.operation, subject=call.subject)


def _redirected(client: Client, call: Call[Answer], location: str | None, *, presigned: bool) -> Call[Answer]:
    asked = client.exchange.origins.resolve(call)
    url = urljoin(asked, location or "")
    call = replace(call, url=url, params={})
    if origin(url) == origin(asked) and not presigned:
        return call
    ranges = {name: value for name, value in call.headers.items() if name.lower() in {"range", "if-range"}}
    return replace(call, authenticated=False, headers=ranges, root=ELSEWHERE)


def size_of(answer: Answer) -> int | None:
    """Tell how large the whole file is of which an answer brings all or a part.

    :param answer: An answer to a GET or HEAD.
    :return: Bytes, or ``None`` where the answer does not say.
    """
    if "content-range" in answer.headers:
        return content_range(answer.headers["content-range"])[1]
    text = answer.headers.get("content-length", "")
    return int(text) if _SIZE.fullmatch(text) else None


def content_range(value: str | None) -> tuple[int | None, int | None]:
    """Read a ``Content-Range`` field (RFC 9110, 14.4).

    :param value: The field; ``None`` where there is none.
    :return: First byte and size of the whole, each ``None`` where it does not say.
    """
    match = _CONTENT_RANGE.fullmatch((value or "").strip())
    if match is None:
        return None, None
    start, total = match["start"], match["total"]
    return (int(start) if start else None, int(total) if total != "*" else None)


def filename_from(content_disposition: str | None) -> str | None:
    """Read the file name out of a ``Content-Disposition`` field (RFC 6266), ``filename*`` before ``filename``.

    :param content_disposition: The field; ``None`` where there is none.
    :return: The name as the sender put it, **untrusted**: it may hold anything. ``None`` where there is none.
    """
    if not content_disposition:
        return None
    message = Message()
    message["content-disposition"] = content_disposition
    try:
        params = message.get_params([], header="content-disposition")
    except (TypeError, ValueError):  # the parser of the standard library stumbles over some malformed parameters
        return None
    names = [value for key, value in params if key.lower() == "filename" and value]
    names.sort(key=lambda value: isinstance(value, str))
    return collapse_rfc2231_value(names[0]) or None if names else None
