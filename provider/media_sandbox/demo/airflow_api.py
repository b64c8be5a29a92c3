"""A small client of Airflow's public REST API (``/api/v2``, Airflow 3.0 and later)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Self

import httpx

from media_sandbox.demo.waiting import wait_until

PAGE_SIZE: Final = 100
HEALTH_SECONDS: Final = 5.0
COMMIT_SECONDS: Final = 60.0
FINISHED: Final = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
"""States that a task instance stays in."""
RUN_FINISHED: Final = frozenset({"success", "failed"})
UNMAPPED: Final = -1
"""Map index of a task instance that is not mapped."""


class AirflowApiError(Exception):
    """Airflow refused a request; the text says which, and what it answered."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class ImportProblem:
    """A DAG file that could not be read."""

    filename: str
    stack_trace: str


@dataclass(frozen=True)
class DagRun:
    """A run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    logical_date: datetime | None = None

    @property
    def finished(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state in RUN_FINISHED

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read it from an answer."""
        return cls(
            dag_id=value["dag_id"],
            run_id=value["dag_run_id"],
            state=value["state"],
            logical_date=_time(value["logical_date"]),
        )


@dataclass(frozen=True)
class TaskInstance:
    """A task of a run; one for each map index if it is mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None
    """``None`` before the scheduler has looked at it."""
    try_number: int
    rendered_map_index: str | None
    """What the DAG wants a person to read in place of the map index."""
    start: datetime | None
    end: datetime | None
    pid: int | None = None
    """Process of its last leg on a worker."""

    @property
    def finished(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state in FINISHED

    @property
    def label(self) -> str:
        """What a person calls it: ``task_id``, with the map index if it is mapped."""
        return self.task_id if self.map_index == UNMAPPED else f"{self.task_id}[{self.map_index}]"

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read it from an answer."""
        return cls(
            dag_id=value["dag_id"],
            run_id=value["dag_run_id"],
            task_id=value["task_id"],
            map_index=value["map_index"],
            state=value["state"],
            try_number=value["try_number"],
            rendered_map_index=value["rendered_map_index"],
            start=_time(value["start_date"]),
            end=_time(value["end_date"]),
            pid=value["pid"],
        )


@dataclass(frozen=True)
class Backfill:
    """Runs of a DAG for days that are over."""

    id: int
    dag_id: str
    completed: bool

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read it from an answer."""
        return cls(id=value["id"], dag_id=value["dag_id"], completed=value["completed_at"] is not None)


class AirflowApi:
    """Speaks to one Airflow as one user of its simple auth manager.

    :param base_url: Where its API server is, without a path.
    :param user: User name.
    :param password: Password.
    """

    def __init__(self, base_url: str, user: str, password: str) -> None:
        self.base_url = base_url
        self._credentials = {"username": user, "password": password}
        # An Airflow on this machine is not to be asked by way of a proxy.
        self._client = httpx.Client(base_url=base_url, timeout=30, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def health(self) -> dict[str, str | None]:
        """Return the status of each component: ``healthy``, ``unhealthy``, or ``None`` if it has not shown up yet."""
        answer = self._client.get("/api/v2/monitor/health", timeout=HEALTH_SECONDS)
        answer.raise_for_status()
        return {component: value["status"] for component, value in answer.json().items() if value}

    def import_problems(self) -> list[ImportProblem]:
        """Return the DAG files that could not be read."""
        return [
            ImportProblem(each["filename"], each["stack_trace"])
            for each in self._pages("/importErrors", "import_errors")
        ]

    def has_dag(self, dag_id: str) -> bool:
        """Return whether a DAG is there."""
        return self._exists(f"/dags/{dag_id}")

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run a DAG."""
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Have the scheduler begin nothing more of a DAG."""
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": True})

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> DagRun:
        """Start a run of a DAG, which is unpaused if need be.

        :param conf: Values for the DAG's params; the others keep their defaults.
        """
        self.unpause(dag_id)
        body = {"logical_date": None, "conf": dict(conf or {})}
        run = DagRun.from_json(self._call("POST", f"/dags/{dag_id}/dagRuns", json=body))
        # With some versions of FastAPI, Airflow answers before it commits.
        wait_until(lambda: self._exists(_path(run)), what=f"run {run.run_id}", seconds=COMMIT_SECONDS)
        return run

    def run(self, run: DagRun) -> DagRun:
        """Return a run as it is now."""
        return DagRun.from_json(self._call("GET", _path(run)))

    def wait_for_run(self, run: DagRun, *, seconds: float) -> DagRun:
        """Wait until a run has ended, well or not.

        :raises TimeoutError: It has not ended in time.
        """

        def ended() -> DagRun | None:
            now = self.run(run)
            return now if now.finished else None

        return wait_until(ended, what=f"the end of run {run.run_id} of DAG {run.dag_id}", seconds=seconds)

    def task_instances(self, run: DagRun) -> list[TaskInstance]:
        """Return the tasks of a run, each map index of a mapped one."""
        return [TaskInstance.from_json(each) for each in self._pages(f"{_path(run)}/taskInstances", "task_instances")]

    def task_instance(self, run: DagRun, task_id: str, map_index: int = UNMAPPED) -> TaskInstance:
        """Return one task of a run."""
        return TaskInstance.from_json(self._call("GET", _task_path(run, task_id, map_index)))

    def wait_for_state(
        self, run: DagRun, task_id: str, states: Sequence[str], *, map_index: int = UNMAPPED, seconds: float
    ) -> TaskInstance:
        """Wait until a task is in one of some states.

        :raises TimeoutError: It has not been in any of them in time.
        """

        def arrived() -> TaskInstance | None:
            now = self.task_instance(run, task_id, map_index)
            return now if now.state in states else None

        wanted = " or ".join(states)
        return wait_until(arrived, what=f"task {task_id}[{map_index}] to be {wanted}", seconds=seconds)

    def log_lines(self, task: TaskInstance, try_number: int | None = None) -> list[str]:
        """Return what a try of a task logged, on the worker and in the triggerer.

        :param try_number: Which try; the current one if not given.
        """
        path = (
            f"{_run_path(task.dag_id, task.run_id)}/taskInstances/{task.task_id}/logs/{try_number or task.try_number}"
        )
        answer = self._call("GET", path, params={"map_index": task.map_index, "full_content": True})
        return [line for entry in answer["content"] for line in _lines(entry)]

    def xcom(self, run: DagRun, task_id: str, map_index: int = UNMAPPED, key: str = "return_value") -> Any:
        """Return a value that a task passed on.

        :raises AirflowApiError: There is none.
        """
        path = f"{_path(run)}/taskInstances/{task_id}/xcomEntries/{key}"
        return self._call("GET", path, params={"map_index": map_index})["value"]

    def links(self, run: DagRun, task_id: str, map_index: int = UNMAPPED) -> dict[str, str | None]:
        """Return the extra links of a task, by their names."""
        path = f"{_path(run)}/taskInstances/{task_id}/links"
        links: dict[str, str | None] = self._call("GET", path, params={"map_index": map_index})["extra_links"]
        return links

    def set_state(self, run: DagRun, task_id: str, state: str, map_index: int = UNMAPPED) -> None:
        """Mark a task as ``success`` or ``failed``, as a person does in the UI."""
        self._call("PATCH", _task_path(run, task_id, map_index), json={"new_state": state})

    def answer(self, run: DagRun, task_id: str, option: str) -> None:
        """Answer what a task asks a person, as under "Required Actions" in the UI."""
        body = {"chosen_options": [option], "params_input": {}}
        self._call("PATCH", f"{_path(run)}/taskInstances/{task_id}/{UNMAPPED}/hitlDetails", json=body)

    def fail(self, run: DagRun) -> None:
        """Mark a run as ``failed``, as a person does in the UI: its tasks are killed, its teardowns still run."""
        self._call("PATCH", _path(run), json={"state": "failed"})

    def delete(self, run: DagRun) -> None:
        """Delete a run that has ended, with its tasks and their logs in the database."""
        self._call("DELETE", _path(run))

    def clear(self, run: DagRun, task_ids: Sequence[str], *, downstream: bool = False) -> None:
        """Let tasks of a run, with all their map indexes, run again.

        :param downstream: Whether what depends on them runs again too.
        """
        body = {
            "dry_run": False,
            "dag_run_id": run.run_id,
            "task_ids": list(task_ids),
            "only_failed": False,
            "include_downstream": downstream,
        }
        self._call("POST", f"/dags/{run.dag_id}/clearTaskInstances", json=body)

    def make_pool(self, name: str, slots: int, *, include_deferred: bool) -> None:
        """Make a pool, or change the one that is there.

        :param slots: How many tasks may run in it at a time.
        :param include_deferred: Whether tasks that wait in the triggerer count, too.
        """
        pool = {"slots": slots, "description": "", "include_deferred": include_deferred}
        try:
            self._call("POST", "/pools", json={"name": name, **pool})
        except AirflowApiError as error:
            if error.status != httpx.codes.CONFLICT:
                raise
            self._call("PATCH", f"/pools/{name}", json={"pool": name, **pool})

    def runs(self, dag_id: str) -> list[DagRun]:
        """Return the runs of a DAG, the earliest logical date first."""
        pages = self._pages(f"/dags/{dag_id}/dagRuns", "dag_runs", order_by="logical_date")
        return [DagRun.from_json(each) for each in pages]

    def backfill(self, dag_id: str, first: date, last: date, **choices: Any) -> Backfill:
        """Run a DAG for some days, which is unpaused if need be.

        :param first: The first day.
        :param last: The last day, which belongs to them.
        :param choices: As the API calls them: ``reprocess_behavior`` (``none``, ``failed``, ``completed``),
            ``run_backwards``, ``max_active_runs``, ``dag_run_conf``.
        """
        self.unpause(dag_id)
        return Backfill.from_json(self._call("POST", "/backfills", json=_days(dag_id, first, last, choices)))

    def backfill_days(self, dag_id: str, first: date, last: date, **choices: Any) -> list[datetime]:
        """Return the logical dates that a backfill would run, in its order, without running them."""
        answer = self._call("POST", "/backfills/dry_run", json=_days(dag_id, first, last, choices))
        return [datetime.fromisoformat(each["logical_date"]) for each in answer["backfills"]]

    def wait_for_backfill(self, backfill: Backfill, *, seconds: float) -> Backfill:
        """Wait until all runs of a backfill have ended, well or not.

        :raises TimeoutError: They have not ended in time.
        """

        def ended() -> Backfill | None:
            now = Backfill.from_json(self._call("GET", f"/backfills/{backfill.id}"))
            return now if now.completed else None

        return wait_until(ended, what=f"the end of backfill {backfill.id} of DAG {backfill.dag_id}", seconds=seconds)

    def test_connection(self, connection: Mapping[str, Any]) -> tuple[bool, str]:
        """Press the button "Test" of a connection's form.

        :param connection: The form: ``connection_id``, ``conn_type``, ``host``, ``login``, ``password``, ``extra``.
        :return: Whether it works, and what Airflow says.
        """
        answer = self._call("POST", "/connections/test", json=dict(connection))
        return answer["status"], answer["message"]

    def _exists(self, path: str) -> bool:
        try:
            self._call("GET", path)
        except AirflowApiError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return False
            raise
        return True

    def _pages(self, path: str, key: str, **parameters: str) -> Iterator[Mapping[str, Any]]:
        offset = 0
        while True:
            page = self._call("GET", path, params={**parameters, "limit": PAGE_SIZE, "offset": offset})
            yield from page[key]
            offset += PAGE_SIZE
            if offset >= page["total_entries"]:
                return

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        if "Authorization" not in self._client.headers:
            self._log_in()
        answer = self._client.request(method, f"/api/v2{path}", **arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._log_in()
            answer = self._client.request(method, f"/api/v2{path}", **arguments)
        return _json(answer)

    def _log_in(self) -> None:
        token = _json(self._client.post("/auth/token", json=self._credentials))["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"


def _json(answer: httpx.Response) -> Any:
    if answer.is_error:
        request = f"{answer.request.method} {answer.request.url.path}"
        raise AirflowApiError(
            f"Airflow answered {request} with {answer.status_code}: {answer.text}", answer.status_code
        )
    return answer.json() if answer.content else None


def _days(dag_id: str, first: date, last: date, choices: Mapping[str, Any]) -> dict[str, Any]:
    # Both bounds are moments, and a day is run if its midnight lies between them.
    return {"dag_id": dag_id, "from_date": f"{first}T00:00:00Z", "to_date": f"{last}T00:00:00Z", **choices}


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/dags/{dag_id}/dagRuns/{run_id}"


def _path(run: DagRun) -> str:
    return _run_path(run.dag_id, run.run_id)


def _task_path(run: DagRun, task_id: str, map_index: int) -> str:
    path = f"{_path(run)}/taskInstances/{task_id}"
    return path if map_index == UNMAPPED else f"{path}/{map_index}"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _lines(entry: Mapping[str, Any] | str) -> Iterator[str]:
    """Return an entry of a log as lines of text, the exception in it too."""
    if isinstance(entry, str):
        yield entry.rstrip()
        return
    yield f"{entry.get('level', '').upper():<8}{entry['event']}".strip()
    for error in entry.get("error_detail") or []:
        yield f"        {error['exc_type']}: {error['exc_value']}"
