"""Reading large files: ahead in a thread, in ranges where one stream is slow, in order and in bounded memory."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import pytest

from airflow_media.http import reading
from airflow_media.http.errors import InvalidRequestError, MediaError, NetworkFaultError, TransferError
from airflow_media.http.reading import MIB, ONE_STREAM, SPARE, Ahead, Ranges, read, resumed
from airflow_media.http.retry import NO_RETRY, RetryPolicy

PATIENCE = 20.0
"""Seconds after which a test that waits for something fails instead of hanging."""
SIZE = 40 * MIB + 17
ALWAYS = Ranges(count=3, part=MIB, least=MIB, enough=math.inf)
"""Ranges as soon as the first window is over, whatever the speed."""


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WINDOW", 2 * MIB)


class File:
    """A file of 40 MiB whose every 8 bytes are their own position; counts who reads it."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.active = self.most_active = self.closed = 0
        self.changed = threading.Condition()

    def stretch(self, start: int, stop: int) -> Generator[bytes, None, None]:
        with self.changed:
            self.asked.append((start, stop))
            self.active += 1
            self.most_active = max(self.most_active, self.active)
        try:
            for position in range(start, stop, MIB // 4):
                yield self.piece(position, min(position + MIB // 4, stop))
        finally:
            with self.changed:
                self.active -= 1
                self.closed += 1
                self.changed.notify_all()

    @staticmethod
    def piece(start: int, stop: int) -> bytes:
        words = b"".join(word.to_bytes(8, "big") for word in range(start // 8, -(-stop // 8)))
        return words[start % 8 :][: stop - start]

    def wait_for(self, happened: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(happened, PATIENCE)


WHOLE = File.piece(0, SIZE)


@pytest.mark.parametrize(("count", "part"), [(0, MIB), (1, MIB - 1)])
def test_senseless_ranges_are_refused(count: int, part: int) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be read in"):
        Ranges(count=count, part=part)


@pytest.mark.parametrize(
    "ranges",
    [
        pytest.param(ONE_STREAM, id="one connection"),
        pytest.param(Ranges(part=MIB, least=MIB, enough=0.0), id="a stream that is fast enough"),
        pytest.param(Ranges(part=MIB, least=SIZE, enough=math.inf), id="too little left"),
    ],
)
def test_a_file_is_read_in_one_stream(ranges: Ranges) -> None:
    file = File()
    assert b"".join(read(file.stretch, SIZE, ranges)) == WHOLE
    assert file.asked == [(0, SIZE)]


def test_a_slow_stream_is_left_for_ranges() -> None:
    file = File()
    assert b"".join(read(file.stretch, SIZE, ALWAYS)) == WHOLE
    first = 2 * MIB
    parts = [(start, min(start + MIB, SIZE)) for start in range(first, SIZE, MIB)]
    assert sorted(file.asked) == [(0, SIZE), *parts]
    assert file.most_active <= ALWAYS.count
    assert file.closed == len(file.asked)


def test_a_sender_that_gives_no_parts_is_asked_once() -> None:
    file = File()
    asked: list[bool] = []
    assert b"".join(read(file.stretch, SIZE, ALWAYS, splits=lambda: bool(asked.append(True)))) == WHOLE
    assert (file.asked, asked) == ([(0, SIZE)], [True])


def test_no_more_ranges_are_begun_than_may_lie_ready() -> None:
    file = File()
    pieces = read(file.stretch, SIZE, ALWAYS)
    for _ in range(2 * MIB // (MIB // 4) + 1):
        next(pieces)
    begun = 1 + ALWAYS.count + SPARE
    file.wait_for(lambda: file.closed == begun)
    assert len(file.asked) == begun
    assert b"".join(pieces) == WHOLE[2 * MIB + MIB // 4 :]


def test_what_nobody_wants_any_more_is_closed() -> None:
    file = File()
    pieces = read(file.stretch, SIZE, ALWAYS)
    for _ in range(20):
        next(pieces)
    pieces.close()
    file.wait_for(lambda: file.active == 0)
    assert len(file.asked) < SIZE // MIB


def test_a_range_that_fails_ends_it_where_it_failed() -> None:
    file = File()

    def stretch(start: int, stop: int) -> Generator[bytes, None, None]:
        if start == 5 * MIB:
            raise TransferError("it was replaced")
        yield from file.stretch(start, stop)

    came: list[bytes] = []
    with pytest.raises(TransferError, match="it was replaced"):
        came.extend(read(stretch, SIZE, ALWAYS))
    assert b"".join(came) == WHOLE[: 5 * MIB]
    file.wait_for(lambda: file.active == 0)


def test_pieces_are_taken_ahead_up_to_a_limit() -> None:
    taken = 0
    changed = threading.Condition()

    def source() -> Generator[bytes, None, None]:
        nonlocal taken
        for number in range(100):
            with changed:
                taken += 1
                changed.notify_all()
            yield bytes([number]) * 10

    ahead = Ahead(source, 50)
    with changed:
        assert changed.wait_for(lambda: taken == 6, PATIENCE)  # five that lie ready and the one that has to wait
    pieces = iter(ahead)
    assert next(pieces) == bytes(10)
    with changed:
        assert changed.wait_for(lambda: taken == 7, PATIENCE)
    assert b"".join(pieces) == b"".join(bytes([number]) * 10 for number in range(1, 100))
    assert taken == 100


def test_a_fault_comes_after_the_pieces_before_it() -> None:
    def source() -> Generator[bytes, None, None]:
        yield b"first"
        raise TransferError("broken")

    came: list[bytes] = []
    with pytest.raises(TransferError, match="broken"):
        came.extend(Ahead(source, 10))
    assert came == [b"first"]


def test_one_who_waits_at_the_gate_never_begins_when_closed() -> None:
    gate = threading.Semaphore(0)
    begun = threading.Event()

    def source() -> Generator[bytes, None, None]:
        begun.set()
        yield b"x"

    ahead = Ahead(source, 10, gate)
    ahead.close()
    gate.release()
    assert list(ahead) == []
    assert not begun.is_set()


class Killed(Exception):
    """What Airflow raises in a signal handler."""


def test_who_is_killed_does_not_wait_for_a_sender_that_hangs() -> None:
    hangs, ended = threading.Event(), threading.Event()
    main = threading.main_thread().ident
    assert main is not None

    def source() -> Generator[bytes, None, None]:
        try:
            signal.pthread_kill(main, signal.SIGUSR1)
            hangs.wait(PATIENCE)
            yield b"too late"
        finally:
            ended.set()

    def killed(number: int, frame: object) -> None:
        raise Killed

    before = signal.signal(signal.SIGUSR1, killed)
    try:
        with pytest.raises(Killed):
            list(Ahead(source, 10))
        assert not ended.is_set()
    finally:
        signal.signal(signal.SIGUSR1, before)
        hangs.set()
    assert ended.wait(PATIENCE)


class Breaking:
    """Eight bytes that are given some at a time, a connection breaking after each of the given numbers of them."""

    def __init__(self, *breaks: int) -> None:
        self.breaks = list(breaks)
        self.opened: list[int] = []

    @contextmanager
    def open_at(self, position: int) -> Iterator[Iterator[bytes]]:
        self.opened.append(position)
        yield self.pieces(position)

    def pieces(self, position: int) -> Iterator[bytes]:
        count = self.breaks.pop(0) if self.breaks else 8
        yield b"01234567"[position : position + count]
        if position + count < 8:
            raise NetworkFaultError("torn")


def as_it_is(error: MediaError) -> MediaError:
    return error


def test_a_broken_connection_is_taken_up_where_it_broke() -> None:
    file = Breaking(3, 0, 1)
    came = resumed(file.open_at, 0, lambda: 8, retry=RetryPolicy(first=0.0), about=as_it_is)
    assert b"".join(came) == b"01234567"
    assert file.opened == [0, 3, 3, 4]


def test_what_opening_raises_is_passed_on() -> None:
    @contextmanager
    def open_at(position: int) -> Iterator[Iterator[bytes]]:
        raise NetworkFaultError("no connection")
        yield iter(())

    with pytest.raises(NetworkFaultError, match=r"^no connection"):
        list(resumed(open_at, 0, lambda: 8, retry=RetryPolicy(first=0.0), about=as_it_is))


def test_without_leave_to_try_again_it_is_told_where_it_broke() -> None:
    file = Breaking(3)
    with pytest.raises(NetworkFaultError, match=r"^the connection broke at byte 3 \(torn\)"):
        list(resumed(file.open_at, 0, lambda: 8, retry=NO_RETRY, about=as_it_is))
