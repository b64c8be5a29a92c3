"""What every place has in common: the protocols, what may be printed of a URI, and the promise of a size."""

from __future__ import annotations

import functools
import os.path
import re
from collections.abc import Iterator
from typing import Protocol
from urllib.parse import urlsplit

from airflow_media.http.bodies import Readable
from airflow_media.http.downloads import Target, Writer
from airflow_media.http.errors import TransferError

__all__ = ["Source", "Target", "Writer", "exactly", "media_type_of", "printable", "scheme_of"]

UNKNOWN_TYPE = "application/octet-stream"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# Before those of the standard library, which does not know some containers of video and mistakes others.
_TYPES = {
    ".3gp": "video/3gpp",
    ".avi": "video/x-msvideo",
    ".flv": "video/x-flv",
    ".m2ts": "video/mp2t",
    ".m4v": "video/mp4",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".mts": "video/mp2t",
    ".mxf": "application/mxf",
    ".srt": "application/x-subrip",
    ".ts": "video/mp2t",
    ".vob": "video/mpeg",
    ".vtt": "text/vtt",
    ".webm": "video/webm",
    ".wmv": "video/x-ms-wmv",
}


class Source(Readable, Protocol):
    """A file that is there and can be read, from its start, as often as needed."""

    @property
    def uri(self) -> str:
        """Where it is, fit to be printed: without credentials and query."""

    @property
    def name(self) -> str:
        """Base name of the file."""

    @property
    def media_type(self) -> str:
        """MIME type as its keeper says, or by its name."""

    @property
    def etag(self) -> str | None:
        """What tells this content from another under the same name; ``None`` where the keeper has nothing such."""


def scheme_of(uri: str) -> str:
    """Give the scheme of a URI in lower case; empty for a path.

    :raises TransferError: There is no URI at all.
    """
    if not uri.strip():
        raise TransferError("the path or URI is empty", service="Storage", operation="find file")
    match = _SCHEME.match(uri)
    return match[1].lower() if match else ""


def printable(uri: str) -> str:
    """Give what may be printed of a URI: no user, no password, no query (that of a presigned URL is a key)."""
    try:
        parts = urlsplit(uri)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    except ValueError:
        return "a malformed URI"


def media_type_of(name: str, told: str | None = None) -> str:
    """Tell the MIME type of a file.

    :param name: Its name.
    :param told: What its keeper says, if anything; a type that means "just bytes" is not taken for an answer.
    """
    told = (told or "").partition(";")[0].strip().lower()
    if told and told not in {UNKNOWN_TYPE, "binary/octet-stream"}:
        return told
    suffix = os.path.splitext(name)[1].lower()
    return _TYPES.get(suffix) or _standard_types().get(suffix, UNKNOWN_TYPE)


@functools.cache
def _standard_types() -> dict[str, str]:
    import mimetypes  # reads its table for some milliseconds, which no DAG file needs

    return mimetypes.MimeTypes().types_map[True]


def exactly(pieces: Iterator[bytes], size: int, uri: str) -> Iterator[bytes]:
    """Pass pieces on, the last of them only when it is certain that all of them make up the size that was promised.

    A body whose source turns out shorter or longer is thus never sent as if it were whole.

    :raises TransferError: The pieces do not make up the size.
    """
    passed, held = 0, b""
    for piece in pieces:
        passed += len(piece)
        if passed > size:
            break
        if held:
            yield held
        held = piece
    if passed != size:
        raise TransferError(
            f"it had {size} bytes and now has {'more' if passed > size else passed}: it was changed while it was read",
            service="Storage",
            operation="read file",
            subject=uri,
            retryable=True,
        )
    if held:
        yield held
