"""The demo of the whole: two days of videos in S3 through four services, and one of the days again."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console

from media_sandbox.demo.airflow_api import AirflowApi, DagRun
from media_sandbox.demo.display import open_display
from media_sandbox.demo.enhance import DemoError, failure_of
from media_sandbox.demo.footage import tapes
from media_sandbox.demo.ingest_report import Package, show_packages
from media_sandbox.demo.ingest_watch import Ingest
from media_sandbox.demo.lock import only_one
from media_sandbox.demo.orders import Order
from media_sandbox.demo.s3_server import BUCKET
from media_sandbox.demo.stage import DAG_ID, PRESET, RESULTS, SOURCES, Stage, open_stage

FIRST_DAY, SECOND_DAY = date(2026, 1, 2), date(2026, 1, 3)
VIDEOS_OF_THE_FIRST_DAY: Final = 3
CLIP_MS: Final = 1500
"""How much of each tape is processed: it is to be over soon."""
LOOK_SECONDS: Final = 0.5
RUN_SECONDS: Final = 600.0
MAKING: Final = {
    "pixop.create_video": "uploaded to Pixop",
    "pixop.process_video": "processed by Pixop",
    "xvid.start_upload": "uploaded to Xvid",
    "xvid.create_job": "transcoded by Xvid",
    "cielo24.new_job": "jobs at cielo24",
    "cielo24.perform_transcription": "transcribed by cielo24",
    "media_storage.upload": "files kept in the media storage",
}
"""What makes something at a service, by the sandbox's name of the operation."""


def run_ingest(console: Console, root: Path, *, keep: bool = False) -> None:
    """Ingest two days of videos by a backfill, and one of them again.

    :param console: Where to tell about it.
    :param root: The checkout.
    :param keep: Whether Airflow's home and the sandbox's data stay after a success; they always do after a failure.
    :raises DemoError: A run failed, something was done twice, or a result is not what was asked for.
    :raises LockedError: Another demo runs in this checkout.
    """
    home, results = root / ".airflow" / "demo", root / "build" / "demo"
    started = time.monotonic()
    with only_one(home):
        console.print("Getting the footage")
        orders = [Order.of(path, CLIP_MS) for path in tapes(root / "build" / "footage")]
        shutil.rmtree(home, ignore_errors=True)
        with open_stage(console, home, root / "dags") as stage:
            packages = _ingest(console, stage, orders, results)
            console.print("Stopping everything")
        console.print("Comparing the results with what was asked for")
        if not show_packages(console, packages):
            raise DemoError("the results are not what was asked for")
        if not keep:
            shutil.rmtree(home)
    console.print(f"[green]Done[/] in {time.monotonic() - started:.0f} s", highlight=False)


def _ingest(console: Console, stage: Stage, orders: Sequence[Order], results: Path) -> list[Package]:
    days = {
        FIRST_DAY: orders[:VIDEOS_OF_THE_FIRST_DAY],
        SECOND_DAY: orders[VIDEOS_OF_THE_FIRST_DAY:],
    }
    for day, group in days.items():
        for order in group:
            _say(console, f"Putting {order.path.name} to s3://{BUCKET}/{SOURCES}{day}/")
            stage.s3.client().upload_file(str(order.path), BUCKET, f"{SOURCES}{day}/{order.path.name}")
    api = stage.airflow.api
    _say(console, f"Backfilling {DAG_ID} from {FIRST_DAY} to {SECOND_DAY}")
    api.backfill(DAG_ID, FIRST_DAY, SECOND_DAY, dag_run_conf=orders[0].settings)
    _watch(console, stage, _backfilled(api, list(days)))
    first = _made(stage)
    _say(console, f"Made at the services: {_told(first)}")

    _say(console, f"Running {FIRST_DAY} again")
    again = api.trigger(DAG_ID, {**orders[0].settings, "day": str(FIRST_DAY)})
    _watch(console, stage, [again])
    twice = _made(stage) - first
    _say(console, f"Made at the services this time: {_told(twice) or 'nothing'}")
    if twice:
        raise DemoError(f"things were done twice: {_told(twice)}")
    return [package for day, group in days.items() for package in _packages(stage, day, group, results)]


def _backfilled(api: AirflowApi, days: Sequence[date]) -> list[DagRun]:
    return [run for run in api.runs(DAG_ID) if run.logical_date and run.logical_date.date() in days]


def _watch(console: Console, stage: Stage, runs: Sequence[DagRun]) -> None:
    """Show how runs go until they have ended.

    :raises DemoError: One of them failed, or they take too long.
    """
    deadline = time.monotonic() + RUN_SECONDS
    ingest = Ingest(stage.airflow.api, runs)
    with open_display(console) as display:
        finished = False
        while not finished:
            stage.check()
            # Asked first, so that the last look shows the end.
            finished = ingest.finished()
            display.update(ingest.rows(), [])
            if time.monotonic() > deadline:
                raise DemoError("the runs take too long")
            time.sleep(0 if finished else LOOK_SECONDS)
    for run in runs:
        if stage.airflow.api.run(run).state != "success":
            raise DemoError(failure_of(stage.airflow.api, run))


def _made(stage: Stage) -> Counter[str]:
    """Count what was made at the services so far."""
    requests = httpx.get(f"{stage.sandbox.admin_url}/requests", timeout=30, trust_env=False).json()
    operations = (each["operation"] for each in requests if each["status"] and each["status"] < httpx.codes.BAD_REQUEST)
    return Counter(operation for operation in operations if operation in MAKING)


def _told(made: Mapping[str, int]) -> str:
    return ", ".join(f"{made[operation]} {what}" for operation, what in MAKING.items() if made.get(operation))


def _packages(stage: Stage, day: date, orders: Sequence[Order], results: Path) -> list[Package]:
    """Fetch what became of the videos of a day.

    :raises DemoError: One of them is not in the manifest.
    """
    folder = results / str(day)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    client = stage.s3.client()
    manifest = folder / "manifest.json"
    client.download_file(BUCKET, f"{RESULTS}manifests/{day}.json", str(manifest))
    videos: dict[str, Any] = {video["source"]: video for video in json.loads(manifest.read_text())["videos"]}
    packages = []
    for order in orders:
        video = videos.get(f"s3://{BUCKET}/{SOURCES}{day}/{order.path.name}")
        if video is None:
            raise DemoError(f"{order.path.name} is not in the manifest of {day}")
        files = {}
        for step, output in video["outputs"].items():
            uri = output["uri"]
            files[step] = folder / f"{order.path.stem}.{step}{Path(uri).suffix}"
            client.download_file(BUCKET, uri.removeprefix(f"s3://{BUCKET}/"), str(files[step]))
        packages.append(Package.of(order, PRESET, manifest, files, video["ids"]))
    return packages


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)
