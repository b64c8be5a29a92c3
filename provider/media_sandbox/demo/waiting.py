"""Waiting for something to come true, with a deadline and a name for what did not happen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(check: Callable[[], T | None], *, what: str, seconds: float, period: float = 0.2) -> T:
    """Ask again and again until there is an answer.

    :param check: Returns what is waited for; ``None`` or anything else that counts as false while it is not there. What
        it raises ends the wait.
    :param what: What is waited for, for the error message.
    :param seconds: How long to wait.
    :param period: Seconds between two questions.
    :return: What ``check`` returned.
    :raises TimeoutError: It did not come true in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        if answer := check():
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(period)
