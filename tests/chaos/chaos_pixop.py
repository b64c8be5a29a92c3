"""The tasks of Pixop under faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chaos_scenario import Scenario, World
from msgspec import to_builtins

from airflow_media.pixop import api
from airflow_media.pixop.operators import (
    PixopDeleteOperator,
    PixopDownloadOperator,
    PixopProcessOperator,
    PixopUploadOperator,
)
from airflow_media.pixop.sensors import IngestProgressSensor, ProcessProgressSensor
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.storage import open_target
from support.studio import SETTINGS, Studio
from support.tasks import TaskRun

RETRIES = 3
FAST: dict[str, Any] = {"poll_interval": 0.02}


def studio(world: World) -> Studio:
    return Studio(world.sandbox, world.clip)


def kept(world: World, video_id: str, kind: Any = "original") -> bytes:
    """Fetch what Pixop keeps."""
    place = world.folder.parent / f"{world.folder.name}-kept"
    return Path(studio(world).hook.download(video_id, open_target(str(place)), kind=kind).uri).read_bytes()


# What is there before


def ingested(world: World) -> dict[str, str]:
    return {"video_id": studio(world).ingested()}


def processed(world: World) -> dict[str, str]:
    video_id = studio(world).ingested()
    receipt = studio(world).hook.run(api.process_video(video_id, ProcessSettings.parse(SETTINGS)))
    world.settle()
    return {"video_id": video_id, "processed_id": receipt.processed_video_id}


# Upload


def upload(world: World, **fields: Any) -> TaskRun:
    operator = PixopUploadOperator(
        task_id="upload", source=str(world.clip), project_name="archive", **{**FAST, "deferrable": False, **fields}
    )
    return TaskRun(operator, retries=RETRIES)


def uploaded_once(world: World, run: TaskRun, video_id: Any) -> None:
    [video] = studio(world).videos
    assert video.id == video_id
    assert [project.name for project in studio(world).projects].count("archive") == 1
    assert kept(world, video_id) == world.clip.read_bytes()


UPLOAD = ("get_token", "list_projects", "create_project", "list_videos", "create_video", "get_video", "upload_light")


# Process


def process(world: World, **fields: Any) -> TaskRun:
    operator = PixopProcessOperator(
        task_id="process", video_id=world.given["video_id"], settings=SETTINGS, **{**FAST, **fields}
    )
    return TaskRun(operator, retries=RETRIES)


def processed_once(world: World, run: TaskRun, video_id: Any) -> None:
    world.settle()
    assert studio(world).processed == [video_id]
    assert studio(world).record(video_id)["processing"]["status"] == "DONE"


PROCESS = ("get_token", "get_video", "list_videos", "process_video")


# Download


def download(world: World) -> TaskRun:
    target = f"{world.folder}/film.mp4"
    operator = PixopDownloadOperator(task_id="download", video_id=world.given["processed_id"], target=target)
    return TaskRun(operator, retries=RETRIES)


def downloaded(world: World, run: TaskRun, uri: Any) -> None:
    assert uri == f"{world.folder}/film.mp4"
    assert world.files() == {"film.mp4": kept(world, world.given["processed_id"], "processed")}


# Delete


def delete(world: World) -> TaskRun:
    return TaskRun(PixopDeleteOperator(task_id="delete", video_id=world.given["video_id"]), retries=RETRIES)


def deleted(world: World, run: TaskRun, video_ids: Any) -> None:
    assert studio(world).videos == []


# Sensors


def await_ingestion(world: World, *, deferrable: bool) -> TaskRun:
    if deferrable:
        world.admin.outcome("ingest", "stuck")
        world.given = {"video_id": studio(world).uploaded()}
    sensor = IngestProgressSensor(task_id="wait", video_id=world.given["video_id"], deferrable=deferrable, **FAST)
    return TaskRun(sensor, retries=RETRIES)


def metadata_told(world: World, run: TaskRun, metadata: Any) -> None:
    [video] = studio(world).videos
    known = studio(world).hook.run(api.get_video(video.id)).metadata
    assert known is not None
    assert metadata == to_builtins(known)


def await_processing(world: World, *, deferrable: bool) -> TaskRun:
    if deferrable:
        world.admin.outcome("process", "stuck")
        settings = ProcessSettings.parse(SETTINGS)
        receipt = studio(world).hook.run(api.process_video(world.given["video_id"], settings))
        world.given = {**world.given, "processed_id": receipt.processed_video_id}
    video_id = world.given["processed_id"]
    return TaskRun(
        ProcessProgressSensor(task_id="wait", video_id=video_id, deferrable=deferrable, **FAST), retries=RETRIES
    )


def processing_told(world: World, run: TaskRun, video_id: Any) -> None:
    assert [video_id] == studio(world).processed == [world.given["processed_id"]]


SCENARIOS = (
    Scenario(
        task="PixopUploadOperator",
        service="pixop",
        requests=(*UPLOAD, "get_video"),
        begin=upload,
        check=uploaded_once,
    ),
    Scenario(
        task="PixopUploadOperator",
        how="waiting for the ingestion, deferred",
        service="pixop",
        requests=(*UPLOAD, "get_video", "get_token", "check_ingest_progress"),
        begin=lambda world: upload(world, wait_for_ingest=True, deferrable=True),
        check=uploaded_once,
        trigger="PixopTrigger",
    ),
    Scenario(
        task="PixopProcessOperator",
        how="on the worker",
        service="pixop",
        requests=(*PROCESS, "check_process_progress"),
        begin=lambda world: process(world, deferrable=False),
        check=processed_once,
        prepare=ingested,
    ),
    Scenario(
        task="PixopProcessOperator",
        how="deferred",
        service="pixop",
        requests=(*PROCESS, "get_token", "check_process_progress"),
        begin=lambda world: process(world, deferrable=True),
        check=processed_once,
        prepare=ingested,
        trigger="PixopTrigger",
    ),
    Scenario(
        task="PixopDownloadOperator",
        service="pixop",
        requests=("get_token", "download_processed"),
        begin=download,
        check=downloaded,
        prepare=processed,
    ),
    Scenario(
        task="PixopDeleteOperator",
        service="pixop",
        requests=("get_token", "delete_video"),
        begin=delete,
        check=deleted,
        prepare=processed,
    ),
    Scenario(
        task="IngestProgressSensor",
        how="poking",
        service="pixop",
        requests=("get_token", "check_ingest_progress", "get_video"),
        begin=lambda world: await_ingestion(world, deferrable=False),
        check=metadata_told,
        prepare=ingested,
    ),
    Scenario(
        task="IngestProgressSensor",
        how="deferred",
        service="pixop",
        requests=("get_token", "check_ingest_progress", "get_token", "check_ingest_progress", "get_token", "get_video"),
        begin=lambda world: await_ingestion(world, deferrable=True),
        check=metadata_told,
        trigger="PixopTrigger",
    ),
    Scenario(
        task="ProcessProgressSensor",
        how="poking",
        service="pixop",
        requests=("get_token", "check_process_progress"),
        begin=lambda world: await_processing(world, deferrable=False),
        check=processing_told,
        prepare=processed,
    ),
    Scenario(
        task="ProcessProgressSensor",
        how="deferred",
        service="pixop",
        requests=("get_token", "check_process_progress", "get_token", "check_process_progress"),
        begin=lambda world: await_processing(world, deferrable=True),
        check=processing_told,
        prepare=ingested,
        trigger="PixopTrigger",
    ),
)
