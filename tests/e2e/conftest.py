"""One real Airflow, one sandbox and one S3 for all end-to-end tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.demo.s3_server import BUCKET, S3Server
from media_sandbox.testing import RunningSandbox, make_video, running_sandbox
from media_sandbox.xvid.presets import BY_NAME
from support.ingesting import POOL_SLOTS
from support.troubled_s3 import TroubledS3

EXAMPLES = Path(__file__).parents[2] / "dags"
INGEST_DAGS = ("daily_media_ingest", "media_day_report", "media_pipeline")
POOLS = ("pixop", "xvid", "cielo24")
TALKATIVE = (
    "airflow.sdk",
    "airflow.task.hooks",
    "airflow.task.operators",
    "airflow_media",
    "httpcore",
    "httpx",
    "supervisor",
    "task",
    "urllib3",
)
"""Loggers that tell everything here, since no secret may be in it; the scheduler's would cost half of its time."""


@pytest.fixture(scope="package")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="package")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="package")
def troubled(s3: S3Server) -> Iterator[TroubledS3]:
    """The way by which Airflow reaches S3."""
    with TroubledS3(("127.0.0.1", s3.port)) as proxy:
        yield proxy


@pytest.fixture(scope="package")
def airflow(
    sandbox: RunningSandbox, s3: S3Server, troubled: TroubledS3, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AirflowServer]:
    dags = shutil.copytree(Path(__file__).parent / "dags", tmp_path_factory.mktemp("dags"), dirs_exist_ok=True)
    for name in INGEST_DAGS:
        shutil.copy(EXAMPLES / f"{name}.py", dags)
    services = {f"{name}_default": each.as_json(name) for name, each in sandbox.connections.items()}
    server = AirflowServer(
        tmp_path_factory.mktemp("airflow"),
        dags,
        connections={**services, "aws_default": s3.connection(troubled.url)},
        env={
            "AIRFLOW__LOGGING__NAMESPACE_LEVELS": " ".join(f"{name}=DEBUG" for name in TALKATIVE),
            "MEDIA_INGEST_SOURCE": f"s3://{BUCKET}/incoming/",
            "MEDIA_INGEST_TARGET": f"s3://{BUCKET}/media/",
            "MEDIA_INGEST_XVID_PRESET": BY_NAME["H.264 MP4"].id,
            "MEDIA_INGEST_POLL_INTERVAL": "1",
        },
    )
    with server:
        for dag_id in ("watch_from_trigger", "fetch_to_s3", "late", *INGEST_DAGS):
            server.wait_for_dag(dag_id)
        for pool in POOLS:
            server.api.make_pool(pool, POOL_SLOTS, include_deferred=True)
        # Before the manifests that it waits for: events of assets are not kept for a DAG that is switched off.
        server.api.unpause("media_day_report")
        yield server


@pytest.fixture(scope="package")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("footage") / "clip.mp4", seconds=1)
