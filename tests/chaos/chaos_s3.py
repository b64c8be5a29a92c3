"""The tasks that talk to S3 under its faults: those of the ingest, and transfers from and to it."""

from __future__ import annotations

import json
from typing import Any

from chaos_media_storage import LARGE, NAME, in_s3, large, uploaded, uploaded_once
from chaos_scenario import BUCKET, Scenario, World

from airflow_media.ingest.interval import Interval
from airflow_media.ingest.manifest import Manifest
from airflow_media.ingest.operators import (
    WORKS_KEY,
    IngestManifestOperator,
    IngestPlanOperator,
    IngestReleaseOperator,
)
from airflow_media.ingest.sensors import IngestClaimSensor
from airflow_media.media_storage.operators import MediaStorageDownloadOperator, MediaStorageUploadOperator
from support.tasks import DAG_ID, RUN_ID, TaskRun

RETRIES = 3
DAY = "2026-01-31"
SOURCE_KEY, CLAIM, MANIFEST = f"in/{DAY}/film.mp4", f"out/manifests/{DAY}.claim", f"out/manifests/{DAY}.json"
SOURCE, TARGET = f"s3://{BUCKET}/in/", f"s3://{BUCKET}/out/"
STEPS = ("enhance", "caption")
SUFFIXES = {"enhance": ".mp4", "caption": ".vtt"}


# Transfers


def upload(world: World) -> TaskRun:
    world.s3.upload_file(str(world.clip), BUCKET, SOURCE_KEY)
    operator = MediaStorageUploadOperator(task_id="upload", source=f"s3://{BUCKET}/{SOURCE_KEY}", resource=NAME)
    return TaskRun(operator, retries=RETRIES)


def download(world: World) -> TaskRun:
    operator = MediaStorageDownloadOperator(task_id="download", resource=NAME, target=f"s3://{BUCKET}/film.mp4")
    return TaskRun(operator, retries=RETRIES)


# The ingest


class Instance:
    """A task instance that knows of the other tasks of its run what the ingest asks for.

    :param own: The task instance itself.
    :param works: What the plan left behind.
    """

    def __init__(self, own: Any, works: Any) -> None:
        self._own, self._works = own, works

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def xcom_pull(self, task_ids: str, key: str, **_: Any) -> Any:
        return {("plan", WORKS_KEY): self._works, ("video.enhance.upload", "return_value"): "v1"}[task_ids, key]

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        return {run_id: {"plan": "success", "video.enhance.upload_0": "success"} for run_id in run_ids}

    def get_dagrun_state(self, dag_id: str, run_id: str) -> str:
        return "failed"


class IngestRun(TaskRun):
    """A task of an ingest.

    :param operator: The task.
    :param works: What the plan left behind.
    """

    def __init__(self, operator: Any, works: Any = None) -> None:
        super().__init__(operator, retries=RETRIES)
        self._works = works

    @property
    def context(self) -> Any:
        return {**super().context, "ti": Instance(self.ti, self._works)}


def put(world: World, key: str, content: Any) -> None:
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(content).encode())


def claim(world: World) -> TaskRun:
    return IngestRun(IngestClaimSensor(task_id="claim", target=TARGET, day=DAY, mode="poke", poke_interval=0.02))


def take_over(world: World) -> TaskRun:
    put(world, CLAIM, {"dag_id": DAG_ID, "run_id": "one that failed", "since": "2026-02-01T00:00:00Z"})
    return claim(world)


def claimed(world: World, run: TaskRun, label: Any) -> None:
    assert label == DAY
    [(key, content)] = world.objects().items()
    held = json.loads(content)
    assert (key, held["dag_id"], held["run_id"]) == (CLAIM, DAG_ID, RUN_ID)


def plan(world: World) -> TaskRun:
    world.s3.upload_file(str(world.clip), BUCKET, SOURCE_KEY)
    put(world, MANIFEST, Manifest.of(Interval.day(DAY, "UTC")).to_json())
    return IngestRun(
        IngestPlanOperator(task_id="plan", source=SOURCE, target=TARGET, steps=STEPS, suffixes=SUFFIXES, day=DAY)
    )


def planned(world: World, run: TaskRun, arguments: Any) -> None:
    [video] = arguments
    assert video["enhance_source"] == f"s3://{BUCKET}/{SOURCE_KEY}"
    assert video["transcode_source"] == ""
    [work] = run.ti.xcoms[WORKS_KEY]
    assert work["outputs"] == {"enhance": video["enhanced"], "caption": video["captions"]}
    assert sorted(world.objects()) == [SOURCE_KEY, MANIFEST]


def record(world: World) -> TaskRun:
    run = plan(world)
    [video] = run.finish()
    for result in (video["enhanced"], video["captions"]):
        put(world, result.removeprefix(f"s3://{BUCKET}/"), "a result")
    manifest = IngestManifestOperator(task_id="manifest", target=TARGET, ids={"video": "enhance.upload"}, day=DAY)
    return IngestRun(manifest, run.ti.xcoms[WORKS_KEY])


def recorded(world: World, run: TaskRun, summary: Any) -> None:
    document = json.loads(world.objects()[MANIFEST])
    [video] = document["videos"]
    assert (video["state"], video["ids"], document["run_id"]) == ("done", {"video": "v1"}, RUN_ID)
    assert sorted(video["outputs"]) == sorted(STEPS)
    assert (summary["manifest"], summary["done"]) == (f"s3://{BUCKET}/{MANIFEST}", [video["name"]])
    assert len(world.objects()) == 4


def release(world: World) -> TaskRun:
    put(world, CLAIM, {"dag_id": DAG_ID, "run_id": RUN_ID, "since": "2026-02-01T00:00:00Z"})
    return IngestRun(IngestReleaseOperator(task_id="release", target=TARGET, day=DAY))


def released(world: World, run: TaskRun, nothing: Any) -> None:
    assert world.objects() == {}


SCENARIOS = (
    Scenario(
        task="MediaStorageUploadOperator",
        how="from S3",
        service="s3",
        partner="media_storage",
        requests=("head_object", "get_object"),
        begin=upload,
        check=uploaded_once,
        s3=True,
    ),
    Scenario(
        task="MediaStorageDownloadOperator",
        how="to S3, in parts",
        service="s3",
        partner="media_storage",
        requests=("create_multipart_upload", "upload_part", "upload_part", "complete_multipart_upload"),
        begin=download,
        check=in_s3,
        prepare=large,
        s3=True,
        half=LARGE // 2,
        unread=(3,),
    ),
    Scenario(
        task="MediaStorageDownloadOperator",
        how="to S3, in one request",
        service="s3",
        partner="media_storage",
        requests=("put_object",),
        begin=download,
        check=in_s3,
        prepare=uploaded,
        s3=True,
        unread=(0,),
    ),
    Scenario(
        task="IngestClaimSensor",
        how="of a new day",
        service="s3",
        requests=("get_object", "put_object", "put_object"),
        begin=claim,
        check=claimed,
        s3=True,
        unread=(0, 2),
    ),
    Scenario(
        task="IngestClaimSensor",
        how="of a run that has failed",
        service="s3",
        requests=("get_object", "put_object"),
        begin=take_over,
        check=claimed,
        s3=True,
    ),
    Scenario(
        task="IngestPlanOperator",
        service="s3",
        requests=("list_objects", "get_object", "list_objects"),
        begin=plan,
        check=planned,
        s3=True,
    ),
    Scenario(
        task="IngestManifestOperator",
        service="s3",
        requests=("get_object", "list_objects", "head_object", "head_object", "head_object", "put_object"),
        begin=record,
        check=recorded,
        s3=True,
        unread=(2, 3),
    ),
    Scenario(
        task="IngestReleaseOperator",
        service="s3",
        requests=("get_object", "delete_object"),
        begin=release,
        check=released,
        s3=True,
        unread=(1,),
    ),
)
