"""Fetching media by URL, from addresses of this machine only."""

from __future__ import annotations

import asyncio
import ipaddress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

MOST_REDIRECTS: Final = 5
SECONDS: Final = 60.0
CHUNK_BYTES: Final = 512 * 1024


class NotFetchedError(Exception):
    """The media could not be fetched; the text says why."""


def is_reachable(url: str, *, loopback: bool) -> bool:
    """Return whether media would be fetched from a URL's host.

    :param loopback: whether addresses of this machine are allowed; others never are.
    """
    host = urlsplit(url).hostname or ""
    try:
        return loopback and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


async def fetch(url: str, path: Path, *, loopback: bool, limit: int) -> int:
    """Write what a URL leads to into a file, in flat memory.

    :param loopback: whether addresses of this machine are allowed.
    :param limit: bytes that it may have at most.
    :return: its size in bytes.
    :raises NotFetchedError: when that is not possible, within a minute.
    """
    try:
        async with asyncio.timeout(SECONDS), httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client:
            for _ in range(MOST_REDIRECTS + 1):
                if not is_reachable(url, loopback=loopback):
                    raise NotFetchedError(f"the host {urlsplit(url).hostname} cannot be reached from here")
                async with client.stream("GET", url) as answer:
                    if answer.next_request is None:
                        return await _write(answer, path, limit)
                    url = str(answer.next_request.url)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise NotFetchedError(f"the media URL cannot be read: {type(error).__name__}") from error
    raise NotFetchedError(f"the media URL redirects more than {MOST_REDIRECTS} times")


async def _write(answer: httpx.Response, path: Path, limit: int) -> int:
    if answer.status_code != 200:
        raise NotFetchedError(f"the media URL answered {answer.status_code}")
    size = 0
    with path.open("wb") as file:
        async for chunk in answer.aiter_bytes(CHUNK_BYTES):
            size += len(chunk)
            if size > limit:
                raise NotFetchedError(f"the media is larger than {limit} bytes")
            await asyncio.to_thread(file.write, chunk)
    return size
