"""Times of captions and how the formats write them."""

from __future__ import annotations

from typing import NamedTuple


class Parts(NamedTuple):
    """A time from the start of the media."""

    hour: int
    minute: int
    second: int
    millisecond: int

    @classmethod
    def of(cls, milliseconds: int) -> Parts:
        """Return the parts of a time."""
        seconds, rest = divmod(milliseconds, 1000)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return cls(hour, minute, second, rest)


def full(milliseconds: int) -> str:
    """Return a time as ``00:00:00.000``."""
    return "{:02d}:{:02d}:{:02d}.{:03d}".format(*Parts.of(milliseconds))


def short(milliseconds: int) -> str:
    """Return a time as ``0:00:00.000``."""
    return "{:d}:{:02d}:{:02d}.{:03d}".format(*Parts.of(milliseconds))
