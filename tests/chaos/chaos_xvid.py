"""The tasks of Xvid MediaHub under faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chaos_scenario import Scenario, World

from airflow_media.storage import open_target
from airflow_media.xvid.flows import finish_upload_once
from airflow_media.xvid.operators import (
    XvidDeleteFileOperator,
    XvidDownloadOperator,
    XvidJobOperator,
    XvidUploadOperator,
)
from airflow_media.xvid.sensors import XvidJobSensor, XvidUploadSensor
from support.mediahub import KEY, MediaHub, output
from support.tasks import TaskRun

RETRIES = 3
FAST: dict[str, Any] = {"poll_interval": 0.02}
DOWNLOAD = ("get_download", "get_object")


def hub(world: World) -> MediaHub:
    return MediaHub(world.sandbox, world.clip)


def kept(world: World, file_id: str) -> bytes:
    """Fetch what Xvid keeps."""
    place = world.folder.parent / f"{world.folder.name}-kept"
    return Path(hub(world).hook.download(open_target(str(place)), file_id=file_id).uri).read_bytes()


# What is there before


def uploaded(world: World) -> dict[str, Any]:
    return {"file_id": hub(world).uploaded().file_id}


def transcoded(world: World) -> dict[str, Any]:
    job_id = hub(world).transcoded()
    [file_id] = [file.id for file in hub(world).files if file.job_id == job_id]
    return {"job_id": job_id, "file_id": file_id}


# Upload


def upload(world: World, *, deferrable: bool) -> TaskRun:
    world.admin.options("xvid", finish_seconds=0.05)
    operator = XvidUploadOperator(
        task_id="upload", source=str(world.clip), object_key=KEY, deferrable=deferrable, **FAST
    )
    return TaskRun(operator, retries=RETRIES)


def uploaded_once(world: World, run: TaskRun, key: Any) -> None:
    assert key == KEY
    [file] = hub(world).files
    assert run.ti.xcoms["file_id"] == file.id
    assert hub(world).until_uploaded(run.ti.xcoms["upload_id"]).file_id == file.id
    assert kept(world, file.id) == world.clip.read_bytes()


UPLOAD = ("get_token", "start_upload", "post_object", "get_upload", "finish_upload")


# Jobs


def transcode(world: World, *, deferrable: bool) -> TaskRun:
    operator = XvidJobOperator(task_id="transcode", input_name=KEY, outputs=[output()], deferrable=deferrable, **FAST)
    return TaskRun(operator, retries=RETRIES)


def transcoded_once(world: World, run: TaskRun, job_id: Any) -> None:
    [job] = hub(world).jobs
    assert (job.id, job.status) == (job_id, "SUCCESS")
    assert [made.id for made in hub(world).files if made.job_id] == [
        made["file_id"] for made in run.ti.xcoms["outputs"]
    ]


JOB = ("get_token", "list_jobs", "create_job")


# Download and delete


def download(world: World, **what: Any) -> TaskRun:
    operator = XvidDownloadOperator(task_id="download", target=f"{world.folder}/film.mp4", **what)
    return TaskRun(operator, retries=RETRIES)


def downloaded(world: World, run: TaskRun, uris: Any) -> None:
    assert uris == [f"{world.folder}/film.mp4"]
    assert world.files() == {"film.mp4": kept(world, world.given["file_id"])}


def delete(world: World) -> TaskRun:
    return TaskRun(XvidDeleteFileOperator(task_id="delete", file_id=world.given["file_id"]), retries=RETRIES)


def deleted(world: World, run: TaskRun, nothing: Any) -> None:
    assert hub(world).files == []


# Sensors


def await_upload(world: World, *, deferrable: bool) -> TaskRun:
    if deferrable:
        world.admin.outcome("upload", "stuck", service="xvid")
    upload_id = hub(world).sent()
    hub(world).run(finish_upload_once(upload_id))
    if not deferrable:
        world.settle()
    world.given = {"upload_id": upload_id}
    return TaskRun(
        XvidUploadSensor(task_id="wait", upload_id=upload_id, deferrable=deferrable, **FAST), retries=RETRIES
    )


def upload_told(world: World, run: TaskRun, upload_id: Any) -> None:
    assert upload_id == world.given["upload_id"]
    assert len(hub(world).files) == 1


def await_job(world: World, *, deferrable: bool) -> TaskRun:
    if deferrable:
        world.admin.outcome("job", "stuck", service="xvid")
        world.given = {"job_id": hub(world).submitted()}
    job_id = world.given["job_id"]
    return TaskRun(XvidJobSensor(task_id="wait", job_id=job_id, deferrable=deferrable, **FAST), retries=RETRIES)


def job_told(world: World, run: TaskRun, job_id: Any) -> None:
    assert [job_id] == [job.id for job in hub(world).jobs] == [world.given["job_id"]]


SCENARIOS = (
    Scenario(
        task="XvidUploadOperator",
        how="on the worker",
        service="xvid",
        requests=(*UPLOAD, "get_upload", "get_upload"),
        begin=lambda world: upload(world, deferrable=False),
        check=uploaded_once,
    ),
    Scenario(
        task="XvidUploadOperator",
        how="deferred",
        service="xvid",
        requests=(*UPLOAD, "get_token", "get_upload", "get_token", "get_upload"),
        begin=lambda world: upload(world, deferrable=True),
        check=uploaded_once,
        trigger="XvidUploadTrigger",
    ),
    Scenario(
        task="XvidJobOperator",
        how="on the worker",
        service="xvid",
        requests=(*JOB, "get_job", "get_job"),
        begin=lambda world: transcode(world, deferrable=False),
        check=transcoded_once,
        prepare=uploaded,
    ),
    Scenario(
        task="XvidJobOperator",
        how="deferred",
        service="xvid",
        requests=(*JOB, "get_token", "get_job", "get_token", "get_job"),
        begin=lambda world: transcode(world, deferrable=True),
        check=transcoded_once,
        prepare=uploaded,
        trigger="XvidJobTrigger",
    ),
    Scenario(
        task="XvidDownloadOperator",
        how="of a job",
        service="xvid",
        requests=("get_token", "get_job", "get_file", *DOWNLOAD),
        begin=lambda world: download(world, job_id=world.given["job_id"]),
        check=downloaded,
        prepare=transcoded,
    ),
    Scenario(
        task="XvidDownloadOperator",
        how="of an object",
        service="xvid",
        requests=("get_token", *DOWNLOAD),
        begin=lambda world: download(world, object_key=KEY),
        check=downloaded,
        prepare=uploaded,
    ),
    Scenario(
        task="XvidDeleteFileOperator",
        service="xvid",
        requests=("get_token", "delete_file"),
        begin=delete,
        check=deleted,
        prepare=uploaded,
    ),
    Scenario(
        task="XvidUploadSensor",
        how="poking",
        service="xvid",
        requests=("get_token", "get_upload"),
        begin=lambda world: await_upload(world, deferrable=False),
        check=upload_told,
    ),
    Scenario(
        task="XvidUploadSensor",
        how="deferred",
        service="xvid",
        requests=("get_token", "get_upload", "get_token", "get_upload"),
        begin=lambda world: await_upload(world, deferrable=True),
        check=upload_told,
        trigger="XvidUploadTrigger",
    ),
    Scenario(
        task="XvidJobSensor",
        how="poking",
        service="xvid",
        requests=("get_token", "get_job"),
        begin=lambda world: await_job(world, deferrable=False),
        check=job_told,
        prepare=transcoded,
    ),
    Scenario(
        task="XvidJobSensor",
        how="deferred",
        service="xvid",
        requests=("get_token", "get_job", "get_token", "get_job"),
        begin=lambda world: await_job(world, deferrable=True),
        check=job_told,
        prepare=uploaded,
        trigger="XvidJobTrigger",
    ),
)
