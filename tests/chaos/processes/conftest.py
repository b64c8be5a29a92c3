"""One Airflow with two triggerers, one sandbox and one S3 for all tests whose processes are killed."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.demo.s3_server import S3Server
from media_sandbox.testing import make_video
from processes.process_plant import Plant, RestartableSandbox, until
from support.troubled_s3 import TroubledS3

HERE = Path(__file__).parent
MIB = 1024 * 1024
ENVIRONMENT = {
    # As many tasks are in the middle of something at the same time.
    "AIRFLOW__CORE__PARALLELISM": "8",
    # Usually the dead are missed after minutes. Here it is after longer than a restart of the API server takes.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "45",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
}


@pytest.fixture(scope="package")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """Everything, running."""
    clip = make_video(tmp_path_factory.mktemp("footage") / "clip.mp4", size="160x120", seconds=0.4)
    film = padded(clip, 12 * MIB)
    services = RestartableSandbox(tmp_path_factory.mktemp("sandbox"))
    connections = {f"{name}_default": each.as_json(name) for name, each in services.running.connections.items()}
    with pytest.MonkeyPatch.context() as patch, S3Server(tmp_path_factory.mktemp("s3")) as s3:
        for conn_id, connection in connections.items():
            patch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
        with TroubledS3(("127.0.0.1", s3.port)) as troubled:
            connections["aws_default"] = s3.connection(troubled.url)
            airflow = AirflowServer(
                tmp_path_factory.mktemp("airflow"), HERE / "dags", connections=connections, env=ENVIRONMENT
            )
            with airflow:
                airflow.spawn("triggerer-2", "triggerer", "--skip-serve-logs")
                airflow.wait_for_dag("fifty")
                plant = Plant(airflow, services, s3, troubled, clip, film)
                until(lambda: two_triggerers(plant), "two triggerers")
                yield plant
    services.stop()


@pytest.fixture
def order(plant: Plant) -> Iterator[None]:
    """Leave nothing of a test to the next one."""
    plant.admin.clear_requests()
    yield
    plant.admin.clear_faults()
    for service in ("pixop", "xvid", "cielo24"):
        plant.admin.clear_outcomes(service)
        plant.admin.release(service)
    plant.airflow.check()


def two_triggerers(plant: Plant) -> bool:
    """Tell whether both triggerers are at work."""
    jobs = "select count(*) from job where job_type = 'TriggererJob' and state = 'running'"
    return plant.rows(jobs) == [(2,)]


def padded(clip: Path, size: int) -> Path:
    """Make a video larger by a box at its end that players pass over."""
    film = clip.with_stem("film")
    film.write_bytes(clip.read_bytes() + struct.pack(">I4s", 8 + size, b"free") + os.urandom(size))
    return film
