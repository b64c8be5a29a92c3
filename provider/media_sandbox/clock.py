"""The sandbox's clock: real time plus an offset that tests may move."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime


class Clock:
    """Tells the time in seconds since the epoch; :meth:`advance` lets a test pass hours at once."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        """Return the current time in seconds since the epoch."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock by ``seconds``, backwards when negative."""
        self._offset += seconds
        self._moved.set()
        self._moved = asyncio.Event()

    async def wait_until(self, moment: float) -> None:
        """Wait until the clock shows ``moment``, whether time passes or a test moves it."""
        while (seconds := moment - self.now()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), seconds)

    def stamp(self) -> str:
        """Return the current time as ``YYYY-MM-DD hh:mm:ss`` in UTC."""
        return datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%d %H:%M:%S")
