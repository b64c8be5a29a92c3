"""An Airflow to look at: it stays up, with the sandbox and S3, until it is interrupted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final, NoReturn

from rich.console import Console

from media_sandbox.demo.airflow_server import USER
from media_sandbox.demo.enhance import DAG_ID as PIXOP_DAG_ID
from media_sandbox.demo.footage import tapes
from media_sandbox.demo.lock import only_one
from media_sandbox.demo.s3_server import BUCKET
from media_sandbox.demo.stage import DAG_ID, RESULTS, SOURCES, Stage, open_stage

LOOK_SECONDS: Final = 1.0
DAYS: Final = ("2026-01-02", "2026-01-03", "2026-01-04")
"""Each tape arrives on one of them; the last one gets what is left."""


def run_ui(console: Console, root: Path) -> None:
    """Keep Airflow, the sandbox and S3 up until a Ctrl-C.

    What is in Airflow and in the sandbox is there again the next time; what is in S3 is not, but for the tapes.

    :param console: Where to tell about it.
    :param root: The checkout.
    :raises ChildError: One of them ended by itself.
    :raises LockedError: They are up already.
    """
    home, results = root / ".airflow" / "ui", root / "build" / "ui"
    with only_one(home):
        console.print("Getting the footage")
        videos = tapes(root / "build" / "footage")
        with open_stage(console, home, root / "dags") as stage:
            _serve(console, stage, videos, results)


def _serve(console: Console, stage: Stage, videos: list[Path], results: Path) -> NoReturn:
    client = stage.s3.client()
    for number, video in enumerate(videos):
        day = DAYS[min(number, len(DAYS) - 1)]
        client.upload_file(str(video), BUCKET, f"{SOURCES}{day}/{video.name}")
    console.print(_guide(stage, videos, results), soft_wrap=True, highlight=False)
    while True:
        stage.check()
        time.sleep(LOOK_SECONDS)


def _guide(stage: Stage, videos: list[Path], results: Path) -> str:
    airflow = stage.airflow
    sources = "\n".join(f"                     {video}" for video in videos)
    return f"""
Airflow        [bold]{airflow.base_url}[/]
  log in as    [bold]{USER}[/]
  password     [bold]{airflow.password}[/]
Sandbox        {stage.sandbox.admin_url}/ (faults, jobs, log of requests)
S3             {stage.s3.url}, bucket {BUCKET}: videos below {SOURCES}, results below {RESULTS}
Connections    aws_default, {", ".join(stage.sandbox.connections)}

Backfill the DAG [bold]{DAG_ID}[/], {airflow.base_url}/dags/{DAG_ID}: Trigger, Backfill, from {DAYS[0]} to {DAYS[-1]}.

Trigger the DAG [bold]{PIXOP_DAG_ID}[/], {airflow.base_url}/dags/{PIXOP_DAG_ID}, with, for example,
  Sources
{sources}
  Target folder      {results.absolute()}/

Ctrl-C stops everything."""
