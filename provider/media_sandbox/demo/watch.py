"""Looks at the runs in Airflow and at the work in the sandbox, and puts both into rows to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from media_sandbox.demo.airflow_api import UNMAPPED, AirflowApi, DagRun, TaskInstance
from media_sandbox.demo.orders import Order

STEPS: Final = ("settings", "sources", "upload", "ingest", "process", "download", "delete")
"""The DAG's tasks in the order in which they are shown, without their group."""
WORK: Final = ("processing", "ingestion")
"""What the sandbox does to a video, the later first."""
WORKING: Final = frozenset({"INITIAL", "IN_PROGRESS"})


@dataclass(frozen=True)
class Run:
    """A run of the DAG and what it was ordered to do; map index ``i`` is order ``i``."""

    dag_run: DagRun
    orders: Sequence[Order]


@dataclass(frozen=True)
class TaskRow:
    """A task instance as it is shown."""

    source: str
    """The source it is about; several for the tasks before the mapping."""
    step: str
    state: str
    seconds: float | None
    """How long it has taken so far, ``None`` before it has begun."""


@dataclass(frozen=True)
class JobRow:
    """A piece of the sandbox's work as it is shown."""

    job_id: str
    name: str
    work: str
    status: str
    percent: float


class Airflow:
    """The tasks of some runs.

    :param api: The Airflow they run in.
    :param runs: The runs.
    """

    def __init__(self, api: AirflowApi, runs: Sequence[Run]) -> None:
        self._api = api
        self._runs = runs

    def finished(self) -> bool:
        """Return whether all runs have ended, well or not."""
        return all(self._api.run(run.dag_run).finished for run in self._runs)

    def rows(self) -> list[TaskRow]:
        """Return the tasks as they are now, those of one source together."""
        now = datetime.now(UTC)
        rows: list[TaskRow] = []
        for run in self._runs:
            tasks = sorted(self._api.task_instances(run.dag_run), key=lambda task: (task.map_index, _step_key(task)))
            rows += [_task_row(task, run.orders, now) for task in tasks]
        return rows


class Sandbox:
    """The work the sandbox does.

    :param admin_url: Where its controls are.
    """

    def __init__(self, admin_url: str) -> None:
        self._client = httpx.Client(base_url=admin_url, timeout=10, trust_env=False)
        self._rows: dict[str, JobRow] = {}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def rows(self) -> list[JobRow]:
        """Return all work seen so far, in the order in which it was seen first."""
        for key in self._get("jobs"):
            video_id = key.rpartition(":")[2]
            self._rows.setdefault(video_id, JobRow(video_id, "", "", "INITIAL", 0.0))
        for video_id, row in self._rows.items():
            if row.status in WORKING:
                self._rows[video_id] = self._look(row)
        return list(self._rows.values())

    def _look(self, row: JobRow) -> JobRow:
        video = self._get(f"pixop/videos/{row.job_id}")
        if video is None:
            return JobRow(row.job_id, row.name, row.work, "DELETED", row.percent)
        work = next(work for work in WORK if video[work])
        state = video[work]
        return JobRow(row.job_id, video["name"], work, state["status"], state["percent"])

    def _get(self, path: str) -> Any:
        answer = self._client.get(path)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        answer.raise_for_status()
        return answer.json()


def _task_row(task: TaskInstance, orders: Sequence[Order], now: datetime) -> TaskRow:
    mapped = task.map_index != UNMAPPED
    about = [orders[task.map_index]] if mapped else orders
    seconds = ((task.end or now) - task.start).total_seconds() if task.start else None
    return TaskRow(
        source=", ".join(order.path.name for order in about),
        step=_step(task),
        state=task.state or "waiting",
        seconds=seconds,
    )


def _step(task: TaskInstance) -> str:
    return task.task_id.rpartition(".")[2]


def _step_key(task: TaskInstance) -> tuple[int, str]:
    step = _step(task)
    return (STEPS.index(step) if step in STEPS else len(STEPS), step)
