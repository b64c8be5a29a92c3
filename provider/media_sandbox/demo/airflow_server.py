"""A whole Airflow in child processes: SQLite, LocalExecutor, scheduler, triggerer, DAG processor and API server.

.. code-block:: python

    with AirflowServer(home, dags, connections={"pixop_default": {...}}) as airflow:
        airflow.wait_for_dag("pixop_enhance")
        run = airflow.api.trigger("pixop_enhance", {"sources": [...]})
        airflow.api.wait_for_run(run, seconds=60)
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

from media_sandbox.demo.airflow_api import HEALTH_SECONDS, AirflowApi
from media_sandbox.demo.children import GRACE_SECONDS, Child, stop_all
from media_sandbox.demo.waiting import wait_until

HOST: Final = "127.0.0.1"
USER: Final = "admin"
DATABASE_SECONDS: Final = 15
MIGRATE_SECONDS: Final = 300.0
START_SECONDS: Final = 300.0
DAG_SECONDS: Final = 180.0
COMMAND_SECONDS: Final = 180.0

SETTINGS: Final[Mapping[str, str]] = {
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    # Airflow keeps this many workers of 130 MB; more do not help on a laptop.
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
    # The default asks the name server who we are, which takes seconds where there is none.
    "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
    "AIRFLOW__API__HOST": HOST,
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    # A task that became ready waits for the scheduler's next round, and a DAG has many tasks in a row.
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
    # Tasks are retried here while somebody watches; the usual five minutes are for services that are down.
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "2",
    # A worker may notice only at the next heartbeat that its task has ended, and is not free until then.
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
}
"""Configuration of every Airflow started here."""
HEALTH_CHECKS: Final = frozenset({"metadatabase", "scheduler", "triggerer", "dag_processor"})


class DagImportError(Exception):
    """DAG files could not be read; the text has their stack traces."""


class AirflowServer:
    """An Airflow of our own, reachable from this machine only.

    :param home: Its ``AIRFLOW_HOME``. What an earlier run left there is taken up: runs, logs, password.
    :param dags: The DAG folder.
    :param connections: Connections by id, each in the form of Airflow's JSON: ``conn_type``, ``host``, ``login``, …
    :param env: Further environment variables, such as ``AIRFLOW__SECTION__KEY``. Those of this process are passed on,
        except for ``AIRFLOW*``: settings of another Airflow must not get here.
    """

    def __init__(
        self,
        home: Path,
        dags: Path,
        *,
        connections: Mapping[str, Mapping[str, Any]] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home.absolute()
        self.port, self._task_port = _free_ports()
        self.base_url = f"http://{HOST}:{self.port}"
        self._task_url = f"http://{HOST}:{self._task_port}/execution/"
        self.components: dict[str, Child] = {}
        self.password = _password(self.home)
        self.api = AirflowApi(self.base_url, USER, self.password)
        self._env = self._environment(dags.absolute(), connections or {}) | dict(env or {})

    def start(self, *, seconds: float = START_SECONDS) -> None:
        """Start all components and wait until all are healthy; stop what was started if that fails.

        :param seconds: How long the components may take, after the database was made.
        :raises ChildError: A component ended; the error has the end of its log.
        :raises TimeoutError: Some component was not healthy in time; the error has the end of its log.
        """
        try:
            self.spawn("migrate", "db", "migrate").wait(MIGRATE_SECONDS)
            # The ports on which scheduler and triggerer serve logs are fixed and open to the network. We do without:
            # all logs are in files of the same home.
            self.spawn("api-server", "api-server", "--apps", "core", "--port", str(self.port))
            # In one process with the tasks' API, the API for people locks up on SQLite: it writes its log of actions on
            # the event loop, and waits there for a transaction of a task that needs the event loop for its commit.
            self.spawn("task-api-server", "api-server", "--apps", "execution", "--port", str(self._task_port))
            self.spawn("scheduler", "scheduler", "--skip-serve-logs")
            self.spawn("dag-processor", "dag-processor")
            self.spawn("triggerer", "triggerer", "--skip-serve-logs")
            self._wait_until_healthy(seconds)
        except BaseException:
            self.stop()
            raise

    def spawn(self, name: str, *arguments: str) -> Child:
        """Start a component, or any other command of Airflow, as a child of this server.

        :param name: Its key in :attr:`components` and the name of its log, such as ``triggerer-2``.
        :param arguments: The command, as behind ``airflow`` on a command line.
        """
        command = [sys.executable, "-m", "airflow", *arguments]
        child = Child(f"airflow {name}", command, log=self.home / f"{name}.log", env=self._env)
        self.components[name] = child
        return child.start()

    def command(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> str:
        """Do what a command of Airflow does, and return what it printed.

        :param arguments: The command, as behind ``airflow`` on a command line.
        :raises ChildError: It failed, or did not end in time; the error has the end of what it printed.
        """
        log = self.home / f"command-{arguments[0]}.log"
        log.unlink(missing_ok=True)
        child = Child(f"airflow {arguments[0]}", [sys.executable, "-m", "airflow", *arguments], log=log, env=self._env)
        try:
            child.start().wait(seconds)
        finally:
            child.stop()
        return log.read_text(errors="replace")

    def restart(self, name: str, *, grace: float = GRACE_SECONDS, seconds: float = START_SECONDS) -> None:
        """Stop a component, start it again, and wait until all are healthy.

        :param name: Its key in :attr:`components`.
        :param grace: As for :meth:`stop`; 0 kills it.
        :param seconds: How long it may take until all are healthy.
        """
        child = self.components[name]
        child.stop(grace)
        child.start()
        self._wait_until_healthy(seconds)

    def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Stop everything that was started, tasks in flight too.

        :param grace: Seconds that it may take in good order; whatever is left then is killed.
        """
        self.api.close()
        stop_all(self.components.values(), grace)

    def wait_for_dag(self, dag_id: str, *, seconds: float = DAG_SECONDS) -> None:
        """Wait until the DAG processor has read a DAG.

        :raises DagImportError: A file in the DAG folder cannot be read.
        :raises TimeoutError: The DAG did not turn up in time.
        """

        def present() -> bool:
            self.check()
            if problems := self.api.import_problems():
                traces = "\n".join(f"{each.filename}:\n{each.stack_trace}" for each in problems)
                raise DagImportError(f"Airflow could not read {len(problems)} file(s) in the DAG folder.\n{traces}")
            return self.api.has_dag(dag_id)

        wait_until(present, what=f"the DAG {dag_id!r}", seconds=seconds)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _wait_until_healthy(self, seconds: float) -> None:
        health: dict[str, str | None] = {}

        def healthy() -> bool:
            self.check()
            try:
                health.update(self.api.health())
                all_healthy = health.keys() >= HEALTH_CHECKS and set(health.values()) == {"healthy"}
                return all_healthy and self._serves_tasks()
            except (httpx.TransportError, httpx.HTTPStatusError):
                return False

        try:
            wait_until(healthy, what=f"Airflow at {self.base_url} to be healthy", seconds=seconds)
        except TimeoutError as error:
            logs = "\n".join(f"{child.name}:\n{child.tail()}" for child in self.components.values())
            raise TimeoutError(f"{error}; it says {health or 'nothing'}. The logs end with:\n{logs}") from None

    def _serves_tasks(self) -> bool:
        # Airflow builds the API of the tasks at its first request, which takes seconds: let it not be the first task's.
        return httpx.get(f"{self._task_url}health", timeout=HEALTH_SECONDS, trust_env=False).is_success

    def check(self) -> None:
        """Make sure that all components run.

        :raises ChildError: One has ended; the error has the end of its log.
        """
        for name, child in self.components.items():
            if name != "migrate":
                child.check()

    def _environment(self, dags: Path, connections: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        # Every component and every task is a new Python; compiling all of Airflow for each would double all times.
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)
        return {
            **inherited,
            # Tasks find the programs of this Python's environment as they do in one that was activated.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", os.defpath)]),
            **SETTINGS,
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            # SQLite takes one write at a time, and a component that waits longer than this dies of it; usual are 5 s.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db?timeout={DATABASE_SECONDS}",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS": "media_sandbox.demo.sqlite.CONNECT_ARGS",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_password_file(self.home)),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": self._task_url,
            "AIRFLOW__API__BASE_URL": self.base_url,
            "AIRFLOW__API__PORT": str(self.port),
            **{f"AIRFLOW_CONN_{id_.upper()}": json.dumps(connection) for id_, connection in connections.items()},
        }


def _password_file(home: Path) -> Path:
    return home / "simple_auth_manager_passwords.json"


def _password(home: Path) -> str:
    """Return the password of an Airflow, one of its own: other users of this machine can reach it too."""
    file = _password_file(home)
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(json.dumps({USER: secrets.token_urlsafe(9)}))
    password: str = json.loads(file.read_text())[USER]
    return password


def _free_ports() -> tuple[int, int]:
    # Both are held until both are known, so that they differ.
    with socket.socket() as one, socket.socket() as other:
        one.bind((HOST, 0))
        other.bind((HOST, 0))
        return one.getsockname()[1], other.getsockname()[1]
