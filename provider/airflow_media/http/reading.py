"""Reading large files: taken up where a connection broke, ahead of who takes the bytes, in several ranges at once.

One connection to a store is often slower than the line: stores hold each back. So a large file is read in one stream
at first, and in several ranges when that turns out to be slow. Where it is not, ranges would only cost CPU time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from typing import Any, TypeAlias

from msgspec import Struct

from airflow_media.http.errors import InvalidRequestError, MediaError, NetworkFaultError
from airflow_media.http.retry import RetryPolicy

log = logging.getLogger(__name__)

PATIENCE = 6
"""Broken connections in a row, none of which brought a byte, after which a file is given up."""
MIB = 1024 * 1024
WINDOW = 8 * MIB
"""Bytes over which the speed of a stream is judged."""
SPARE = 2
"""Ranges that may lie ready beyond those that are being received, so that no connection waits for the first of them."""

Stretch: TypeAlias = Callable[[int, int], Generator[bytes, None, None]]
"""Gives the bytes of a file from one position up to another."""


class Ranges(Struct, frozen=True):
    """How a large file is read in several ranges at once, where its sender is slow on one connection.

    Takes up to ``(count + 2) * part`` bytes of memory.

    :param count: Connections at a time; 1: always in one stream.
    :param part: Bytes of a range, a mebibyte at least; 8 MiB or more are sensible.
    :param least: Bytes that must be left for it to be worth it.
    :param enough: Bytes per second; a stream that brings as many is left alone.
    :raises InvalidRequestError: One of them is too small.
    """

    count: int = 4
    part: int = 8 * MIB
    least: int = 64 * MIB
    enough: float = 150.0 * MIB

    def __post_init__(self) -> None:
        if self.count < 1 or self.part < MIB:
            text = f"a file cannot be read in {self.count} ranges of {self.part} bytes"
            raise InvalidRequestError(text, hint="Give at least 1 range, of at least a mebibyte.")


ONE_STREAM = Ranges(count=1)


def resumed(
    open_at: Callable[[int], AbstractContextManager[Iterator[bytes]]],
    start: int,
    stop: Callable[[], int | None],
    *,
    retry: RetryPolicy,
    about: Callable[[MediaError], MediaError],
) -> Generator[bytes, None, None]:
    """Give the bytes of a file in order. A broken connection is taken up at the byte where it broke.

    :param open_at: Opens the file at a byte. What that raises is passed on: it has tried again by its own means.
    :param start: The first byte.
    :param stop: Tells the byte to end before; ``None``: where the file does.
    :param retry: How long to wait before a broken connection is taken up again.
    :param about: Says on an error what was read.
    :raises MediaError: The connection broke again and again and nothing more came.
    """
    position, barren = start, 0
    while True:
        before, why = position, "the answer ended early"
        with open_at(position) as pieces:
            try:
                for piece in pieces:
                    position += len(piece)
                    yield piece
                end = stop()
                if end is None or position >= end:
                    return
            except NetworkFaultError as lost:
                why = lost.message
        barren = barren + 1 if position == before else 0
        broken = NetworkFaultError(f"the connection broke at byte {position} ({why})")
        delay = retry.delay(broken, barren + 1, 0.0)
        fault = about(broken)
        if delay is None or barren >= PATIENCE:
            raise fault
        log.warning("%s Trying again from byte %d.", fault, position)
        time.sleep(delay)


def read(
    stretch: Stretch, size: int, ranges: Ranges, *, splits: Callable[[], bool] = lambda: True
) -> Generator[bytes, None, None]:
    """Give the bytes of a file in order: in one stream, and in several ranges from where that turns out to be slow.

    :param stretch: Reads from one position up to another; asked from several threads.
    :param size: Bytes of the file.
    :param ranges: When to read how many.
    :param splits: Asked once, when it would be worth it: whether the sender gives parts of the file.
    """
    position = 0
    speed = _Speed(ranges.enough)
    with closing(stretch(0, size)) as stream:
        for piece in speed.measured(stream):
            position += len(piece)
            yield piece
            if speed.slow() and size - position >= ranges.least and ranges.count > 1:
                if splits():
                    break
                ranges = ONE_STREAM
    if position < size:
        log.info("One connection brings %.0f MB/s: reading on in %d ranges", speed.last / 1e6, ranges.count)
        yield from _in_ranges(stretch, position, size, ranges)


class _Speed:
    """Judges the speed at which bytes arrive, window by window.

    Only the time for which they are waited for counts: neither that for which somebody works on them, nor that which it
    takes to receive and decrypt them. What this machine is too slow for does not get faster by more connections.

    :param enough: Bytes per second that are not slow.
    :ivar last: Bytes per second over the last window.
    """

    def __init__(self, enough: float) -> None:
        self._enough = enough
        self._bytes, self._seconds = 0, 0.0
        self.last = 0.0

    def measured(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Pass pieces on and see how long they take to come."""
        while True:
            began = time.monotonic() - time.thread_time()
            piece = next(pieces, b"")
            self._seconds += time.monotonic() - time.thread_time() - began
            if not piece:
                return
            self._bytes += len(piece)
            yield piece

    def slow(self) -> bool:
        """Tell whether a window has just ended, and was slow."""
        if self._bytes < WINDOW:
            return False
        self.last = self._bytes / max(self._seconds, 1e-9)
        self._bytes, self._seconds = 0, 0.0
        return self.last < self._enough


def _in_ranges(stretch: Stretch, start: int, stop: int, ranges: Ranges) -> Generator[bytes, None, None]:
    running: deque[Ahead] = deque()
    gate = threading.Semaphore(ranges.count)
    try:
        for first in range(start, stop, ranges.part):
            part = partial(stretch, first, min(first + ranges.part, stop))
            running.append(Ahead(part, ranges.part, gate))
            if len(running) == ranges.count + SPARE:
                yield from running[0]
                running.popleft()
        while running:
            yield from running[0]
            running.popleft()
    finally:
        for ahead in running:
            ahead.close()


class Ahead:
    """Takes pieces in a thread before they are asked for. Iterate over it once, or close it.

    The thread alone makes, uses and closes what gives the pieces. It is not waited for where nobody wants the rest: it
    may hang at the network, and whoever kills a task waits for seconds only.

    :param source: Gives the pieces.
    :param most: Bytes that may lie ready before the thread waits.
    :param gate: Passed by the thread before it begins.
    """

    def __init__(
        self,
        source: Callable[[], Generator[bytes, None, None]],
        most: int,
        gate: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._source, self._most, self._gate = source, most, gate or nullcontext()
        self._changed = threading.Condition()
        self._ready: deque[bytes] = deque()
        self._held = 0
        self._ended = self._closed = False
        self._fault: BaseException | None = None
        threading.Thread(target=self._run, name="airflow-media-ahead", daemon=True).start()

    def __iter__(self) -> Generator[bytes, None, None]:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._ready or self._ended)
                    if not self._ready:
                        break
                    piece = self._ready.popleft()
                    self._held -= len(piece)
                    self._changed.notify()
                yield piece
        finally:
            self.close()
        if self._fault is not None:
            raise self._fault

    def close(self) -> None:
        """Want no more: the thread ends with the piece that it is at."""
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._changed.notify()

    def _run(self) -> None:
        try:
            with self._gate:
                if not self._closed:
                    self._take()
        except BaseException as fault:  # noqa: BLE001 - raised where the pieces are taken
            self._fault = fault
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()

    def _take(self) -> None:
        with closing(self._source()) as pieces:
            for piece in pieces:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._held < self._most)
                    if self._closed:
                        return
                    self._ready.append(piece)
                    self._held += len(piece)
                    self._changed.notify()
