"""Child processes: found with all their descendants, and gone when they are to be gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from media_sandbox.demo.children import Child, ChildError, stop_all, tail
from media_sandbox.demo.waiting import wait_until

PATIENCE = 120

STUBBORN_FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleeper = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"]
subprocess.Popen(sleeper, preexec_fn=lambda: os.setpgid(0, 0))
time.sleep(600)
"""
OBEDIENT = """
import signal, sys, time
def leave(number, frame):
    print("leaving in good order", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("up", flush=True)
time.sleep(600)
"""


class Family:
    """Makes children that run Python code, and stops what the test has left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.children: list[Child] = []

    def start(self, name: str, code: str) -> Child:
        command = [sys.executable, "-c", code]
        child = Child(name, command, log=self._folder / f"{name}.log", env=dict(os.environ))
        self.children.append(child)
        return child.start()

    def stop(self) -> None:
        stop_all(self.children, 0)


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    family = Family(tmp_path)
    yield family
    family.stop()


def test_descendants_in_process_groups_of_their_own_are_killed_too(family: Family) -> None:
    child = family.start("stubborn", STUBBORN_FAMILY)

    def both_groups() -> list[int]:
        members = child.members()
        return members if len({os.getpgid(pid) for pid in members}) == 2 else []

    wait_until(both_groups, what="a grandchild in a process group of its own", seconds=PATIENCE)

    child.stop(grace=0)

    assert child.members() == []
    assert child.poll() == -signal.SIGKILL


def test_a_child_may_end_by_itself_and_its_output_is_kept(family: Family) -> None:
    child = family.start("obedient", OBEDIENT)
    wait_until(lambda: "up" in child.tail(), what="the child to be up", seconds=PATIENCE)

    child.stop(grace=PATIENCE)

    assert child.poll() == 0
    assert child.tail(1) == "leaving in good order"


def test_a_stopped_child_starts_again(family: Family) -> None:
    child = family.start("twice", OBEDIENT)
    first = child.pid
    child.stop(grace=PATIENCE)

    child.start()

    assert child.running
    assert child.pid != first


def test_a_child_that_ended_says_its_last_words(family: Family) -> None:
    child = family.start("failing", "raise SystemExit('no such thing as a free port')")

    with pytest.raises(ChildError, match=r"failing ended with code 1\.(.|\n)*no such thing as a free port"):
        child.wait(PATIENCE)
    with pytest.raises(ChildError, match="ended with code 1"):
        child.check()


def test_a_child_that_takes_too_long_is_told_of(family: Family) -> None:
    child = family.start("slow", OBEDIENT)

    with pytest.raises(ChildError, match="slow did not end within 0 s"):
        child.wait(0)


def test_a_child_that_was_never_started_is_no_trouble(tmp_path: Path) -> None:
    child = Child("never", ["false"], log=tmp_path / "never.log", env={})

    child.stop()

    assert not child.running
    assert child.members() == []
    with pytest.raises(ChildError, match="never was not started"):
        child.pid  # noqa: B018


def test_the_tail_is_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "some.log"
    log.write_text("".join(f"line {number}\n" for number in range(100_000)))

    assert tail(log, 2) == "line 99998\nline 99999"
    assert tail(tmp_path / "missing.log") == ""


class Interrupted(BaseException):
    """What the handler of a signal raises."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_of_a_start_leaves_no_child_to_nobody(
    family: Family, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def interrupt(number: int, frame: object) -> None:
        raise Interrupted

    class SlowToReturn(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            signal.raise_signal(number)

    monkeypatch.setattr(subprocess, "Popen", SlowToReturn)
    before = signal.signal(number, interrupt)
    try:
        with pytest.raises(Interrupted):
            family.start("sleeper", "import time; time.sleep(600)")
        assert signal.getsignal(number) is interrupt
    finally:
        signal.signal(number, before)
    [child] = family.children
    assert child.running
    child.stop(grace=0)
    assert child.members() == []
