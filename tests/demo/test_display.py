"""Progress: tables in a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich.console import Console

from media_sandbox.demo.display import LiveDisplay, PlainDisplay, open_display
from media_sandbox.demo.watch import JobRow, TaskRow


def task(step: str, state: str, seconds: float | None = None) -> TaskRow:
    return TaskRow(source="tape.mov", step=step, state=state, seconds=seconds)


def job(percent: float, status: str = "IN_PROGRESS") -> JobRow:
    return JobRow(job_id="1", name="tape", work="processing", status=status, percent=percent)


def shown(*updates: tuple[Sequence[TaskRow], Sequence[JobRow]], terminal: bool) -> str:
    output = StringIO()
    with open_display(Console(file=output, force_terminal=terminal, width=100, height=40)) as display:
        assert isinstance(display, LiveDisplay if terminal else PlainDisplay)
        for tasks, jobs in updates:
            display.update(tasks, jobs)
    return output.getvalue()


def test_lines_tell_changes_only() -> None:
    text = shown(
        ([task("upload", "waiting")], []),
        ([task("upload", "running")], []),
        ([task("upload", "running")], []),
        ([task("upload", "success"), task("process", "deferred")], [job(0)]),
        terminal=False,
    )

    told = [line.split(" s  ", 1)[1] for line in text.splitlines()]
    assert told == [
        "task upload of tape.mov: running",
        "task upload of tape.mov: success",
        "task process of tape.mov: deferred",
        "sandbox, processing of tape: IN_PROGRESS, 0 %",
    ]


def test_lines_about_a_job_come_at_every_quarter() -> None:
    updates: list[tuple[list[TaskRow], list[JobRow]]] = [([], [job(float(percent))]) for percent in range(100)]

    text = shown(*updates, ([], [job(100.0, "DONE")]), terminal=False)

    assert [line.rsplit(", ", 1)[1] for line in text.splitlines()] == ["0 %", "25 %", "50 %", "75 %", "100 %"]


def test_a_job_that_ends_between_two_quarters_is_told() -> None:
    text = shown(([], [job(30.0)]), ([], [job(40.0, "ERROR")]), terminal=False)

    assert text.splitlines()[-1].endswith("processing of tape: ERROR, 40 %")


def test_a_terminal_shows_tasks_and_jobs() -> None:
    text = shown(([task("upload", "success", 1.25), task("process", "deferred", 3.0)], [job(42.0)]), terminal=True)

    for part in ("Tasks in Airflow", "tape.mov", "upload", "success", "1.2", "deferred", "Work in the sandbox", "42"):
        assert part in text
