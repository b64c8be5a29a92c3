"""One real Airflow and one sandbox for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.testing import RunningSandbox, make_video, running_sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def airflow(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowServer]:
    server = AirflowServer(
        tmp_path_factory.mktemp("airflow"),
        Path(__file__).parent / "dags",
        connections={"pixop_default": sandbox.connection("pixop").as_json("pixop")},
        env={"AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG"},
    )
    with server:
        server.wait_for_dag("watch_from_trigger")
        yield server


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("footage") / "clip.mp4", seconds=1)
