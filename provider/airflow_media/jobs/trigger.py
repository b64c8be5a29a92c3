"""The base of the triggers: waits for one remote job through the hub, and stops it when its task is killed.

A trigger row is stored in plain text, so it holds nothing secret: a connection id, a job id, a deadline.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from airflow_media.http.errors import MediaError
from airflow_media.jobs.compat import BaseTrigger, TriggerEvent, read_xcom, task_state
from airflow_media.jobs.deferral import JOB_ID_KEY
from airflow_media.jobs.hook import MediaHook
from airflow_media.jobs.hub import Hub
from airflow_media.jobs.progress import ProgressLog
from airflow_media.jobs.states import JobKind, Outcome, Status
from airflow_media.jobs.watch import Watch

_cancelling: set[asyncio.Task[None]] = set()
"""Cancellations on their way. The loop itself keeps weak references only."""


class JobTrigger(BaseTrigger):
    """Waits for one remote job; the declaration of a service is three names.

    A subclass names its hook, its kinds of jobs, and the argument that holds the job id. It calls its arguments as its
    operators do: a sensor that starts from its trigger has them rendered by these names.

    :param kind: Name of the kind of job, one of :attr:`kinds`.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param deadline: Wall-clock time in seconds since the epoch after which the wait ends; ``None``: the framework's
        time-out alone bounds it.
    :param cancel_on_kill: Whether to stop the remote job when the task is killed while it is deferred.
    :param options: What the task asks of the kind beyond the id, as JSON values; or that as a text, as it is stored:
        in a task that starts from its trigger, Airflow does not unwrap mappings inside of arguments.
    :param names: The two arguments of the subclass. Unknown ones, of another release, are ignored.
    """

    hook: ClassVar[type[MediaHook]]
    kinds: ClassVar[Mapping[str, JobKind]]
    job_field: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        missing = [name for name in ("hook", "kinds", "job_field") if not hasattr(cls, name)]
        if missing:
            raise TypeError(f"{cls.__name__} must declare {', '.join(missing)}")

    def __init__(
        self,
        *,
        kind: str,
        poll_interval: float,
        deadline: float | None = None,
        cancel_on_kill: bool = False,
        options: Mapping[str, Any] | str | None = None,
        **names: Any,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        if kind not in self.kinds:
            raise ValueError(f"{type(self).__name__} knows no kind of job {kind!r}; it knows {sorted(self.kinds)}")
        for name in (self.hook.conn_name_attr, self.job_field):
            setattr(self, name, names[name])
        self.kind = kind
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.cancel_on_kill = cancel_on_kill
        self.options: Mapping[str, Any] = json.loads(options) if isinstance(options, str) else options or {}

    @property
    def job_kind(self) -> JobKind:
        """The kind of job, with what the task asks of it."""
        return self.kinds[self.kind].with_options(self.options)

    @property
    def conn_id(self) -> str:
        """The Airflow connection."""
        return str(getattr(self, self.hook.conn_name_attr))

    @property
    def remote_id(self) -> str:
        """The remote job."""
        return str(getattr(self, self.job_field))

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give what the triggerer needs to make this trigger again."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                self.hook.conn_name_attr: self.conn_id,
                self.job_field: self.remote_id,
                "kind": self.kind,
                "poll_interval": self.poll_interval,
                "deadline": self.deadline,
                "cancel_on_kill": self.cancel_on_kill,
                "options": json.dumps(self.options, sort_keys=True),
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for the job and send one event. Nothing is raised: that would fail the task and leave the job behind."""
        try:
            outcome = await self._wait()
        except Exception as error:
            self.log.exception("The wait for %s %s broke", self.kinds[self.kind].noun, self.remote_id)
            outcome = Outcome(Status.ERROR, self.remote_id, f"the trigger broke: {type(error).__name__}: {error}", True)
        yield TriggerEvent(outcome.event())  # type: ignore[no-untyped-call]

    async def _wait(self) -> Outcome:
        kind = self.job_kind
        watch = Watch(
            kind=kind,
            job_id=self.remote_id,
            interval=self.poll_interval,
            deadline=self.deadline,
            progress=ProgressLog(self.log.info),
        )
        async with Hub.of(self.hook, self.conn_id) as hub:
            while True:
                await hub.sleep(watch.pause(), self.poll_interval)
                try:
                    outcome = watch.seen(await hub.observe(kind, self.remote_id, within=self.poll_interval / 2))
                except MediaError as fault:
                    outcome = watch.missed(fault)
                if outcome is not None:
                    return outcome

    async def on_kill(self) -> None:
        """Stop the remote job when a person failed, cleared or marked the task while it was deferred (Airflow 3.3).

        Airflow calls this also when it moves the trigger to another triggerer, and cancels it again about a second
        after it began. So the task is asked for first, and the work is done in a task of its own.
        """
        if not self.cancel_on_kill or self.kinds[self.kind].cancel is None:
            return
        work = asyncio.create_task(self._cancel_job())
        _cancelling.add(work)
        work.add_done_callback(_cancelling.discard)
        await asyncio.shield(work)

    async def _cancel_job(self) -> None:
        kind = self.job_kind
        try:
            # The lease is taken first: run() is ending and would close the open client with its token.
            async with Hub.of(self.hook, self.conn_id) as hub:
                if await self._still_wanted():
                    self.log.info("%s %s goes on: another triggerer waits for it now", kind.noun, self.remote_id)
                    return
                await hub.run(kind.stop(self.remote_id))
                self.log.info("Cancelled %s %s, because its task was killed", kind.noun, self.remote_id)
        except Exception as error:  # noqa: BLE001 - nobody awaits this task for its result; the log is where it is told
            why = str(error).rstrip(".")
            self.log.error("Could not cancel %s %s: %s. Stop it at the service.", kind.noun, self.remote_id, why)

    async def _still_wanted(self) -> bool:
        """Tell whether the task is still deferred and still waits for this very job.

        The state alone would not do: a cleared task may have been started anew and be waiting for another job.
        """
        ti = self.task_instance
        if ti is None:
            return False
        return await task_state(ti) == "deferred" and await read_xcom(ti, JOB_ID_KEY) == self.remote_id
