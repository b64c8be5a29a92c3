"""A sandbox, an Airflow connection to it, and Airflow's own command line."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from media_sandbox.testing import RunningSandbox, running_sandbox
from support.versions import AIRFLOW

# The test lets a person answer by what Airflow has for that since 3.3.
collect_ignore = ["test_cielo24_dag.py"] if AIRFLOW < (3, 3) else []


@dataclass(frozen=True)
class Run:
    """A run of a DAG that is over.

    :param log: All that was printed.
    :param tasks: How each task instance ended, by its id and map index.
    """

    log: str
    succeeded: bool
    tasks: dict[tuple[str, int], str]


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSandbox]:
    """A sandbox, and the default connections to its services."""
    with running_sandbox() as running:
        for service, connection in running.connections.items():
            monkeypatch.setenv(f"AIRFLOW_CONN_{service.upper()}_DEFAULT", json.dumps(connection.as_json(service)))
        yield running


@pytest.fixture
def dags_test(airflow_db: None, airflow_home: Path) -> Callable[..., Run]:
    """Run a DAG by ``airflow dags test``, in a process of its own."""

    def run(dag_id: str, folder: Path, conf: dict[str, Any], program: Sequence[str] = ("-m", "airflow")) -> Run:
        command = [sys.executable, *program, "dags", "test", dag_id, "--conf", json.dumps(conf)]
        environment = os.environ | {"AIRFLOW__CORE__DAGS_FOLDER": str(folder)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
        with sqlite3.connect(airflow_home / "airflow.db") as database:
            rows = database.execute(
                "select task_id, map_index, state from task_instance where run_id ="
                " (select run_id from dag_run where dag_id = ? order by id desc limit 1)",
                (dag_id,),
            ).fetchall()
        log = done.stdout + done.stderr
        return Run(log, done.returncode == 0, {(task_id, index): state for task_id, index, state in rows})

    return run
