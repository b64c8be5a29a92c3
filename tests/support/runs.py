"""Runs in a real Airflow: what was logged, and what went wrong in one that should have succeeded."""

from __future__ import annotations

from media_sandbox.demo.airflow_api import AirflowApi, DagRun, TaskInstance


def assert_success(api: AirflowApi, run: DagRun, *, seconds: float) -> None:
    """Wait for a run to succeed.

    :raises AssertionError: It did not; with what its tasks logged, in all their tries.
    """
    ended = api.wait_for_run(run, seconds=seconds)
    if ended.state != "success":
        failed = [task for task in api.task_instances(run) if task.state != "success"]
        logs = [f"task {task.label}: {task.state}\n{logged(api, task)}" for task in failed]
        raise AssertionError("\n\n".join([f"run {run.run_id} of {run.dag_id}: {ended.state}", *logs]))


def logged(api: AirflowApi, task: TaskInstance) -> str:
    """Give what all tries of a task logged."""
    tries = range(1, task.try_number + 1)
    return "\n".join(line for number in tries for line in api.log_lines(task, number))
