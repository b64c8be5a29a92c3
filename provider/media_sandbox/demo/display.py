"""Live progress in the terminal; plain lines where there is none."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from media_sandbox.demo.watch import JobRow, TaskRow

COLOURS: Final = {
    "success": "green",
    "running": "cyan",
    "deferred": "magenta",
    "queued": "yellow",
    "scheduled": "yellow",
    "up_for_retry": "yellow",
    "failed": "bold red",
    "upstream_failed": "red",
    "DONE": "green",
    "IN_PROGRESS": "cyan",
    "ERROR": "bold red",
}
PASSING: Final = frozenset({"queued", "scheduled"})
"""States that a task is in for a moment, between others that tell more."""
BAR_WIDTH: Final = 28
PERCENT_STEP: Final = 25
"""Percent between two plain lines about a job."""


class Display(Protocol):
    """Shows how far things are."""

    def update(self, tasks: Sequence[TaskRow], jobs: Sequence[JobRow]) -> None:
        """Show the state of now."""


@contextmanager
def open_display(console: Console) -> Iterator[Display]:
    """Show progress in the way that suits the console."""
    if console.is_terminal:
        with Live(console=console, refresh_per_second=8) as live:
            yield LiveDisplay(live)
    else:
        yield PlainDisplay(console)


class LiveDisplay:
    """Two tables that are drawn anew all the time.

    :param live: Where they are drawn.
    """

    def __init__(self, live: Live) -> None:
        self._live = live

    def update(self, tasks: Sequence[TaskRow], jobs: Sequence[JobRow]) -> None:
        """Show the state of now."""
        # What does not fit into the terminal is cut off below, where the tasks are that have yet to begin.
        tables = [_job_table(jobs), _task_table(tasks)] if jobs else [_task_table(tasks)]
        self._live.update(Group(*tables))


class PlainDisplay:
    """A line for each change, for logs.

    :param console: Where they go.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = time.monotonic()
        self._states: dict[tuple[str, str], str] = {}
        self._steps: dict[tuple[str, str], tuple[int, str]] = {}

    def update(self, tasks: Sequence[TaskRow], jobs: Sequence[JobRow]) -> None:
        """Print what has changed."""
        for task in tasks:
            if task.state in PASSING:
                continue
            if self._states.get((task.source, task.step), "waiting") != task.state:
                self._states[task.source, task.step] = task.state
                self._say(f"task {task.step} of {task.source}: {task.state}")
        for job in jobs:
            step = (int(job.percent // PERCENT_STEP), job.status)
            if self._steps.get((job.job_id, job.work)) != step:
                self._steps[job.job_id, job.work] = step
                self._say(f"sandbox, {job.work} of {job.name}: {job.status}, {job.percent:.0f} %")

    def _say(self, text: str) -> None:
        elapsed = time.monotonic() - self._start
        self._console.print(f"{elapsed:6.1f} s  {text}", soft_wrap=True, markup=False, highlight=False)


def _task_table(tasks: Sequence[TaskRow]) -> Table:
    table = Table(title="Tasks in Airflow", title_justify="left", box=SIMPLE_HEAD)
    for heading in ("source", "task", "state"):
        table.add_column(heading, no_wrap=True)
    table.add_column("seconds", justify="right")
    source = None
    for task in tasks:
        seconds = "" if task.seconds is None else f"{task.seconds:.1f}"
        table.add_row(task.source if task.source != source else "", task.step, _coloured(task.state), seconds)
        source = task.source
    return table


def _job_table(jobs: Sequence[JobRow]) -> Table:
    table = Table(title="Work in the sandbox", title_justify="left", box=SIMPLE_HEAD)
    for heading in ("video", "work", "status", "progress"):
        table.add_column(heading, no_wrap=True)
    table.add_column("%", justify="right")
    for job in jobs:
        bar: RenderableType = ProgressBar(total=100, completed=job.percent, width=BAR_WIDTH)
        table.add_row(job.name, job.work, _coloured(job.status), bar, f"{job.percent:.0f}")
    return table


def _coloured(state: str) -> Text:
    return Text(state, style=COLOURS.get(state.partition(":")[0], "dim"))
