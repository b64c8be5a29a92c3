"""Progress lines: few, and each worth reading."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_media.jobs.progress import EVERY, HEARTBEAT, STEP, ProgressLog, duration, megabytes
from airflow_media.jobs.states import JobState, Phase


class Told:
    """A progress log whose clock the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lines: list[str] = []
        self.times: list[float] = []
        self.log = ProgressLog(self._write, clock=lambda: self.now)

    def _write(self, line: str) -> None:
        self.lines.append(line)
        self.times.append(self.now)

    def job(self, percent: float | None, left: float | None = None, phase: Phase = Phase.RUNNING) -> None:
        self.log.job("Loaf 7", JobState(phase, percent), left)


def test_the_first_look_at_a_job_is_told_at_once() -> None:
    told = Told()
    told.job(0.0)
    assert told.lines == ["Loaf 7: running, 0 %"]


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 100)), max_size=60))
def test_there_is_no_more_than_a_line_per_10_s_and_5_percent_but_a_heartbeat(looks: list[tuple[float, float]]) -> None:
    told = Told()
    percents: list[float] = []
    for pause, percent in looks:
        told.now += pause
        before = len(told.lines)
        told.job(percent)
        if len(told.lines) > before:
            percents.append(percent)
    told_at = zip(told.times, percents, strict=True)
    for (earlier, low), (later, high) in pairwise(told_at):
        assert later - earlier >= EVERY
        assert abs(high - low) >= STEP or later - earlier >= HEARTBEAT


def test_a_job_that_stands_still_is_told_as_a_heartbeat() -> None:
    told = Told()
    for _ in range(int(2 * HEARTBEAT / EVERY) + 1):
        told.job(50.0)
        told.now += EVERY
    assert len(told.lines) == 3


def test_a_job_without_a_percentage_is_told_when_its_phase_changes() -> None:
    told = Told()
    for phase in (Phase.WAITING, Phase.WAITING, Phase.RUNNING, Phase.RUNNING):
        told.job(None, phase=phase)
        told.now += EVERY
    assert told.lines == ["Loaf 7: waiting", "Loaf 7: running"]


def test_the_time_left_is_told_where_it_is_known() -> None:
    told = Told()
    told.job(42.0, left=83.0)
    assert told.lines == ["Loaf 7: running, 42 %, about 1 min 23 s left"]


def test_a_transfer_tells_amount_rate_and_time_left() -> None:
    told = Told()
    told.log.transfer("Upload of clip.mov", 0, 200_000_000)
    told.now = 20.0
    told.log.transfer("Upload of clip.mov", 80_000_000, 200_000_000)
    assert told.lines == ["Upload of clip.mov: 40 % of 200.0 MB, 4.0 MB/s, about 30 s left"]


def test_a_transfer_of_unknown_size_tells_what_has_moved() -> None:
    told = Told()
    told.log.transfer("Download", 1, None)
    told.now = 10.0
    told.log.transfer("Download", 50_000_000, None)
    assert told.lines == ["Download: 50.0 MB, 5.0 MB/s"]


def test_a_transfer_that_begins_anew_begins_its_rate_anew() -> None:
    told = Told()
    for done in (0, 100_000_000, 0):
        told.log.transfer("Upload", done, 100_000_000)
        told.now += 60.0
    told.now = 130.0
    told.log.transfer("Upload", 10_000_000, 100_000_000)
    assert told.lines[-1] == "Upload: 10 % of 100.0 MB, 1.0 MB/s, about 1 min 30 s left"


def test_a_transfer_writes_few_lines_however_many_pieces_it_has() -> None:
    told = Told()
    for piece in range(10_001):
        told.log.transfer("Upload", piece * 1_000, 10_000_000)
        told.now += 0.005
    assert len(told.lines) <= 5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (3600, "1 h 0 min"), (90_061, "25 h 1 min")],
)
def test_durations_read_as_people_write_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(None, "an unknown size"), (0, "0.0 MB"), (12_340_000, "12.3 MB"), (10**10, "10,000.0 MB")]
)
def test_sizes_read_as_people_write_them(size: int | None, text: str) -> None:
    assert megabytes(size) == text
