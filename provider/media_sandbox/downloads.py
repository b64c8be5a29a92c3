"""Downloads: a file or one range of it, with an entity tag, as RFC 9110 has it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

READ_BYTES: Final = 512 * 1024
RANGE: Final = re.compile(r"bytes=\s*(\d*)-(\d*)\s*", re.ASCII | re.IGNORECASE)


def send_file(request: Request, path: Path, name: str, etag: str) -> Response:
    """Answer with a file.

    :param name: what the client is to call it.
    :param etag: the entity tag without its quotes.
    :return: 200 with the file, 206 with a range of it, 304 when the client has it, or 416.
    """
    headers = {"ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
    if _matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    total = path.stat().st_size
    headers |= {"Content-Disposition": _disposition(name), "Content-Type": "application/octet-stream"}
    if request.method == "HEAD":
        return Response(headers=headers | {"Content-Length": str(total)})
    span = _range(request, etag, total)
    if span is None:
        return _stream(path, range(total), 200, headers)
    if not span:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{total}"})
    return _stream(path, span, 206, headers | {"Content-Range": f"bytes {span[0]}-{span[-1]}/{total}"})


def _stream(path: Path, span: range, status: int, headers: dict[str, str]) -> Response:
    # An open file stays whole while it is sent, even when the video is deleted or replaced meanwhile.
    return StreamingResponse(_read(path.open("rb"), span), status, headers | {"Content-Length": str(len(span))})


async def _read(file: BinaryIO, span: range) -> AsyncIterator[bytes]:
    with file:
        file.seek(span.start)
        left = len(span)
        while left:
            chunk = await asyncio.to_thread(file.read, min(READ_BYTES, left))
            if not chunk:
                raise OSError(f"{file.name} got shorter while it was sent")
            left -= len(chunk)
            yield chunk


def _range(request: Request, etag: str, total: int) -> range | None:
    """Return the span asked for: empty when it cannot be satisfied, ``None`` when the whole file is due."""
    match = RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or match.group(1) == match.group(2) == "":
        return None
    if "if-range" in request.headers and request.headers["if-range"].strip() != f'"{etag}"':
        return None
    first, last = match.groups()
    if not first:
        return range(max(total - int(last), 0), total)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, total) if last else total)


def _matches(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    return "*" in tags or etag in tags


def _disposition(name: str) -> str:
    plain = "".join(character if character.isascii() and character.isprintable() else "_" for character in name)
    quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
    header = f'attachment; filename="{quoted}"'
    return header if plain == name else f"{header}; filename*=UTF-8''{quote(name, safe='')}"
