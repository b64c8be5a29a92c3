"""A triggerer in the running event loop, for triggers of assets: Airflow's own runner, with a database that a test has.

Its events are stored, and its asset state store answers, only as the test says; a triggerer that dies takes along what
was not stored.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
from airflow.jobs.triggerer_job_runner import TriggerRunner

from airflow_media.jobs.compat import BaseEventTrigger, SharedStreamProducer
from support.tasks import travelled

STREAMS_ARE_SHARED = SharedStreamProducer is not object
"""Whether this Airflow lets triggers share a stream, and has an asset state store."""
PATIENCE = 20.0


@dataclass
class Database:
    """What outlives a triggerer.

    :param events: Payloads of the events that were stored, in order.
    :param states: Asset state: values by asset and key.
    :param broken: Whether it is away for those who ask for asset state.
    :param refusals: How many asked in vain.
    """

    events: list[Any] = field(default_factory=list)
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    broken: bool = False
    refusals: int = 0

    @property
    def media(self) -> list[str]:
        """The resources that were told of, in order."""
        return [media["resource"] for event in self.events for media in event["medias"]]

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Answer what triggers ask of their supervisor."""
        from airflow.sdk.execution_time import task_runner

        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", self, raising=False)

    def send(self, message: Any) -> None:
        """Take a secret to blank."""

    async def asend(self, message: Any) -> Any:
        """Answer a question about asset state."""
        from airflow.sdk.exceptions import ErrorType
        from airflow.sdk.execution_time import comms

        if self.broken:
            self.refusals += 1
            raise ConnectionError("the API server is away")
        if isinstance(message, comms.SetAssetStateStoreByName):
            self.states[message.name, message.key] = json.dumps(message.value)
            return comms.OKResponse(ok=True)
        if isinstance(message, comms.GetAssetStateStoreByName):
            if (message.name, message.key) in self.states:
                return comms.AssetStateStoreResult(value=json.loads(self.states[message.name, message.key]))
            return comms.ErrorResponse(error=ErrorType.ASSET_STORE_NOT_FOUND)
        raise AssertionError(f"nobody should ask {message!r}")


class Triggerer:
    """A triggerer; a context manager at whose end it dies.

    :param database: What outlives it.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.stores_events = True
        self._runner: Any = TriggerRunner()  # type: ignore[no-untyped-call]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks.append(asyncio.create_task(self._store_events()))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        if STREAMS_ARE_SHARED:
            await self._runner._shared_streams.stop_all()

    def watch(self, trigger: BaseEventTrigger, *assets: str) -> None:
        """Run a trigger for the watchers of some assets, made again from what is stored of it."""
        made: Any = travelled(trigger)
        trigger_id = len(self._tasks)
        made.trigger_id, made.timeout_after = trigger_id, None
        if STREAMS_ARE_SHARED:
            from airflow.sdk import Asset
            from airflow.sdk.execution_time.context import AssetStateStoreAccessors

            made.asset_state_store = AssetStateStoreAccessors(inlets=[Asset(name) for name in assets or ("media",)])
        self._runner.triggers[trigger_id] = {"name": f"watcher {trigger_id}", "events": 0}
        self._tasks.append(asyncio.create_task(self._runner.run_trigger(trigger_id, made)))

    async def until(self, so: Callable[[], Any]) -> None:
        """Let it work until something is so.

        :raises TimeoutError: It does not come to be.
        """
        end = time.monotonic() + PATIENCE
        while not so():
            for task in self._tasks:
                if task.done():
                    task.result()
            if time.monotonic() > end:
                raise TimeoutError(self.database)
            await asyncio.sleep(0.01)

    async def _store_events(self) -> None:
        """Do every moment what a supervisor does every second or so."""
        while True:
            await asyncio.sleep(0.02)
            while self._runner.events:
                _, event, *numbers = self._runner.events.popleft()
                if self.stores_events:
                    self.database.events.append(json.loads(json.dumps(event.payload)))
                    confirmed = [number for number in numbers if number is not None]
                    if confirmed:
                        self._runner._shared_streams.confirm_persisted(confirmed)


async def in_thread(work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Do what blocks, while the triggerer works on."""
    return await asyncio.to_thread(work, *arguments, **named)
