"""The tasks of cielo24 under faults."""

from __future__ import annotations

from typing import Any

from chaos_scenario import Scenario, World

from airflow_media.cielo24.api import get_caption, get_transcript
from airflow_media.cielo24.operators import (
    AddMediaOperator,
    Cielo24CaptionsOperator,
    Cielo24CreateJobOperator,
    Cielo24DeleteJobOperator,
    Cielo24TranscribeOperator,
    Cielo24TranscriptOperator,
    Cielo24UpdateMetadataOperator,
)
from airflow_media.cielo24.sensors import Cielo24JobSensor
from support.captioning import CaptionHouse
from support.tasks import TaskRun

RETRIES = 3
FAST: dict[str, Any] = {"poll_interval": 0.02}


def house(world: World) -> CaptionHouse:
    return CaptionHouse(world.sandbox, world.clip)


# What is there before


def created(world: World) -> dict[str, str]:
    return {"job_id": house(world).created()}


def with_media(world: World) -> dict[str, str]:
    return {"job_id": house(world).with_media()}


def completed(world: World) -> dict[str, str]:
    return {"job_id": house(world).completed()}


# Jobs and their media


def create(world: World) -> TaskRun:
    return TaskRun(Cielo24CreateJobOperator(task_id="create", job_name="A film"), retries=RETRIES)


def created_once(world: World, run: TaskRun, job_id: Any) -> None:
    assert house(world).jobs == [job_id]


def add_media(world: World, **what: str) -> TaskRun:
    operator = AddMediaOperator(task_id="add", job_id=world.given["job_id"], **what)
    return TaskRun(operator, retries=RETRIES)


def added_once(world: World, run: TaskRun, task_id: Any) -> None:
    [job_id] = house(world).jobs
    media = house(world).record(job_id)["media"]
    assert media["size"] == world.clip.stat().st_size
    [stored] = [
        path for path in (world.sandbox.data / "cielo24").rglob("*") if path.name == media["path"].rpartition("/")[2]
    ]
    assert stored.read_bytes() == world.clip.read_bytes()


def linked_once(world: World, run: TaskRun, task_id: Any) -> None:
    [job_id] = house(world).jobs
    assert house(world).record(job_id)["media"]["url"] == somewhere(world)


def somewhere(world: World) -> str:
    """An address that the stand-in need not find anything at."""
    return f"{world.sandbox.base_url}/nowhere/film.mp4"


def update(world: World) -> TaskRun:
    operator = Cielo24UpdateMetadataOperator(
        task_id="update", job_id=world.given["job_id"], reference_id="season 1", requestor_id="ann"
    )
    return TaskRun(operator, retries=RETRIES)


def updated(world: World, run: TaskRun, task_id: Any) -> None:
    [job_id] = house(world).jobs
    record = house(world).record(job_id)
    assert (record["reference_id"], record["requestor_id"]) == ("season 1", "ann")


def delete(world: World) -> TaskRun:
    return TaskRun(Cielo24DeleteJobOperator(task_id="delete", job_id=world.given["job_id"]), retries=RETRIES)


def deleted(world: World, run: TaskRun, nothing: Any) -> None:
    assert house(world).jobs == []


# Transcription


def transcribe(world: World, *, deferrable: bool) -> TaskRun:
    operator = Cielo24TranscribeOperator(
        task_id="transcribe", job_id=world.given["job_id"], fidelity="PREMIUM", deferrable=deferrable, **FAST
    )
    return TaskRun(operator, retries=RETRIES)


def transcribed_once(world: World, run: TaskRun, job_id: Any) -> None:
    assert house(world).jobs == [job_id]
    assert house(world).record(job_id)["status"] == "Complete"


def await_job(world: World, *, deferrable: bool) -> TaskRun:
    if deferrable:
        house(world).stick()
        world.given = {"job_id": house(world).ordered()}
    sensor = Cielo24JobSensor(task_id="wait", job_id=world.given["job_id"], deferrable=deferrable, **FAST)
    return TaskRun(sensor, retries=RETRIES)


def job_told(world: World, run: TaskRun, told: Any) -> None:
    assert [told["job_id"]] == house(world).jobs == [world.given["job_id"]]
    assert told["status"] == "Complete"


# Results


def captions(world: World) -> TaskRun:
    operator = Cielo24CaptionsOperator(
        task_id="captions", job_id=world.given["job_id"], target=f"{world.folder}/film.vtt"
    )
    return TaskRun(operator, retries=RETRIES)


def captions_written(world: World, run: TaskRun, uri: Any) -> None:
    kept = house(world).run(get_caption(world.given["job_id"], "WEB_VTT"))
    assert world.files() == {"film.vtt": kept}


def transcript(world: World) -> TaskRun:
    operator = Cielo24TranscriptOperator(
        task_id="transcript", job_id=world.given["job_id"], target=f"{world.folder}/film.txt"
    )
    return TaskRun(operator, retries=RETRIES)


def transcript_written(world: World, run: TaskRun, uri: Any) -> None:
    assert world.files() == {"film.txt": house(world).run(get_transcript(world.given["job_id"]))}


MEDIA = ("get_media", "info")
"""How a job is looked at for media: the first is refused where it has none."""

SCENARIOS = (
    Scenario(
        task="Cielo24CreateJobOperator",
        service="cielo24",
        requests=("login", "list_jobs", "new_job"),
        begin=create,
        check=created_once,
    ),
    Scenario(
        task="AddMediaOperator",
        how="of a file",
        service="cielo24",
        requests=("login", *MEDIA, *MEDIA, "add_media_file"),
        begin=lambda world: add_media(world, source=str(world.clip)),
        check=added_once,
        prepare=created,
    ),
    Scenario(
        task="AddMediaOperator",
        how="from a URL",
        service="cielo24",
        requests=("login", *MEDIA, *MEDIA, "add_media"),
        begin=lambda world: add_media(world, media_url=somewhere(world)),
        check=linked_once,
        prepare=created,
    ),
    Scenario(
        task="Cielo24UpdateMetadataOperator",
        service="cielo24",
        requests=("login", "update_metadata"),
        begin=update,
        check=updated,
        prepare=created,
    ),
    Scenario(
        task="Cielo24TranscribeOperator",
        how="on the worker",
        service="cielo24",
        requests=("login", "info", "perform_transcription", "info"),
        begin=lambda world: transcribe(world, deferrable=False),
        check=transcribed_once,
        prepare=with_media,
    ),
    Scenario(
        task="Cielo24TranscribeOperator",
        how="deferred",
        service="cielo24",
        requests=("login", "info", "perform_transcription", "login", "info"),
        begin=lambda world: transcribe(world, deferrable=True),
        check=transcribed_once,
        prepare=with_media,
        trigger="Cielo24Trigger",
    ),
    Scenario(
        task="Cielo24CaptionsOperator",
        service="cielo24",
        requests=("login", "get_caption"),
        begin=captions,
        check=captions_written,
        prepare=completed,
        half=50,
    ),
    Scenario(
        task="Cielo24TranscriptOperator",
        service="cielo24",
        requests=("login", "get_transcript"),
        begin=transcript,
        check=transcript_written,
        prepare=completed,
        half=20,
    ),
    Scenario(
        task="Cielo24DeleteJobOperator",
        service="cielo24",
        requests=("login", "delete"),
        begin=delete,
        check=deleted,
        prepare=created,
    ),
    Scenario(
        task="Cielo24JobSensor",
        how="poking",
        service="cielo24",
        requests=("login", "info", "info"),
        begin=lambda world: await_job(world, deferrable=False),
        check=job_told,
        prepare=completed,
    ),
    Scenario(
        task="Cielo24JobSensor",
        how="deferred",
        service="cielo24",
        requests=("login", "info", "login", "info", "login", "info"),
        begin=lambda world: await_job(world, deferrable=True),
        check=job_told,
        trigger="Cielo24Trigger",
    ),
)
