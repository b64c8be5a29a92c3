"""One at a time: two Airflows on one home would get into each other's database."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LockedError(Exception):
    """Somebody else is at it."""


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Have a home for oneself; the lock ends with the process that holds it, however that ends.

    :param home: The folder; the lock is beside it, since the folder itself may be removed.
    :raises LockedError: Another process has it.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    file = home.with_suffix(".lock")
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(f"Another process uses {home}; wait for its end, or stop it with Ctrl-C") from None
        yield
