"""The ways to wait for many jobs in one event loop that bench_waits.py compares, for each of the four services.

``python waiting.py SERVICE WAY STARTS NUMBER SECONDS URL`` waits, measures itself and prints the figures.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import random
import resource
import selectors
import ssl
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from status_server import job_ids

if TYPE_CHECKING:
    from airflow_media.jobs.states import JobState, Outcome

INTERVAL = 10.0
fetches: list[str] = []
"""Connections that were asked of Airflow."""
looks: list[str] = []
"""Jobs that a wait of the provider was told of. Xvid lists all its jobs, whoever asked: the stand-in cannot know."""
SHARED, ALONE, BARE, APART, ASLEEP = "provider", "obvious", "aiohttp", "aiohttp, each at its own moment", "asleep"
STAGGERED, HERD = "staggered", "herd"
FILES = 16384
"""Open files that the wasteful way needs for 5,000 waits, and some."""


@dataclass(frozen=True)
class Room:
    """How one service is waited for.

    :param trigger: Class of the trigger, below ``airflow_media``.
    :param kind: Kind of job.
    :param job_field: The argument of the trigger that holds the id.
    :param host: Path below the stand-in's address at which the service begins.
    :param login: How the obvious code logs in, from the client and the address to the token.
    :param look: How it asks for a job, from the client, the address, the token and the id.
    """

    trigger: str
    kind: str
    job_field: str
    host: str
    login: Callable[[httpx.AsyncClient, str], Coroutine[Any, Any, str]]
    look: Callable[[httpx.AsyncClient, str, str, str], Coroutine[Any, Any, httpx.Response]]


async def _pixop_login(client: httpx.AsyncClient, url: str) -> str:
    answer = await client.get(f"{url}/accounts/v1/token", auth=("benchmark", "not-a-secret"))
    return str(answer.json()["jwtToken"])


async def _pixop_look(client: httpx.AsyncClient, url: str, token: str, job_id: str) -> httpx.Response:
    where = f"{url}/videos/v1/check-process-video-progress/{job_id}"
    return await client.get(where, headers={"Authorization": f"Bearer {token}"})


async def _xvid_login(client: httpx.AsyncClient, url: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": "benchmark", "client_secret": "not-a-secret"}
    return str((await client.post(f"{url}/oauth2/token/", data=form)).json()["access_token"])


async def _xvid_look(client: httpx.AsyncClient, url: str, token: str, job_id: str) -> httpx.Response:
    return await client.get(f"{url}/jobs/{job_id}", headers={"Authorization": f"Bearer {token}"})


async def _cielo24_login(client: httpx.AsyncClient, url: str) -> str:
    headers = {"x-auth-user": "benchmark", "x-auth-password": "not-a-secret"}
    return str((await client.get(f"{url}/api/account/login?v=1", headers=headers)).json()["ApiToken"])


async def _cielo24_look(client: httpx.AsyncClient, url: str, token: str, job_id: str) -> httpx.Response:
    return await client.get(f"{url}/api/job/info", params={"v": "1", "job_id": job_id, "api_token": token})


async def _storage_login(client: httpx.AsyncClient, url: str) -> str:
    answer = await client.post(f"{url}/tokens", json={"api_key": "not-a-secret"})
    return str(answer.json()["meta"]["token"])


async def _storage_look(client: httpx.AsyncClient, url: str, token: str, job_id: str) -> httpx.Response:
    return await client.get(f"{url}/jobs/{job_id}", headers={"Authorization": f"Bearer {token}"})


ROOMS = {
    "pixop": Room("pixop.triggers:PixopTrigger", "processing", "video_id", "/pixop", _pixop_login, _pixop_look),
    "xvid": Room("xvid.triggers:XvidJobTrigger", "job", "job_id", "/xvid/v1", _xvid_login, _xvid_look),
    "cielo24": Room(
        "cielo24.triggers:Cielo24Trigger", "transcription", "job_id", "/cielo24", _cielo24_login, _cielo24_look
    ),
    "media_storage": Room(
        "media_storage.triggers:MediaStorageJobTrigger",
        "job",
        "job_id",
        "/media_storage",
        _storage_login,
        _storage_look,
    ),
}


def shared(service: str, room: Room, url: str) -> Callable[[str], Coroutine[Any, Any, None]]:
    """What the triggerer does with a deferred task of this provider."""
    from airflow_media.http import aio  # noqa: F401 - as httpx, which the obvious code needs: imported, not measured
    from airflow_media.jobs import hub
    from airflow_media.jobs.watch import Watch

    module, _, name = room.trigger.partition(":")
    trigger_class = getattr(importlib.import_module(f"airflow_media.{module}"), name)
    extra = {"api_key": "not-a-secret", "token_url": f"{url}/tokens"} if service == "media_storage" else {}
    connection = {
        "conn_type": trigger_class.hook.conn_type,
        "host": url,
        "login": "benchmark",
        "password": "not-a-secret",
        "extra": extra,
    }
    os.environ[f"AIRFLOW_CONN_{service.upper()}_BENCH"] = json.dumps(connection)

    # What Airflow imports at the first connection of a process is Airflow's, and not measured.
    trigger_class.hook.get_connection(f"{service}_bench")
    fetch = hub.aget_connection

    async def counted(conn_id: str) -> Any:
        fetches.append(conn_id)
        return await fetch(conn_id)

    hub.aget_connection = counted
    seen = Watch.seen

    def noted(watch: Watch, state: JobState) -> Outcome | None:
        looks.append(watch.job_id)
        return seen(watch, state)

    Watch.seen = noted  # type: ignore[method-assign, assignment]

    async def wait(job_id: str) -> None:
        names = {trigger_class.hook.conn_name_attr: f"{service}_bench", room.job_field: job_id}
        trigger = trigger_class(kind=room.kind, poll_interval=INTERVAL, **names)
        async for event in trigger.run():
            raise RuntimeError(f"the wait ended before it was measured: {event}")

    return wait


def alone(service: str, room: Room, url: str) -> Callable[[str], Coroutine[Any, Any, None]]:
    """What a trigger does that opens a client of its own, logs in by itself, and again when its token is refused."""

    async def wait(job_id: str) -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            token = await room.login(client, url)
            while True:
                answer = await room.look(client, url, token, job_id)
                if answer.is_client_error:
                    token = await room.login(client, url)
                else:
                    answer.raise_for_status()
                await asyncio.sleep(INTERVAL)

    return wait


def bare(service: str, room: Room, url: str, *, apart: bool = False) -> Callable[[str], Coroutine[Any, Any, None]]:
    """What looks at jobs of Pixop cost aiohttp alone: one session and one login for all waits.

    Nothing is told, no state is read from the JSON, no fault is borne, and a token that expires is not renewed.

    :param apart: Whether each wait looks at a moment of its own, and not at one of those at which the provider looks.
    """
    import aiohttp

    from airflow_media.jobs.watch import together

    async def login() -> str:
        async with httpx.AsyncClient() as client:
            return await room.login(client, url)

    headers = {"Authorization": f"Bearer {asyncio.run(login())}"}

    @cache
    def session() -> aiohttp.ClientSession:
        trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=16, ssl=trust), headers=headers)

    async def wait(job_id: str) -> None:
        clock = asyncio.get_running_loop().time
        pause = random.uniform(0, INTERVAL)
        while True:
            due = clock() + pause
            await asyncio.sleep((due if apart else together(due, INTERVAL)) - clock())
            async with session().get(f"{url}/videos/v1/check-process-video-progress/{job_id}") as answer:
                json.loads(await answer.read())
            pause = random.uniform(0.9, 1.1) * INTERVAL

    return wait


def asleep(service: str, room: Room, url: str) -> Callable[[str], Coroutine[Any, Any, None]]:
    """What any trigger costs: one of Airflow that tells of its job once and does nothing else. It looks at nothing."""
    from airflow.triggers.base import BaseTrigger

    class SleepingTrigger(BaseTrigger):
        def __init__(self, job_id: str) -> None:
            super().__init__()
            self.job_id = job_id

        def serialize(self) -> tuple[str, dict[str, Any]]:
            return f"{__name__}.SleepingTrigger", {"job_id": self.job_id}

        async def run(self) -> Any:
            self.log.info("Waiting for job %s", self.job_id)
            while True:
                await asyncio.sleep(INTERVAL)
            yield  # makes it what the triggerer expects

    async def wait(job_id: str) -> None:
        async for event in SleepingTrigger(job_id).run():
            raise RuntimeError(f"the wait ended before it was measured: {event}")

    return wait


WAYS = {SHARED: shared, ALONE: alone, BARE: bare, APART: partial(bare, apart=True), ASLEEP: asleep}


class Collections:
    """How long Python's garbage collection held up everything, in seconds of CPU time."""

    spent = longest = _began = 0.0

    def __call__(self, phase: str, about: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.thread_time()
        else:
            pause = time.thread_time() - self._began
            self.spent, self.longest = self.spent + pause, max(self.longest, pause)


class Rounds(selectors.DefaultSelector):
    """What an event loop looks at its sockets with. It notes how long the loop takes to come round, in seconds.

    A task that looks at the clock a hundred times a second would take more CPU time than many of the waits.
    """

    longest = longest_cpu = 0.0
    _began: tuple[float, float, float] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.collections = Collections()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._began is not None:
            began, computed, collected = self._began
            round_cpu = time.thread_time() - computed - (self.collections.spent - collected)
            self.longest = max(self.longest, time.perf_counter() - began)
            self.longest_cpu = max(self.longest_cpu, round_cpu)
        ready = super().select(timeout)
        self._began = time.perf_counter(), time.thread_time(), self.collections.spent
        return ready

    def reset(self) -> None:
        """Begin to note, with garbage collections."""
        self.longest = self.longest_cpu = 0.0
        self._began = None
        gc.callbacks.append(self.collections)


ROUNDS = Rounds()


def new_loop() -> asyncio.AbstractEventLoop:
    """Give the event loop that is measured."""
    return asyncio.SelectorEventLoop(ROUNDS)


def log_as_triggers_do() -> None:
    """Log as Airflow has the process log in which its triggers run: as JSON, line by line, to the triggerer."""
    from airflow.sdk.log import configure_logging, reset_logging

    reset_logging()
    output = open(sys.stdout.fileno(), "wb", buffering=0, closefd=False)  # noqa: SIM115 - for the life of the process
    configure_logging(json_output=True, output=output, sending_to_supervisor=True)


async def measure(
    wait: Callable[[str], Coroutine[Any, Any, None]], ids: list[str], starts: str, seconds: float
) -> dict[str, float]:
    """Begin the waits, let the time pass, and tell what they cost; in a loop of :func:`new_loop`."""
    gc.collect()
    gc.freeze()  # full collections go through all that Airflow has imported: not measured
    ROUNDS.reset()
    memory, began, cpu = _memory("VmRSS"), time.perf_counter(), time.process_time()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    tasks = []
    for place, job_id in enumerate(ids):
        if starts == STAGGERED:  # in lots, for a triggerer asks for new triggers once a second
            await asyncio.sleep(began + INTERVAL * place // len(ids) - time.perf_counter())
        else:
            await asyncio.sleep(0)  # as the triggerer does before it creates the next one
        tasks.append(asyncio.create_task(wait(job_id)))
    ended, _ = await asyncio.wait(tasks, timeout=max(0.0, began + seconds - time.perf_counter()))
    figures = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "added_memory": _memory("VmHWM") - memory,
        "files": float(len(os.listdir("/proc/self/fd"))),
        "longest_block_ms": 1000 * ROUNDS.longest,
        "longest_block_cpu_ms": 1000 * ROUNDS.longest_cpu,
        "longest_collection_ms": 1000 * ROUNDS.collections.longest,
        "ended": float(len(ended)),
        "fetches": float(len(fetches)),
        "looks": float(len(looks)),
    }
    began = time.thread_time()
    gc.collect()  # Python does this now and then: whatever waits in this process, it stops for as long
    figures["full_collection_ms"] = 1000 * (time.thread_time() - began)
    for task in list(ended)[:1]:
        print(repr(task.exception()), file=sys.stderr)
    return figures


def _memory(field: str) -> float:
    return int(Path("/proc/self/status").read_text().partition(f"{field}:")[2].split()[0]) / 1024


def main(service: str, way: str, starts: str, number: str, seconds: str, url: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard > soft:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (FILES if hard == resource.RLIM_INFINITY else min(FILES, hard), hard)
        )
    log_as_triggers_do()
    room = ROOMS[service]
    wait = WAYS[way](service, room, url + room.host)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        figures = runner.run(measure(wait, job_ids(service, int(number)), starts, float(seconds)))
        print(json.dumps(figures), flush=True)
        os._exit(0)  # what was waited for has no end; taking thousands of waits down is not measured


if __name__ == "__main__":
    main(*sys.argv[1:])
