"""Uploads: one file out of a multipart body, written to disk as it comes in, in flat memory."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from media_sandbox.web import ApiError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

WRITE_BYTES: Final = 1024 * 1024


def new_hash() -> Any:
    """Return the hash that entity tags are made with; it tells contents apart and guards nothing."""
    return hashlib.sha1(usedforsecurity=False)


@dataclass(frozen=True)
class Received:
    """A file that has arrived."""

    name: str
    path: Path
    size: int
    digest: str
    """A hash of the content."""


async def receive_file(request: Request, path: Path) -> Received:
    """Write the one file part of a multipart request to ``path``; nothing is left there when that fails.

    :raises ApiError: 400 when the body is no proper multipart, or has no file part or several.
    :raises starlette.requests.ClientDisconnect: when the client goes away.
    """
    try:
        with path.open("wb") as file:
            return await _receive(request, _Parts(file), path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def _receive(request: Request, parts: _Parts, path: Path) -> Received:
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
    if len(parts.file_names) != 1:
        raise _bad(f"the body must have one part with a filename, and has {len(parts.file_names)}")
    return Received(parts.file_names[0], path, parts.size, parts.hash.hexdigest())


@dataclass
class _Parts:
    """Follows a multipart parser; the content of the first part that names a file goes to ``file``."""

    file: BinaryIO
    file_names: list[str] = field(default_factory=list)
    size: int = 0
    complete: bool = False
    hash: Any = field(default_factory=new_hash)
    _name: bytes = b""
    _value: bytes = b""
    _in_file: bool = False

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
        self._in_file = False

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        name, value = self._name.strip().lower(), self._value
        self._name = self._value = b""
        if name != b"content-disposition":
            return
        options = parse_options_header(value)[1]
        if b"filename" in options:
            self._in_file = not self.file_names
            self.file_names.append(_base_name(options[b"filename"].decode("utf-8", "replace")))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            content = memoryview(data)[start:end]
            self.file.write(content)
            self.hash.update(content)
            self.size += end - start

    def _end(self) -> None:
        self.complete = True


def _boundary(request: Request) -> bytes:
    boundary = parse_options_header(request.headers["content-type"])[1].get(b"boundary")
    if not boundary:
        raise _bad("the header Content-Type has no boundary")
    return boundary


def _base_name(name: str) -> str:
    return PureWindowsPath(PurePosixPath(name).name).name or "upload"


def _bad(message: str) -> ApiError:
    return ApiError(400, "BadRequestException", message)
