"""Make something once where each request makes another one.

A create whose answer was lost may have been carried out. Sending it again may pay twice, not sending it again may lose
the work; so we look whether it is there before each sending.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from airflow_media.http.call import Call, Flow, Pause
from airflow_media.http.errors import MediaError, ProtocolError

T = TypeVar("T")

TRIES = 4
"""How often a create is sent at most."""
PAUSE = 2.0
"""Seconds before the first look after a fault; doubled each time."""
LONGEST_PAUSE = 120.0
"""Seconds of ``Retry-After`` that are waited for here; beyond, the fault is raised for Airflow to try again later."""


def create_once(
    look: Callable[[], Flow[T | None] | Call[T | None]],
    create: Callable[[], Flow[T] | Call[T]],
    *,
    tries: int = TRIES,
    pause: float = PAUSE,
) -> Flow[T]:
    """Find something, or create it; after a fault that leaves it open whether it was created, look again first.

    :param look: Looks for what ``create`` makes; gives ``None`` where it is not there.
    :param create: Sends one request that makes it. The call must not be repeatable, or the client repeats it blindly.
    :param tries: How often it is created at most.
    :param pause: Seconds between a fault and the look that follows; doubled each time.
    :return: What was found or created.
    :raises MediaError: The last fault, when it is not there after the last try; a fault that trying again cannot help.
    """
    fault: MediaError | None = None
    for attempt in range(tries + 1):
        if fault is not None:
            yield from Pause(max(pause * 2 ** (attempt - 1), fault.retry_after or 0.0))
        found = yield from look()
        if found is not None:
            return found
        if attempt < tries:
            try:
                return (yield from create())
            except MediaError as error:
                if not _is_open(error):
                    raise
                fault = error
    raise fault or ValueError("tries must be at least 1")


def _is_open(fault: MediaError) -> bool:
    """Whether it may have been created, or may be at another try: an answer that cannot be read tells neither."""
    if (fault.retry_after or 0.0) > LONGEST_PAUSE:
        return False
    return fault.retryable or isinstance(fault, ProtocolError)
