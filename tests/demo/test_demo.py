"""The demo as a user starts it: its exit codes, and that it leaves nothing running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from media_sandbox.demo.lock import only_one
from media_sandbox.demo.waiting import wait_until
from media_sandbox.testing import make_garbage, make_video

PATIENCE = 400

FAILING_DAG = """
from airflow.sdk import DAG, task

with DAG("pixop_enhance", schedule=None):
    @task
    def upload():
        raise ValueError("the tape is torn")

    upload()
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing but a DAG that fails."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "pixop_enhance.py").write_text(FAILING_DAG)
    return tmp_path


class Demo:
    """The demo in a process of its own, whose descendants can be told by a mark in their environment."""

    def __init__(self, checkout: Path, *arguments: str) -> None:
        self._mark = str(checkout)
        self.log = checkout / "demo.log"
        # What was started in the background of a shell ignores Ctrl-C, and so would its children.
        heeded = signal.signal(signal.SIGINT, signal.default_int_handler)
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "media_sandbox.demo", *arguments],
                cwd=checkout,
                env=os.environ | {"DEMO_TEST": self._mark},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        signal.signal(signal.SIGINT, heeded)

    @property
    def text(self) -> str:
        return self.log.read_text()

    def descendants(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.pid != self.process.pid and process.environ().get("DEMO_TEST") == self._mark
        except psutil.Error:
            return False


@pytest.fixture
def demos() -> Iterator[list[Demo]]:
    """The demos that a test has started; those that still run are ended."""
    demos: list[Demo] = []
    yield demos
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.terminate()
            demo.wait()


def test_a_video_that_is_none_ends_it_before_anything_is_started(checkout: Path, demos: list[Demo]) -> None:
    demos.append(Demo(checkout, "pixop", "--video", str(make_garbage(checkout / "text.mp4")), "--video", "missing.mp4"))

    assert demos[0].wait() == 1
    assert "text.mp4: the file cannot be read as video" in demos[0].text
    assert "missing.mp4: there is no such file" in demos[0].text
    assert not (checkout / ".airflow" / "demo").exists()


def test_a_video_of_ones_own_is_for_the_demo_of_pixop(checkout: Path, demos: list[Demo]) -> None:
    demos.append(Demo(checkout, "--video", "tape.mp4"))

    assert demos[0].wait() == 2
    assert "--video goes with the command pixop" in demos[0].text


def test_a_source_among_the_results_is_refused(checkout: Path, demos: list[Demo]) -> None:
    (checkout / "build" / "demo").mkdir(parents=True)
    demos.append(
        Demo(checkout, "pixop", "--video", str(make_video(checkout / "build" / "demo" / "tape.mp4", seconds=0.2)))
    )

    assert demos[0].wait() == 1
    assert "is where the results go; copy it to another folder first" in demos[0].text


@pytest.mark.parametrize("command", ["run", "pixop", "ui"])
def test_there_is_one_at_a_time(checkout: Path, demos: list[Demo], command: str) -> None:
    with only_one(checkout / ".airflow" / ("ui" if command == "ui" else "demo")):
        demos.append(Demo(checkout, command))

        assert demos[0].wait() == 1
        assert "Another process uses" in demos[0].text


@pytest.mark.e2e
@pytest.mark.xdist_group("airflow")
def test_a_failed_run_is_told_with_the_log_of_its_task(checkout: Path, demos: list[Demo]) -> None:
    demos.append(Demo(checkout, "pixop", "--video", str(make_video(checkout / "tape.mp4", seconds=0.2))))

    assert demos[0].wait() == 1, demos[0].text
    assert "task upload of tape.mp4: failed" in demos[0].text
    assert "Failed: upload failed. Its log ends with:" in demos[0].text
    assert "ValueError: the tape is torn" in demos[0].text
    assert demos[0].descendants() == []


@pytest.mark.e2e
@pytest.mark.xdist_group("airflow")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=lambda value: str(int(value))
)
def test_an_interrupted_demo_leaves_nothing_running(
    checkout: Path, demos: list[Demo], number: signal.Signals, code: int
) -> None:
    demo = Demo(checkout, "pixop", "--video", str(make_video(checkout / "tape.mp4", seconds=0.2)))
    demos.append(demo)
    triggerer = checkout / ".airflow" / "demo" / "triggerer.log"
    wait_until(lambda: triggerer.exists() and len(demo.descendants()) >= 5, what="Airflow's start", seconds=PATIENCE)

    demo.process.send_signal(number)

    assert demo.wait() == code, demo.text
    assert demo.descendants() == []
