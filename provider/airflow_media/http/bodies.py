"""Sized streaming request bodies: the exact length is known before the first byte, memory stays at a few chunks.

A body is re-openable, not an iterator: a call that must be sent again opens it anew and reads from byte 0, so that a
half-consumed stream is never sent on.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeAlias, runtime_checkable

from msgspec import Struct, field

from airflow_media.http.redact import Discreet

CHUNK = 1024 * 1024
"""Bytes per piece. The fastest size for the sync client: smaller pieces cost CPU per piece, larger ones are copied
again on each partial send once a timeout is set."""

Progress: TypeAlias = Callable[[int, int | None], None]
"""Told the bytes done and the bytes in all (``None``: unknown) after each piece. It may be told a smaller number than
before: a transfer that cannot be resumed starts over."""


class Readable(Protocol):
    """Something of known size that can be read from its start as often as needed."""

    @property
    def size(self) -> int:
        """Size in bytes."""

    def open(self) -> AbstractContextManager[Iterator[bytes]]:
        """Open it anew and give its bytes in pieces of about :data:`CHUNK`."""


@runtime_checkable
class Body(Protocol):
    """A request body of known length that can be sent again from its start."""

    @property
    def content_type(self) -> str | None:
        """Value of the ``Content-Type`` field; ``None`` sends no such field."""

    @property
    def length(self) -> int:
        """Length in bytes, for ``Content-Length``."""

    def open(self) -> AbstractContextManager[Iterator[bytes]]:
        """Open it anew and give its bytes in order."""


class Observed(Struct, frozen=True):
    """A readable that tells how far it has been read.

    :param content: Where the bytes come from.
    :param progress: Told the bytes that were taken since it was opened last, and its size.
    """

    content: Readable
    progress: Progress

    @property
    def size(self) -> int:
        return self.content.size

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        with self.content.open() as pieces:
            yield self._pieces(pieces)

    def _pieces(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        done = 0
        for piece in pieces:
            yield piece
            done += len(piece)
            self.progress(done, self.size)


class RawBody(Struct, frozen=True):
    """The bytes of one file and nothing else.

    :param content: Where the bytes come from.
    :param content_type: Value of ``Content-Type``; ``None`` for a service that forbids the field.
    """

    content: Readable
    content_type: str | None = None

    @property
    def length(self) -> int:
        return self.content.size

    def open(self) -> AbstractContextManager[Iterator[bytes]]:
        return self.content.open()


class MultipartBody(Discreet, frozen=True):
    """A ``multipart/form-data`` form: the fields first, the one file last (RFC 7578).

    :param content: Where the bytes of the file come from.
    :param filename: Name of the file as told to the service.
    :param field_name: Name of the part that holds the file.
    :param media_type: Content type of the file's part.
    :param fields: Other fields, sent unchanged and in order before the file.
    :param boundary: Line between the parts; default: random.
    """

    unsaid = ("fields",)

    content: Readable
    filename: str
    field_name: str = "file"
    media_type: str = "application/octet-stream"
    fields: Mapping[str, str] = field(default_factory=dict)
    boundary: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def length(self) -> int:
        return len(self._head()) + self.content.size + len(self._tail())

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        with self.content.open() as pieces:
            yield self._pieces(pieces)

    def _pieces(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        yield self._head()
        yield from pieces
        yield self._tail()

    def _head(self) -> bytes:
        parts = [
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
            for name, value in self.fields.items()
        ]
        filename = _quoted(self.filename)
        parts.append(
            f"--{self.boundary}\r\n"
            f'Content-Disposition: form-data; name="{_quoted(self.field_name)}"; filename="{filename}"\r\n'
            f"Content-Type: {self.media_type}\r\n\r\n"
        )
        return "".join(parts).encode()

    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()


def _quoted(value: str) -> str:
    """Escape a parameter of ``Content-Disposition`` the way browsers do (WHATWG HTML, multipart/form-data)."""
    return value.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
