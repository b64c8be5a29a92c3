"""Progress lines in the task log: enough to know that it moves, never so many that nothing else is found."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct

from airflow_media.jobs.states import JobState

EVERY = 10.0
"""Fewest seconds between two lines."""
STEP = 5.0
"""Fewest percent between two lines."""
HEARTBEAT = 300.0
"""Seconds after which a line is due although nothing changed."""


class ProgressLog(Struct):
    """Tells progress through a log function, at most a line per 10 s and 5 %.

    :param write: Takes a finished line.
    :param clock: Monotonic clock, in seconds.
    """

    write: Callable[[str], object]
    clock: Callable[[], float] = time.monotonic
    _last_time: float | None = None
    _last_percent: float = 0.0
    _last_text: str = ""
    _began: float | None = None

    def say(self, text: str) -> None:
        """Write a line about something that has no percentage; the same text again only as a heartbeat."""
        if self._due(changed=text != self._last_text):
            self._write(text, self._last_percent)
            self._last_text = text

    def job(self, what: str, state: JobState, left: float | None) -> None:
        """Tell how a remote job goes.

        :param what: What a person calls the job.
        :param state: The last look at it.
        :param left: Seconds left, where it can be told.
        """
        if state.percent is None:
            self.say(f"{what}: {state.phase.value}" + (f", {state.reason}" if state.reason else ""))
        elif self._due(changed=abs(state.percent - self._last_percent) >= STEP):
            due = f", about {duration(left)} left" if left is not None else ""
            self._write(f"{what}: {state.phase.value}, {state.percent:.0f} %{due}", state.percent)

    def transfer(self, what: str, done: int, total: int | None) -> None:
        """Tell how a transfer goes.

        :param what: What is moved, and which way.
        :param done: Bytes so far.
        :param total: Bytes in all, where known.
        """
        now = self.clock()
        if self._began is None or done == 0:
            self._began, self._last_time, self._last_percent = now, now, 0.0
            return
        percent = 100.0 * done / total if total else None
        changed = percent is None or percent - self._last_percent >= STEP
        if not self._due(changed=changed):
            return
        rate = done / max(now - self._began, 1e-6)
        amount = f"{percent:.0f} % of {megabytes(total)}" if percent is not None and total else megabytes(done)
        left = f", about {duration((total - done) / rate)} left" if total else ""
        self._write(f"{what}: {amount}, {rate / 1e6:.1f} MB/s{left}", percent or 0.0)

    def _due(self, *, changed: bool) -> bool:
        if self._last_time is None:
            return True
        return self.clock() - self._last_time >= (EVERY if changed else HEARTBEAT)

    def _write(self, text: str, percent: float) -> None:
        self._last_time, self._last_percent = self.clock(), percent
        self.write(text)


def megabytes(size: int | None) -> str:
    """Give a size in bytes as a person reads it: ``"12.3 MB"``."""
    return "an unknown size" if size is None else f"{size / 1e6:,.1f} MB"


def duration(seconds: float) -> str:
    """Give seconds as a person reads them: ``"3 min 20 s"``."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
