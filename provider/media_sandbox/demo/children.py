"""Child processes that leave nothing behind: each in a session of its own, its output in a file."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import psutil

GRACE_SECONDS: Final = 4.0
"""How long a child may take to end by itself. Airflow's scheduler would wait for its tasks, however long they take."""
ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end this program."""
TAIL_LINES: Final = 25
TAIL_BYTES: Final = 64 * 1024


class ChildError(Exception):
    """A child ended that should have gone on; the text ends with the last lines it wrote."""


class Child:
    """A program beside this one.

    It leads a session of its own. So a Ctrl-C in the terminal does not reach it, and we can end our children in good
    order; and all its descendants can be found, even those in process groups of their own, as Airflow's tasks are.

    :param name: What a person calls it.
    :param command: The program and its arguments.
    :param log: File that its output is appended to.
    :param env: Its whole environment.
    """

    def __init__(self, name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it; again, if it was stopped."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output, _signals_held_back():
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    @property
    def pid(self) -> int:
        """Its process id, which is also the id of its session.

        :raises ChildError: It was never started.
        """
        if self._process is None:
            raise ChildError(f"{self.name} was not started")
        return self._process.pid

    def poll(self) -> int | None:
        """Return with which code it ended, ``None`` while it runs or before it was started."""
        return self._process.poll() if self._process else None

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self.poll() is None

    def check(self) -> None:
        """Make sure that it runs.

        :raises ChildError: It has ended.
        """
        if not self.running:
            raise ChildError(f"{self.name} ended with code {self.poll()}. {self._last_words()}")

    def wait(self, seconds: float) -> None:
        """Wait until it has done its work.

        :raises ChildError: It failed, or did not end in time.
        """
        deadline = time.monotonic() + seconds
        while self.running:
            if time.monotonic() > deadline:
                raise ChildError(f"{self.name} did not end within {seconds:.0f} s. {self._last_words()}")
            time.sleep(0.05)
        if self.poll() != 0:
            self.check()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program, not to its descendants."""
        if self._process is not None:
            self._process.send_signal(number)

    def members(self) -> list[int]:
        """Return the process ids of the program and of all its descendants that are alive."""
        return [] if self._process is None else [pid for pid in psutil.pids() if _is_alive_in(self._process.pid, pid)]

    def stop(self, grace: float = GRACE_SECONDS) -> None:
        """End it and all its descendants.

        :param grace: Seconds that it may take to end by itself; whatever is left then is killed.
        """
        stop_all([self], grace)

    def tail(self, lines: int = TAIL_LINES) -> str:
        """Return the last lines of its output."""
        return tail(self.log, lines)

    def _last_words(self) -> str:
        return f"Its log, {self.log}, ends with:\n{self.tail()}"


def stop_all(children: Iterable[Child], grace: float = GRACE_SECONDS) -> None:
    """End several programs and all their descendants, at the same time.

    :param grace: Seconds that they may take together; whatever is left then is killed. It is also killed at once when
        the wait is interrupted, as by a second Ctrl-C.
    """
    children = list(children)
    try:
        for child in children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while any(child.running for child in children) and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        for child in children:
            _kill_members(child)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a file, ``""`` if it is not there."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


@contextlib.contextmanager
def _signals_held_back() -> Iterator[None]:
    """Have signals that end this program wait: one between a start and its record would leave a child to nobody."""
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers run in the main thread only
        return
    held: list[int] = []
    handlers = {number: signal.signal(number, lambda number, frame: held.append(number)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for missed in held:
            signal.raise_signal(missed)


def _kill_members(child: Child) -> None:
    # Whoever is about to be killed may still fork, so look again until nobody is left.
    while members := child.members():
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    # This reaps the program itself; its orphans are reaped by whoever inherits them.
    child.poll()


def _is_alive_in(session: int, pid: int) -> bool:
    try:
        return os.getsid(pid) == session and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, PermissionError, psutil.Error):
        return False
