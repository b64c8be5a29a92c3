"""What these tests work on: a real Airflow with its processes, the services, S3, and what to ask of them."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import psutil

from airflow_media.pixop.models import Phase
from media_sandbox.demo.airflow_api import AirflowApi, DagRun
from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.demo.s3_server import S3Server
from media_sandbox.demo.waiting import wait_until
from media_sandbox.testing import AdminClient, RunningSandbox, running_sandbox
from support.captioning import CaptionHouse
from support.mediahub import MediaHub
from support.storeroom import Storeroom
from support.studio import Studio
from support.troubled_s3 import Exchange, Trouble, TroubledS3

PATIENCE = 240.0
"""Seconds after which something that has not come to be will not: the machine may be busy."""
TASK = "task"
TRIGGERERS = ("triggerer", "triggerer-2")
OPTIONS: dict[str, dict[str, Any]] = {"media_storage": {"jobs_from_uploads": False}}
"""How the stand-ins are set."""


class RestartableSandbox:
    """A sandbox that can be stopped and started again, at the same address, with all that it knows.

    :param data: Its directory.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._stack = ExitStack()
        self.running: RunningSandbox = self._stack.enter_context(running_sandbox(data, **OPTIONS))

    def stop(self) -> None:
        """Stop it: connections are cut, new ones refused."""
        self._stack.close()

    def start(self) -> None:
        """Start it again."""
        port = urlsplit(self.running.base_url).port or 0
        self.running = self._stack.enter_context(running_sandbox(self._data, port=port, **OPTIONS))


@dataclass
class Plant:
    """Everything at once.

    :param airflow: The Airflow; its components are ``scheduler``, ``triggerer``, ``triggerer-2`` and so on.
    :param services: The stand-ins of the services.
    :param s3: An S3.
    :param troubled: The way by which Airflow reaches it.
    :param clip: A small video.
    :param film: The same with so much in it that it is sent in many pieces, and to S3 in two parts.
    """

    airflow: AirflowServer
    services: RestartableSandbox
    s3: S3Server
    troubled: TroubledS3
    clip: Path
    film: Path
    _names: Iterator[int] = field(default_factory=count)

    @property
    def api(self) -> AirflowApi:
        """Airflow's API."""
        return self.airflow.api

    @property
    def admin(self) -> AdminClient:
        """The sandbox's controls."""
        return self.services.running.admin

    @property
    def studio(self) -> Studio:
        """Pixop, as its customer sees it."""
        return Studio(self.services.running, self.clip)

    @property
    def hub(self) -> MediaHub:
        """Xvid MediaHub, as its customer sees it."""
        return MediaHub(self.services.running, self.clip)

    @property
    def house(self) -> CaptionHouse:
        """Cielo24, as its customer sees it."""
        return CaptionHouse(self.services.running, self.clip)

    @property
    def storeroom(self) -> Storeroom:
        """The media storage, as its user sees it."""
        return Storeroom(self.services.running, self.clip)

    # Pixop's part

    def name(self) -> str:
        """Give a name that nothing has yet."""
        return f"film-{next(self._names)}"

    def original(self, path: Path | None = None) -> str:
        """Upload a video to Pixop and wait until it is ingested; give its id."""
        studio = self.studio
        video_id = studio.uploaded(path or self.clip, self.name())
        studio.until(video_id, lambda video: bool(video.ingestion and video.ingestion.state.phase is Phase.DONE))
        return video_id

    def jobs_of(self, original: str) -> list[str]:
        """Give the processed videos that there are of an original, those being made too."""
        return [video.id for video in self.studio.videos if video.parent_id == original]

    def orders_of(self, original: str) -> list[dict[str, Any]]:
        """Give the requests to process an original that Pixop has taken: each is paid for."""
        ordered = self.requests("pixop.process_video", original)
        return [entry for entry in ordered if entry["status"] == 200]

    def requests(self, operation: str, ending: str = "") -> list[dict[str, Any]]:
        """Give the requests of an operation whose path ends in a certain way."""
        return [entry for entry in self.admin.requests(operation) if entry["path"].endswith(ending)]

    # Airflow's part

    def state(self, run: DagRun, *states: str) -> None:
        """Wait until the task of a run is in one of some states."""
        self.api.wait_for_state(run, TASK, states, seconds=PATIENCE)

    def deferred(self, run: DagRun) -> None:
        """Wait until a triggerer waits for the task of a run: nobody is told of what is done to a task before that."""
        self.state(run, "deferred")
        until(lambda: "starting" in self.log(run), "the start of the trigger")

    def end(self, run: DagRun) -> str:
        """Wait for the end of a run; give its state."""
        return self.api.wait_for_run(run, seconds=PATIENCE).state

    def tries(self, run: DagRun) -> int:
        """Tell how many tries of the task of a run were begun."""
        return self.api.task_instance(run, TASK).try_number

    def log(self, run: DagRun, try_number: int | None = None) -> str:
        """Give what the task of a run has logged."""
        return "\n".join(self.api.log_lines(self.api.task_instance(run, TASK), try_number))

    def kill_task(self, run: DagRun, *, with_worker: bool) -> None:
        """End the process of a task without a warning.

        :param run: The run of the task.
        :param with_worker: Whether the worker goes with it, as when a machine dies: nobody is left then to tell.
        """
        # Airflow answers before it commits, so that a task may be at work that it does not tell of yet.
        pid: int = until(lambda: self.api.task_instance(run, TASK).pid, "the process of the task")
        worker = psutil.Process(pid).parent()
        assert worker is not None
        assert {pid, worker.pid} <= set(self.airflow.components["scheduler"].members())
        if with_worker:
            worker.kill()
        os.kill(pid, signal.SIGKILL)

    def is_alive(self, run: DagRun) -> bool:
        """Tell whether the process of the task of a run is alive."""
        pid = self.api.task_instance(run, TASK).pid
        return pid is not None and pid in self.airflow.components["scheduler"].members()

    def kill(self, component: str) -> None:
        """End a component and all its descendants without a warning, and leave it dead."""
        child = self.airflow.components[component]
        child.signal(signal.SIGKILL)
        child.stop(grace=0)

    def freeze(self, component: str) -> None:
        """Stop a component and all its descendants, until :meth:`thaw`."""
        self._signal(component, signal.SIGSTOP)

    def thaw(self, component: str) -> None:
        """Let a component go on."""
        self._signal(component, signal.SIGCONT)

    def triggerer(self, number: int) -> str:
        """Name a triggerer that has waits, by its number in the database: it has their logs open."""

        def writes(name: str) -> bool:
            processes = [psutil.Process(pid) for pid in self.airflow.components[name].members()]
            return any(file.path.endswith(f".trigger.{number}.log") for each in processes for file in each.open_files())

        found: str = until(lambda: next(filter(writes, TRIGGERERS), None), f"logs of triggerer {number}")
        return found

    def _signal(self, component: str, number: signal.Signals) -> None:
        for pid in self.airflow.components[component].members():
            os.kill(pid, number)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the metadata database."""
        with closing(sqlite3.connect(self.airflow.home / "airflow.db", timeout=30)) as database:
            return database.execute(query).fetchall()

    @contextmanager
    def busy_database(self) -> Iterator[None]:
        """Let nobody write to the metadata database."""
        with closing(sqlite3.connect(self.airflow.home / "airflow.db", timeout=30, isolation_level=None)) as database:
            database.execute("begin immediate")
            yield
            database.execute("rollback")


@dataclass(frozen=True)
class Wait:
    """A task that waits for a processing that is stuck.

    :param plant: Everything.
    :param run: The run of the task.
    :param original: What is processed.
    :param job: The video that is made of it.
    """

    plant: Plant
    run: DagRun
    original: str
    job: str

    @classmethod
    def begin(cls, plant: Plant, dag_id: str, state: str) -> Self:
        """Have a task begin, and wait until it waits.

        :param dag_id: A DAG with such a task.
        :param state: In which state it waits.
        """
        original = plant.original()
        plant.admin.outcome("process", "stuck", on=original, percent=20, times=1)
        run = plant.api.trigger(dag_id, {"video_id": original})
        plant.state(run, state)
        [job] = until(lambda: plant.jobs_of(original), "the processing")
        wait = cls(plant, run, original, job)
        wait.until_watched()
        return wait

    @property
    def cancels(self) -> list[dict[str, Any]]:
        """The requests to cancel the job."""
        return self.plant.requests("pixop.delete_video", self.job)

    def until_watched(self) -> None:
        """Wait until the task looks at the job, from now on."""
        seen = len(self._looks)
        until(lambda: len(self._looks) > seen, f"a look at the processing of {self.job}")

    def until_done(self) -> None:
        """Wait until the job has come to its end."""
        until(lambda: self.plant.admin.video(self.job)["processing"]["status"] == "DONE", "the end of the processing")

    def must_have_one_job(self) -> None:
        """See that one job was ordered, and that it was left alone."""
        assert self.plant.jobs_of(self.original) == [self.job]
        assert len(self.plant.orders_of(self.original)) == 1
        assert self.cancels == []

    @property
    def _looks(self) -> list[dict[str, Any]]:
        return self.plant.requests("pixop.check_process_progress", self.job)


def until(check: Callable[[], Any], what: str) -> Any:
    """Wait until something is so."""
    return wait_until(check, what=what, seconds=PATIENCE)


def time_of(entry: dict[str, Any]) -> datetime:
    """Tell when a request came, to the second before."""
    return datetime.strptime(entry["time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def halfway(release: threading.Event) -> Trouble:
    """The first answer of S3 stands still in the middle, until it is released, and then breaks off."""
    fresh = True

    def stand_still(exchange: Exchange) -> bool:
        nonlocal fresh
        if exchange.method != "GET" or not fresh:
            return False
        fresh = False
        exchange.pass_on(half=True)
        exchange.wfile.flush()
        release.wait(PATIENCE)
        exchange.hang_up()
        return True

    return stand_still
