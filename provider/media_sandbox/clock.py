"""The sandbox's clock: real time plus an offset that tests may move."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Tells the time in seconds since the epoch; :meth:`advance` lets a test pass hours at once."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        """Return the current time in seconds since the epoch."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock by ``seconds``, backwards when negative."""
        self._offset += seconds

    def stamp(self) -> str:
        """Return the current time as ``YYYY-MM-DD hh:mm:ss`` in UTC."""
        return datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%d %H:%M:%S")
