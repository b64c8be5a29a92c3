"""A task that is killed while its trigger waits, as a triggerer of Airflow has it happen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from airflow_media.jobs import trigger as trigger_module
from airflow_media.jobs.trigger import JobTrigger
from support.tasks import DAG_ID, RUN_ID

TASK_ID = "wait"


class _Supervisor:
    """A supervisor whose task was marked as failed."""

    def send(self, message: Any) -> None:
        """Take a secret to blank."""

    async def asend(self, message: Any) -> Any:
        from airflow.sdk.execution_time.comms import TaskStatesResult

        return TaskStatesResult(task_states={RUN_ID: {TASK_ID: "failed"}})


class _TaskInstance:
    dag_id, run_id, task_id, map_index = DAG_ID, RUN_ID, TASK_ID, -1


def kill_while_waiting(
    trigger: JobTrigger,
    *,
    looked: Callable[[], bool],
    hold: Callable[[], None],
    cancels: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Let a trigger wait, and mark its task as failed.

    :param trigger: The trigger.
    :param looked: Tells whether it has looked at its job by now.
    :param hold: Makes the service slow to answer a cancel.
    :param cancels: Whether a cancel is to be expected.
    :param monkeypatch: Puts the supervisor into place.
    """
    from airflow.sdk.execution_time import task_runner

    async def wait() -> None:
        async for _ in trigger.run():
            raise AssertionError("the job ended before its task was killed")

    async def killed() -> None:
        waiting = asyncio.create_task(wait())
        while not looked():
            await asyncio.sleep(0.01)
        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", _Supervisor(), raising=False)
        hold()
        waiting.cancel()
        kill = asyncio.create_task(trigger.on_kill())
        while cancels and not trigger_module._cancelling:
            await asyncio.sleep(0)
        kill.cancel()  # as Airflow does after a second
        await asyncio.gather(*trigger_module._cancelling)

    trigger.task_instance = _TaskInstance()
    asyncio.run(killed())
