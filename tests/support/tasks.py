"""One task without a scheduler: the context that Airflow gives it, and its legs from execute to the result.

Airflow is what is replaced here, and only it: the service at the other end is the sandbox on a socket, or nothing.
"""

from __future__ import annotations

import asyncio
import copy
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from airflow_media.jobs.compat import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    BaseOperator,
    BaseTrigger,
)

try:
    from airflow.sdk.exceptions import TaskDeferred
except ImportError:  # Airflow < 3.2
    from airflow.exceptions import TaskDeferred  # type: ignore[no-redef]

DAG_ID = "archive"
RUN_ID = "manual__2026-01-01T00:00:00+00:00"


class DeadWorkerError(BaseException):
    """The worker's process ends here, without another word."""


class MemoryStore:
    """A task state store: JSON values that outlive the tries of a task instance."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.writes_left: int | None = None

    def get(self, key: str) -> Any:
        return json.loads(self.values[key]) if key in self.values else None

    def set(self, key: str, value: Any) -> None:
        if self.writes_left == 0:
            raise DeadWorkerError
        self.writes_left = None if self.writes_left is None else self.writes_left - 1
        self.values[key] = json.dumps(value)


class Unwritable(dict[str, Any]):
    """XComs at whose first writing the worker dies."""

    def __setitem__(self, key: str, value: Any) -> None:
        raise DeadWorkerError


@dataclass
class FakeTaskInstance:
    """A task instance as operators see it."""

    task: Any
    try_number: int = 1
    max_tries: int = 0
    map_index: int = -1
    dag_id: str = DAG_ID
    run_id: str = RUN_ID
    xcoms: dict[str, Any] = field(default_factory=dict)

    @property
    def task_id(self) -> str:
        return str(self.task.task_id)

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = json.loads(json.dumps(value))

    def xcom_pull(self, task_ids: str, key: str, map_indexes: int) -> Any:
        assert (task_ids, map_indexes) == (self.task_id, self.map_index), "it asks for its own XCom only"
        return self.xcoms.get(key)


@dataclass
class FakeDagRun:
    """The run that a task instance belongs to."""

    start_date: datetime


class TaskRun:
    """One task instance over its tries, as Airflow leads it.

    :param operator: The operator or sensor as the DAG file makes it.
    :param store: Whether this Airflow has a task state store.
    :param retries: How often the task is tried again.
    """

    def __init__(self, operator: BaseOperator, *, store: bool = True, retries: int = 0) -> None:
        self.template = operator
        self.template.retries = retries
        self.store = MemoryStore() if store else None
        self.dag_run = FakeDagRun(datetime.now(UTC))
        self.ti = FakeTaskInstance(operator, try_number=0, max_tries=retries)
        self.trigger: BaseTrigger | None = None
        self.next_try()

    def next_try(self) -> TaskRun:
        """Begin another try: a new operator object, no XComs."""
        self.ti = FakeTaskInstance(self._fresh(), self.ti.try_number + 1, self.ti.max_tries)
        return self

    def die_after_submitting(self) -> None:
        """Run the task on a worker that dies when the service has done what was asked, before a word of it is kept."""
        if self.store is not None:
            self.store.writes_left = 1  # that of the intent
        self.ti.xcoms = Unwritable()
        try:
            self.operator.execute(self.context)
        except DeadWorkerError:
            if self.store is not None:
                self.store.writes_left = None
            return
        raise AssertionError("the worker lived on")

    def clear(self) -> TaskRun:
        """Do what clearing does: grant the task its retries once more, and begin another try."""
        self.ti.max_tries = self.ti.try_number + self.template.retries
        return self.next_try()

    @property
    def operator(self) -> Any:
        """The operator of this leg."""
        return self.ti.task

    @property
    def context(self) -> Any:
        """The context of this leg."""
        context: dict[str, Any] = {"ti": self.ti, "task_instance": self.ti, "dag_run": self.dag_run, "params": {}}
        return context if self.store is None else {**context, "task_state_store": self.store}

    def execute(self) -> Any:
        """Run the task to its end, the deferred part of it too.

        :return: What the task returns.
        """
        deferral = self.defer()
        return self.resume(deferral, self.wait()) if self.trigger is not None else deferral

    def finish(self) -> Any:
        """Run the task to its end, over as many tries as it has.

        :return: What the task returns.
        """
        while True:
            try:
                return self.execute()
            except (AirflowFailException, AirflowSkipException):
                raise
            except AirflowException:
                if self.ti.try_number > self.ti.max_tries:
                    raise
            self.next_try()

    def defer(self) -> Any:
        """Run the first leg.

        :return: The deferral, or what the task returns where it does not defer.
        """
        self.trigger = None
        try:
            return self.operator.execute(self.context)
        except TaskDeferred as deferral:
            self.trigger = travelled(deferral.trigger)
            return deferral

    def wait(self) -> dict[str, Any]:
        """Run the trigger in an event loop of its own, as ``airflow dags test`` does.

        :return: The payload of its event.
        """
        return asyncio.run(self._first_event())

    def resume(self, deferral: Any, event: dict[str, Any]) -> Any:
        """Run the last leg, with another operator object, as on another worker."""
        self.ti.task = self._fresh()
        return self.operator.resume_execution(deferral.method_name, {"event": event}, self.context)

    def fail_deferral(self, reason: str) -> Any:
        """Run the last leg as Airflow does where it ended the wait itself."""
        self.ti.task = self._fresh()
        return self.operator.resume_execution("__fail__", {"error": reason}, self.context)

    async def _first_event(self) -> dict[str, Any]:
        assert self.trigger is not None
        event = await anext(self.trigger.run())
        payload: dict[str, Any] = json.loads(json.dumps(event.payload))
        return payload

    def _fresh(self) -> Any:
        return copy.copy(self.template)


def travelled(trigger: BaseTrigger) -> BaseTrigger:
    """Make a trigger again from what the database keeps of it."""
    path, kwargs = trigger.serialize()
    module, _, name = path.rpartition(".")
    again: BaseTrigger = getattr(import_module(module), name)(**json.loads(json.dumps(kwargs)))
    return again
