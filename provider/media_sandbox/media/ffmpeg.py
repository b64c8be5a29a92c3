"""Running ffmpeg: one child process, its progress as it goes, its last words when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Final

import imageio_ffmpeg  # type: ignore[import-untyped]

OnProgress = Callable[[float], Awaitable[None]]

LOG_LINES: Final = 400
REASON_LINES: Final = 3
LOGGED_BY: Final = re.compile(r"\[(\S+) @ 0x[0-9a-f]+\] ")
PROGRESS_PERIOD_SECONDS: Final = 0.1


class FfmpegError(Exception):
    """ffmpeg refused or failed; the text is what it said last."""


@cache
def executable() -> str:
    """Return the path of the ffmpeg program, ``$MEDIA_SANDBOX_FFMPEG`` or the one of the package imageio-ffmpeg."""
    return os.environ.get("MEDIA_SANDBOX_FFMPEG") or str(imageio_ffmpeg.get_ffmpeg_exe())


async def run(
    arguments: Sequence[str], on_progress: OnProgress | None = None, *, log_level: str = "error"
) -> list[str]:
    """Run ffmpeg to its end. When the caller is cancelled the process is killed first.

    :param arguments: its command line after the general options.
    :param on_progress: awaited with the time reached in the output, in seconds, several times a second.
    :param log_level: how much it logs.
    :return: the lines it logged, at most the last few hundred.
    :raises FfmpegError: when it ends with anything but success.
    """
    process = await asyncio.create_subprocess_exec(
        executable(),
        *("-hide_banner", "-loglevel", log_level, "-nostdin", "-y", "-nostats", "-progress", "pipe:1"),
        *("-stats_period", str(PROGRESS_PERIOD_SECONDS)),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    logged = asyncio.ensure_future(_tail(process.stderr))
    try:
        async for line in process.stdout:
            seconds = _progress_seconds(line)
            if seconds is not None and on_progress is not None:
                await on_progress(seconds)
        code = await process.wait()
        lines = await logged
    finally:
        logged.cancel()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if code != 0:
        # What went wrong comes first, what follows from it later.
        reasons = [LOGGED_BY.sub(r"\1: ", line) for line in lines[:REASON_LINES]]
        raise FfmpegError("ffmpeg: " + ("; ".join(reasons) or f"ended with code {code}"))
    return lines


async def _tail(stream: asyncio.StreamReader) -> list[str]:
    lines: deque[str] = deque(maxlen=LOG_LINES)
    async for line in stream:
        lines.append(line.decode(errors="replace").rstrip())
    return list(lines)


def _progress_seconds(line: bytes) -> float | None:
    name, _, value = line.strip().partition(b"=")
    # Before the first frame ffmpeg writes "N/A" here.
    if name != b"out_time_us" or not value.lstrip(b"-").isdigit():
        return None
    return max(int(value) / 1_000_000, 0.0)
