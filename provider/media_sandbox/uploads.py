"""Uploads: multipart bodies taken apart as they come in, the one file written to disk, in flat memory."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from media_sandbox.web import ApiError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

WRITE_BYTES: Final = 1024 * 1024
EXTENDED_NAME: Final = re.compile(rb";\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)", re.IGNORECASE)
LARGEST_FIELD: Final = 1024 * 1024
"""Bytes after which no more of a field is kept."""


def new_hash() -> Any:
    """Return the hash that entity tags are made with; it tells contents apart and guards nothing."""
    return hashlib.sha1(usedforsecurity=False)


@dataclass
class Part:
    """One part of a form.

    :param name: its name; empty when it has none.
    :param filename: the base name of its file; ``None`` for a field.
    :param content_type: its own content type, if it has one.
    :param value: the content of a field.
    :param offset: bytes of the body's parts before its content, headers and boundaries left out.
    """

    name: str = ""
    filename: str | None = None
    content_type: str | None = None
    value: bytes = b""
    offset: int = 0

    @property
    def text(self) -> str:
        """The content of a field as text."""
        return self.value.decode("utf-8", "replace")


@dataclass
class Form:
    """A multipart form that has arrived whole.

    :param parts: all its parts, in order.
    :param path: where the content of its first file is.
    :param size: bytes of that file.
    :param digest: a hash of it for entity tags, in hexadecimal.
    :param md5: its MD5, in hexadecimal.
    """

    parts: list[Part]
    path: Path
    size: int
    digest: str
    md5: str

    @property
    def files(self) -> list[Part]:
        """The parts that are files."""
        return [part for part in self.parts if part.filename is not None]

    @property
    def fields(self) -> list[Part]:
        """The parts that are no files."""
        return [part for part in self.parts if part.filename is None]


async def receive_form(request: Request, path: Path, name: str | None = None) -> Form:
    """Take in a multipart form; the content of its first file goes to ``path``.

    Nothing is left there when that fails; without a file in the form, an empty one is.

    :param name: what the file's part must be called; any part if not given.
    :raises ApiError: 400 when the body is no proper multipart.
    :raises starlette.requests.ClientDisconnect: when the client goes away.
    """
    try:
        with path.open("wb") as file:
            return await _receive(request, _Parts(file, name), path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class Received:
    """A file that has arrived."""

    name: str
    path: Path
    size: int
    digest: str
    """A hash of the content."""


async def receive_file(request: Request, path: Path) -> Received:
    """Write the one file of a multipart form to ``path``; nothing is left there when that fails.

    :raises ApiError: 400 when the body is no proper multipart, or has no file part or several.
    :raises starlette.requests.ClientDisconnect: when the client goes away.
    """
    form = await receive_form(request, path)
    if len(form.files) != 1:
        path.unlink()
        raise _bad(f"the body must have one part with a filename, and has {len(form.files)}")
    return Received(form.files[0].filename or "", path, form.size, form.digest)


async def _receive(request: Request, parts: _Parts, path: Path) -> Form:
    parser = MultipartParser(_boundary(request), parts.callbacks)
    buffer = bytearray()
    try:
        async for chunk in request.stream():
            buffer += chunk
            if len(buffer) >= WRITE_BYTES:
                # Hashing and writing release the lock that other requests need.
                await asyncio.to_thread(parser.write, bytes(buffer))
                buffer.clear()
        parser.write(bytes(buffer))
        parser.finalize()
    except FormParserError as error:
        raise _bad(f"the body is not proper multipart/form-data: {error}") from error
    if not parts.complete:
        raise _bad("the multipart body ends before its closing boundary")
    return Form(parts.all, path, parts.size, parts.hash.hexdigest(), parts.md5.hexdigest())


@dataclass
class _Parts:
    """Follows a multipart parser; the content of the first part that names a file goes to ``file``.

    :param wanted: what that part must be called; any name if ``None``.
    """

    file: BinaryIO
    wanted: str | None
    all: list[Part] = field(default_factory=list)
    size: int = 0
    complete: bool = False
    hash: Any = field(default_factory=new_hash)
    md5: Any = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))
    _offset: int = 0
    _name: bytes = b""
    _value: bytes = b""
    _stored: Part | None = None

    @property
    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._part_data,
            "on_end": self._end,
        }

    def _part_begin(self) -> None:
        self.all.append(Part(offset=self._offset))

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        name, value = self._name.strip().lower(), self._value
        self._name = self._value = b""
        part = self.all[-1]
        if name == b"content-type":
            part.content_type = value.decode("latin-1").strip()
        if name == b"content-disposition":
            options = parse_options_header(value)[1]
            part.name = options.get(b"name", b"").decode("utf-8", "replace")
            filename = _extended_name(value) or options.get(b"filename")
            if filename is not None:
                part.filename = _base_name(filename.decode("utf-8", "replace"))
                if self.wanted in (None, part.name):
                    self._stored = self._stored or part

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._offset += end - start
        content = memoryview(data)[start:end]
        part = self.all[-1]
        if part is self._stored:
            self.file.write(content)
            self.hash.update(content)
            self.md5.update(content)
            self.size += end - start
        elif part.filename is None and len(part.value) < LARGEST_FIELD:
            part.value += content

    def _end(self) -> None:
        self.complete = True


def _boundary(request: Request) -> bytes:
    boundary = parse_options_header(request.headers.get("content-type", ""))[1].get(b"boundary")
    if not boundary:
        raise _bad("the header Content-Type has no boundary")
    return boundary


def _extended_name(disposition: bytes) -> bytes | None:
    # RFC 7578 forbids ``filename*``, but there are clients that send it.
    match = EXTENDED_NAME.search(disposition)
    return unquote_to_bytes(match.group(1)) if match else None


def _base_name(name: str) -> str:
    return PureWindowsPath(PurePosixPath(name).name).name or "upload"


def _bad(message: str) -> ApiError:
    return ApiError(400, "BadRequestException", message)
