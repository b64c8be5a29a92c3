"""All that the ingest needs, in child processes: the sandbox, a stand-in of S3, and an Airflow with its pools."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from media_sandbox.demo.airflow_server import AirflowServer
from media_sandbox.demo.s3_server import BUCKET, S3Server
from media_sandbox.demo.sandbox_server import SandboxServer
from media_sandbox.xvid.presets import BY_NAME

DAG_ID: Final = "daily_media_ingest"
SOURCES: Final = "incoming/"
RESULTS: Final = "media/"
PRESET: Final = BY_NAME["Xvid AVI"]
POOLS: Final = {"pixop": 4, "xvid": 4, "cielo24": 4}
"""The pools of the pipeline and their slots."""
POLL_SECONDS: Final = 2


@dataclass(frozen=True)
class Stage:
    """What runs."""

    sandbox: SandboxServer
    s3: S3Server
    airflow: AirflowServer

    def check(self) -> None:
        """Make sure that all of it still runs.

        :raises ChildError: Something has ended; the error has the end of its log.
        """
        self.airflow.check()
        self.sandbox.child.check()
        self.s3.child.check()


@contextmanager
def open_stage(console: Console, home: Path, dags: Path) -> Iterator[Stage]:
    """Start all of it, and stop it at the end.

    :param console: Where to tell about it.
    :param home: Where it keeps its state and its logs.
    :param dags: The DAG folder.
    :raises ChildError: Something did not start; the error has the end of its log.
    """
    console.print("Starting the sandbox and a stand-in of S3")
    with SandboxServer(home / "sandbox") as sandbox, S3Server(home) as s3:
        console.print(f"Starting Airflow (logs in {home})", soft_wrap=True, highlight=False)
        connections = {**sandbox.connections, "aws_default": s3.connection()}
        with AirflowServer(home, dags, connections=connections, env=ENVIRONMENT) as airflow:
            airflow.wait_for_dag(DAG_ID)
            for pool, slots in POOLS.items():
                airflow.api.make_pool(pool, slots, include_deferred=True)
            yield Stage(sandbox, s3, airflow)


ENVIRONMENT: Final = {
    "MEDIA_INGEST_SOURCE": f"s3://{BUCKET}/{SOURCES}",
    "MEDIA_INGEST_TARGET": f"s3://{BUCKET}/{RESULTS}",
    "MEDIA_INGEST_XVID_PRESET": PRESET.id,
    "MEDIA_INGEST_POLL_INTERVAL": str(POLL_SECONDS),
}
"""What the DAG is told of where it runs."""
