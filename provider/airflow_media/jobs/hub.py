"""One hub per event loop and connection: one client, one token, one gate for all waits of a connection in a triggerer.

Triggers lease the hub; the first lease makes it, the last one to end closes it. Nothing of it survives its event loop,
because ``airflow dags test`` runs each leg of a task in a loop of its own.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self, TypeVar
from weakref import WeakKeyDictionary

from airflow_media.http.call import Call, Flow
from airflow_media.http.client import AsyncClient, prepare
from airflow_media.http.errors import AuthenticationError, NetworkFaultError, NotFoundError, ProtocolError
from airflow_media.jobs.compat import aget_connection, in_thread
from airflow_media.jobs.hook import MediaHook
from airflow_media.jobs.states import JobKind, JobState
from airflow_media.jobs.watch import together

T = TypeVar("T")

REFUSAL = 60.0
"""Seconds for which credentials that were refused are not tried again: a thousand waits that log in one after the
other would lock the account."""
AT_ONCE = 50
"""Waits that are told of their jobs in one turn of the event loop."""

_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[type[MediaHook], str], Hub]] = WeakKeyDictionary()


class Hub:
    """Shared by all waits of one connection in one event loop.

    :param hook: The hook class of the service.
    :param conn_id: The Airflow connection.
    """

    def __init__(self, hook: type[MediaHook], conn_id: str) -> None:
        self._hook = hook
        self._conn_id = conn_id
        self._leases = 0
        self._client: AsyncClient | None = None
        self._retired: list[AsyncClient] = []
        self._opening = asyncio.Lock()
        self._renewing = asyncio.Lock()
        self._batches: dict[tuple[str, str], Batch] = {}
        self._bells: dict[float, asyncio.Event] = {}
        self._refusal: AuthenticationError | None = None
        self._refused_until = 0.0

    @classmethod
    def of(cls, hook: type[MediaHook], conn_id: str) -> Hub:
        """Give the hub of a connection in the running loop, to be leased at once by ``async with``.

        :param hook: The hook class of the service.
        :param conn_id: The Airflow connection.
        """
        hubs = _hubs.setdefault(asyncio.get_running_loop(), {})
        if (hook, conn_id) not in hubs:
            hubs[hook, conn_id] = cls(hook, conn_id)
        return hubs[hook, conn_id]

    async def __aenter__(self) -> Self:
        self._leases += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._leases -= 1
        if not self._leases:
            del _hubs[asyncio.get_running_loop()][self._hook, self._conn_id]
            await self._close()

    async def sleep(self, pause: float, interval: float) -> None:
        """Sleep until a look is due, and on to the next moment at which others look, too. They share one timer.

        :param pause: Until the look is due, in seconds.
        :param interval: Usual pause between two looks, in seconds.
        """
        loop = asyncio.get_running_loop()
        moment = together(loop.time() + pause, interval)
        if moment not in self._bells:
            self._bells[moment] = asyncio.Event()
            loop.call_at(moment, self._ring, moment)
        await self._bells[moment].wait()

    def _ring(self, moment: float) -> None:
        self._bells.pop(moment).set()

    async def run(self, flow: Flow[T] | Call[T]) -> T:
        """Carry out a call or a flow.

        :param flow: The call or flow. It is a fresh one at each call, since a flow runs once.
        :raises MediaError: What the service refused, or what went wrong on the way.
        """
        return await (await self._open()).run(flow)

    async def observe(self, kind: JobKind, job_id: str, within: float) -> JobState:
        """Look at a job.

        :param kind: The kind of job.
        :param job_id: Its id.
        :param within: Seconds that the look may wait for others of its kind, to be answered by one request with them.
        :raises MediaError: What the service refused, or what went wrong on the way.
        """
        self._raise_refusal()
        client = await self._open()
        try:
            return await self._look(kind, job_id, within)
        except AuthenticationError:
            async with self._renewing:  # one tries for all
                self._raise_refusal()
                if self._client is client:
                    return await self._look_anew(kind, job_id, within)
        return await self._look(kind, job_id, within)

    async def _look_anew(self, kind: JobKind, job_id: str, within: float) -> JobState:
        """Look with the connection read anew: somebody may have changed the password while this task waited."""
        await self._drop()
        try:
            return await self._look(kind, job_id, within)
        except AuthenticationError as refusal:
            self._refusal, self._refused_until = refusal, time.monotonic() + REFUSAL
            raise

    def _raise_refusal(self) -> None:
        if self._refusal is not None and time.monotonic() < self._refused_until:
            raise self._refusal.with_traceback(None)

    async def _look(self, kind: JobKind, job_id: str, within: float) -> JobState:
        if kind.observe_many is None:
            return await self.run(kind.look(job_id))
        asked = (kind.name, json.dumps(kind.options, sort_keys=True) if kind.options else "")
        if asked not in self._batches:
            self._batches[asked] = Batch(self, kind)
        return await self._batches[asked].ask(job_id, within)

    async def _open(self) -> AsyncClient:
        if self._client is not None:
            return self._client
        async with self._opening:
            if self._client is None:
                self._client = await self._new_client()
            return self._client

    async def _new_client(self) -> AsyncClient:
        try:
            connection = await aget_connection(self._conn_id)
        except Exception as error:  # noqa: BLE001 - a secrets backend may raise anything, and it must not kill a wait
            text = f"it could not give the connection {self._conn_id!r} ({type(error).__name__})"
            hint = "Check it under Admin, Connections."
            if "NotFound" in type(error).__name__ or "NOT_FOUND" in str(error) or "isn't defined" in str(error):
                # The task had it when it began to wait, and a secrets backend in trouble says the same: an odd answer.
                raise ProtocolError(text, service="Airflow", hint=hint, retryable=True) from None
            raise NetworkFaultError(text, service="Airflow", hint=hint) from None
        access = await in_thread(self._hook.access_of, connection)  # it blanks the secrets in Airflow's logs
        await in_thread(prepare)
        return access.async_client()

    async def _drop(self) -> None:
        async with self._opening:
            if self._client is not None:
                self._retired.append(self._client)  # others may be in the middle of a request with it
                self._client = None

    async def _close(self) -> None:
        for batch in self._batches.values():
            batch.close()
        for client in (self._client, *self._retired):
            if client is not None:
                await client.aclose()


class Batch:
    """Gathers the looks at jobs of one kind for a moment, and answers them all with one flow.

    :param hub: The hub.
    :param kind: A kind of job that can be observed in numbers.
    """

    def __init__(self, hub: Hub, kind: JobKind) -> None:
        self._hub = hub
        self._kind = kind
        self._waiting: dict[str, list[asyncio.Future[JobState]]] = {}
        self._flushes: set[asyncio.Task[None]] = set()

    async def ask(self, job_id: str, within: float) -> JobState:
        """Look at one job together with all others that are asked about within a moment.

        :param job_id: The job.
        :param within: How long that moment may last, in seconds.
        """
        if not self._waiting:
            flush = asyncio.create_task(self._flush_after(within))
            self._flushes.add(flush)
            flush.add_done_callback(self._flushes.discard)
        future: asyncio.Future[JobState] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(job_id, []).append(future)
        return await future

    def close(self) -> None:
        """Stop; nobody is waiting any more."""
        for flush in self._flushes:
            flush.cancel()

    async def _flush_after(self, delay: float) -> None:
        await asyncio.sleep(delay)
        waiting, self._waiting = self._waiting, {}
        try:
            states = await self._hub.run(self._kind.look_at_all(sorted(waiting)))
        except Exception as error:  # noqa: BLE001 - whoever asked gets it, whatever it is; nobody may wait for ever
            await _settle(waiting, {}, error)
        else:
            await _settle(waiting, states, None)


async def _settle(
    waiting: Mapping[str, list[asyncio.Future[JobState]]], states: Mapping[str, JobState], fault: Exception | None
) -> None:
    asked = [(job_id, future) for job_id, futures in waiting.items() for future in futures]
    for number, (job_id, future) in enumerate(asked, start=1):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)  # those go on first; all at once would hold up every other trigger
        if future.cancelled():
            continue
        if fault is None and job_id in states:
            future.set_result(states[job_id])
            continue
        future.set_exception(fault or NotFoundError("it is not among the jobs that the service lists", subject=job_id))
        future.exception()  # whoever asked may be gone by now: not an error that nobody looked at
