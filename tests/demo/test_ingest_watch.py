"""What is shown of the ingest: how far each step of each video is, in a word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from media_sandbox.demo.airflow_api import AirflowApi, DagRun, TaskInstance
from media_sandbox.demo.ingest_watch import Ingest

DAY = datetime(2026, 1, 2, tzinfo=UTC)
RUN = DagRun("daily_media_ingest", "backfill__1", "running", DAY)


def task(task_id: str, state: str | None, map_index: int = 0, name: str | None = None) -> TaskInstance:
    start = DAY if state else None
    end = DAY + timedelta(seconds=10) if state in ("success", "failed") else None
    return TaskInstance(RUN.dag_id, RUN.run_id, task_id, map_index, state, 1, name, start, end)


@dataclass
class Tasks:
    """Stands for Airflow, with these tasks in every run."""

    tasks: list[TaskInstance]
    run_state: str = "running"

    def task_instances(self, _: DagRun) -> list[TaskInstance]:
        return self.tasks

    def run(self, run: DagRun) -> DagRun:
        return replace(run, state=self.run_state)


def rows(*tasks: TaskInstance, run: DagRun = RUN) -> dict[tuple[str, str], Any]:
    shown = Ingest(cast("AirflowApi", Tasks(list(tasks))), [run]).rows()
    return {(row.source, row.step): row for row in shown}


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        ((None, None), "waiting"),
        (("running", None), "running: upload"),
        (("success", "deferred"), "deferred: process"),
        (("success", None), "scheduled"),
        (("success", "queued"), "queued"),
        (("success", "up_for_retry"), "up_for_retry: process"),
        (("success", "failed"), "failed"),
        (("success", "success"), "success"),
        (("skipped", "skipped"), "skipped"),
        (("upstream_failed", "upstream_failed"), "upstream_failed"),
    ],
)
def test_a_step_is_as_far_as_its_tasks(states: tuple[str | None, str | None], shown: str) -> None:
    tasks = [task(f"video.enhance.{name}", state) for name, state in zip(("upload", "process"), states, strict=True)]

    assert rows(*tasks)["2026-01-02, video 0", "enhance"].state == shown


def test_videos_are_called_by_their_names_once_they_are_known() -> None:
    found = rows(task("video.enhance.upload", "success", 0, "tape-1a2b"), task("video.enhance.upload", None, 1))

    assert {source for source, _ in found} == {"2026-01-02", "2026-01-02, tape-1a2b", "2026-01-02, video 1"}


def test_what_a_run_does_once_has_a_row_of_its_own() -> None:
    found = rows(task("plan", "success", -1), task("manifest", None, -1), task("video.enhance.upload", None, -1))

    assert found["2026-01-02", "day"].state == "scheduled"


def test_a_step_that_is_over_tells_how_long_it_took() -> None:
    assert rows(task("video.keep.enhanced", "success"))["2026-01-02, video 0", "keep"].seconds == 10


def test_a_run_by_hand_is_told_apart() -> None:
    assert ("again", "day") in rows(task("plan", "success", -1), run=replace(RUN, logical_date=None))


@pytest.mark.parametrize(("state", "finished"), [("running", False), ("success", True), ("failed", True)])
def test_it_is_over_when_all_runs_are(state: str, finished: bool) -> None:
    assert Ingest(cast("AirflowApi", Tasks([], state)), [RUN, RUN]).finished() is finished
