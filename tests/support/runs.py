"""Runs in a real Airflow: what went wrong in one that should have succeeded."""

from __future__ import annotations

from media_sandbox.demo.airflow_api import AirflowApi, DagRun, TaskInstance


def assert_success(api: AirflowApi, run: DagRun, *, seconds: float) -> None:
    """Wait for a run to succeed.

    :raises AssertionError: It did not; with what its tasks logged, in all their tries.
    """
    ended = api.wait_for_run(run, seconds=seconds)
    if ended.state != "success":
        logs = (log for task in api.task_instances(run) if task.state != "success" for log in _logs(api, task))
        raise AssertionError("\n".join([f"run {run.run_id} of {run.dag_id}: {ended.state}", *logs]))


def _logs(api: AirflowApi, task: TaskInstance) -> list[str]:
    lines = [f"task {task.label}: {task.state}"]
    for number in range(1, task.try_number + 1):
        lines += [f"try {number}:", *api.log_lines(task, number)]
    return lines
