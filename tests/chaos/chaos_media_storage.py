"""The tasks of the media storage under faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chaos_scenario import Scenario, World

from airflow_media.media_storage.operators import (
    MediaStorageDeleteJobOperator,
    MediaStorageDownloadOperator,
    MediaStorageListOperator,
    MediaStorageUploadOperator,
)
from airflow_media.media_storage.sensors import MediaStorageJobSensor, MediaStorageMediaSensor
from airflow_media.storage import open_target
from media_sandbox.media_storage.fixtures import ADMIN
from media_sandbox.testing import make_garbage
from support.storeroom import SERVICE, Storeroom
from support.tasks import TaskRun

RETRIES = 3
FAST: dict[str, Any] = {"poll_interval": 0.02}
NAME = "a b+ü%.mp4"
LARGE = 9 * 1024 * 1024
"""Bytes of a file that is written to S3 in several parts."""


def store(world: World) -> Storeroom:
    return Storeroom(world.sandbox, world.clip)


def kept(world: World, resource: str = NAME) -> bytes:
    """Fetch what the storage keeps."""
    place = world.folder.parent / f"{world.folder.name}-kept"
    return Path(store(world).hook.download(resource, open_target(str(place))).uri).read_bytes()


# What is there before


def uploaded(world: World) -> None:
    store(world).upload(NAME)


def large(world: World) -> None:
    store(world).upload(NAME, make_garbage(world.folder.parent / "large.mp4", LARGE))


def ended(world: World) -> dict[str, str]:
    return {"job_id": store(world).job(status="completed", arguments={"resource": NAME})}


# Upload


def upload(world: World) -> TaskRun:
    operator = MediaStorageUploadOperator(task_id="upload", source=str(world.clip), resource=NAME)
    return TaskRun(operator, retries=RETRIES)


def uploaded_once(world: World, run: TaskRun, media_id: Any) -> None:
    [media] = store(world).all_media
    assert (media.id, media.resource) == (media_id, NAME)
    assert kept(world) == world.clip.read_bytes()


# Download


def download(world: World) -> TaskRun:
    operator = MediaStorageDownloadOperator(task_id="download", resource=NAME, target=f"{world.folder}/film.mp4")
    return TaskRun(operator, retries=RETRIES)


def downloaded(world: World, run: TaskRun, uri: Any) -> None:
    assert uri == f"{world.folder}/film.mp4"
    assert world.files() == {"film.mp4": world.clip.read_bytes()}


def download_to_s3(world: World) -> TaskRun:
    operator = MediaStorageDownloadOperator(task_id="download", resource=NAME, target="s3://films/film.mp4")
    return TaskRun(operator, retries=RETRIES)


def in_s3(world: World, run: TaskRun, uri: Any) -> None:
    assert uri == "s3://films/film.mp4"
    assert world.objects() == {"film.mp4": kept(world)}


# Lists and jobs


def list_media(world: World) -> TaskRun:
    return TaskRun(MediaStorageListOperator(task_id="list", fields=("resource",)), retries=RETRIES)


def listed(world: World, run: TaskRun, records: Any) -> None:
    assert [record["resource"] for record in records] == [NAME]


def delete(world: World) -> TaskRun:
    operator = MediaStorageDeleteJobOperator(task_id="delete", job_id=world.given["job_id"])
    return TaskRun(operator, retries=RETRIES)


def deleted(world: World, run: TaskRun, nothing: Any) -> None:
    assert store(world).all_jobs == []


# Sensors


def await_job(world: World, *, deferrable: bool, **which: Any) -> TaskRun:
    if deferrable:
        job_id = store(world).job(status="running", arguments={"resource": NAME})
        world.given = {"job_id": job_id}
        world.meanwhile.append(lambda: store(world).change(job_id, status="completed"))
    which = which or {"job_id": world.given["job_id"]}
    return TaskRun(MediaStorageJobSensor(task_id="wait", deferrable=deferrable, **which, **FAST), retries=RETRIES)


def job_told(world: World, run: TaskRun, told: Any) -> None:
    [job] = told if isinstance(told, list) else [told]
    assert job["id"] == world.given["job_id"]
    assert [each.id for each in store(world).all_jobs] == [job["id"]]


def await_media(world: World, *, deferrable: bool) -> TaskRun:
    if deferrable:
        # Put in by a control: an upload of ours would be among the requests that are compared.
        world.meanwhile.append(lambda: store(world).rows(1, prefix="row-"))
    resource = "row-0" if deferrable else NAME
    return TaskRun(
        MediaStorageMediaSensor(task_id="wait", resource=resource, deferrable=deferrable, **FAST), retries=RETRIES
    )


def media_told(world: World, run: TaskRun, told: Any) -> None:
    [media] = store(world).all_media
    assert told["id"] == media.id


SCENARIOS = (
    Scenario(
        task="MediaStorageUploadOperator",
        service=SERVICE,
        requests=("login", "info", "upload"),
        begin=upload,
        check=uploaded_once,
    ),
    Scenario(
        task="MediaStorageDownloadOperator",
        service=SERVICE,
        requests=("login", "info", "download"),
        begin=download,
        check=downloaded,
        prepare=uploaded,
    ),
    Scenario(
        task="MediaStorageDownloadOperator",
        how="to S3",
        service=SERVICE,
        requests=("login", "info", "download"),
        begin=download_to_s3,
        check=in_s3,
        prepare=large,
        s3=True,
        half=LARGE // 2,
    ),
    Scenario(
        task="MediaStorageListOperator",
        service=SERVICE,
        requests=("login", "index_medias"),
        begin=list_media,
        check=listed,
        prepare=uploaded,
    ),
    Scenario(
        task="MediaStorageDeleteJobOperator",
        service=SERVICE,
        requests=("delete_job",),
        begin=delete,
        check=deleted,
        prepare=ended,
        connection={"password": ADMIN.token, "extra": {}},
    ),
    Scenario(
        task="MediaStorageJobSensor",
        how="poking",
        service=SERVICE,
        requests=("login", "show_job", "show_job"),
        begin=lambda world: await_job(world, deferrable=False),
        check=job_told,
        prepare=ended,
    ),
    Scenario(
        task="MediaStorageJobSensor",
        how="deferred",
        service=SERVICE,
        requests=("login", "show_job", "login", "index_jobs", "login", "show_job"),
        begin=lambda world: await_job(world, deferrable=True),
        check=job_told,
        trigger="MediaStorageJobTrigger",
    ),
    Scenario(
        task="MediaStorageJobSensor",
        how="by filters, deferred",
        service=SERVICE,
        requests=("login", "index_jobs", "login", "index_jobs", "login", "index_jobs"),
        begin=lambda world: await_job(world, deferrable=True, resource=NAME, filters={"priority__gte": 0}),
        check=job_told,
        trigger="MediaStorageJobTrigger",
    ),
    Scenario(
        task="MediaStorageMediaSensor",
        how="poking",
        service=SERVICE,
        requests=("login", "info", "info"),
        begin=lambda world: await_media(world, deferrable=False),
        check=media_told,
        prepare=uploaded,
    ),
    Scenario(
        task="MediaStorageMediaSensor",
        how="deferred",
        service=SERVICE,
        requests=("login", "info", "login", "info", "login", "info"),
        begin=lambda world: await_media(world, deferrable=True),
        check=media_told,
        trigger="MediaStorageMediaTrigger",
    ),
)


# The watcher


def never(world: World, *_: Any) -> Any:
    raise AssertionError("a watcher is run by a triggerer, not as a task")


WATCHERS = (
    Scenario(
        task="NewMediaTrigger",
        service=SERVICE,
        requests=("login", "index_medias"),
        begin=never,
        check=never,
    ),
)
