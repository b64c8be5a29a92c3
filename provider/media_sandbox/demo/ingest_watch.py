"""Looks at the runs of the ingest and puts what each video has come to into rows to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from media_sandbox.demo.airflow_api import UNMAPPED, AirflowApi, DagRun, TaskInstance
from media_sandbox.demo.watch import TaskRow

GROUP: Final = "video"
STEPS: Final = ("enhance", "transcode", "caption", "keep")
WAITING: Final = "waiting"
ACTIVE: Final = ("running", "deferred", "up_for_retry", "queued", "scheduled")
"""States of tasks that have begun or are about to, the most telling first."""


class Ingest:
    """The videos of some runs.

    :param api: The Airflow they run in.
    :param runs: The runs.
    """

    def __init__(self, api: AirflowApi, runs: Sequence[DagRun]) -> None:
        self._api = api
        self._runs = runs

    def finished(self) -> bool:
        """Return whether all runs have ended, well or not."""
        return all(self._api.run(run).finished for run in self._runs)

    def rows(self) -> list[TaskRow]:
        """Return a row for each step of each video, and one for what is done once in a run."""
        now = datetime.now(UTC)
        rows: list[TaskRow] = []
        for run in self._runs:
            rows += _rows(_day(run), self._api.task_instances(run), now)
        return rows


def _rows(day: str, tasks: Sequence[TaskInstance], now: datetime) -> list[TaskRow]:
    own = [task for task in tasks if task.map_index == UNMAPPED and not task.task_id.startswith(f"{GROUP}.")]
    rows = [_row(day, "day", own, now)]
    mapped = [task for task in tasks if task.map_index != UNMAPPED]
    for index in sorted({task.map_index for task in mapped}):
        mine = [task for task in mapped if task.map_index == index]
        for step in STEPS:
            of_step = [task for task in mine if task.task_id.startswith(f"{GROUP}.{step}.")]
            rows.append(_row(f"{day}, {_name(mine, index)}", step, of_step, now))
    return rows


def _row(source: str, step: str, tasks: Sequence[TaskInstance], now: datetime) -> TaskRow:
    starts = [task.start for task in tasks if task.start]
    busy = any(not task.finished for task in tasks)
    ends = [now] if busy else [task.end for task in tasks if task.end]
    seconds = (max(ends) - min(starts)).total_seconds() if starts and ends else None
    return TaskRow(source=source, step=step, state=_state(tasks), seconds=seconds)


def _state(tasks: Sequence[TaskInstance]) -> str:
    """Tell in a word how far several tasks are."""
    states = [task.state for task in tasks]
    if "failed" in states:
        return "failed"
    for state in ACTIVE:
        at = next((task for task in tasks if task.state == state), None)
        if at is not None:
            return state if state in ("queued", "scheduled") else f"{state}: {at.task_id.rpartition('.')[2]}"
    if None in states:
        # Between two tasks of a step nothing runs for a moment.
        return WAITING if not any(task.finished for task in tasks) else "scheduled"
    return next((state for state in ("upstream_failed", "success") if state in states), "skipped")


def _name(tasks: Iterable[TaskInstance], index: int) -> str:
    """Return what the DAG calls a video, once one of its tasks has been rendered."""
    return next((task.rendered_map_index for task in tasks if task.rendered_map_index), f"video {index}")


def _day(run: DagRun) -> str:
    return str(run.logical_date.date()) if run.logical_date else "again"
