"""Workers that die at the worst moments: the retry finishes what was begun, pays once and leaves nothing behind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from airflow_media.cielo24.flows import find_order
from media_sandbox.demo.airflow_api import DagRun
from media_sandbox.demo.s3_server import BUCKET
from processes.process_plant import TASK, Plant, Wait, halfway, until
from support.mediahub import preset

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.e2e,
    pytest.mark.xdist_group("airflow"),
    pytest.mark.usefixtures("order"),
]

ENOUGH = 9 * 1024 * 1024
"""Bytes of the film of which S3 has got a part."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A moment in which a task dies.

    :param run: The run of the task.
    :param reached: Tells whether it has come.
    :param check: Tells, once the run has ended, what must be there.
    """

    run: DagRun
    reached: Callable[[], Any]
    check: Callable[[], None]


def before_submit(plant: Plant) -> Moment:
    original = plant.original()
    plant.admin.fault(f"stall on=pixop.process_video path=*{original} times=1")
    run = plant.api.trigger("process_deferred", {"video_id": original})

    def check() -> None:
        assert len(plant.orders_of(original)) == 1
        assert plant.jobs_of(original) == [plant.api.xcom(run, TASK)]

    return Moment(run=run, reached=lambda: plant.requests("pixop.process_video", original), check=check)


def before_the_id_is_stored(plant: Plant) -> Moment:
    original = plant.original()
    plant.admin.fault(f"stall bytes=0 on=pixop.process_video path=*{original} times=1")
    run = plant.api.trigger("process_deferred", {"video_id": original})

    def check() -> None:
        assert len(plant.requests("pixop.process_video", original)) == 1
        assert plant.jobs_of(original) == [plant.api.xcom(run, TASK)]

    return Moment(run=run, reached=lambda: plant.jobs_of(original), check=check)


def in_the_middle_of_an_upload(plant: Plant) -> Moment:
    key, go_on = f"{plant.name()}.mp4", threading.Event()
    plant.s3.client().upload_file(str(plant.film), BUCKET, key)
    plant.troubled.troubles[key] = halfway(go_on)
    run = plant.api.trigger("upload", {"source": f"s3://{BUCKET}/{key}"})

    def videos() -> list[str]:
        return [video.id for video in plant.studio.videos if video.name.startswith(f"{Path(key).stem} [")]

    def reached() -> bool:
        sent = [entry for id_ in videos() for entry in plant.requests("pixop.upload_light", id_)]
        return any(entry["body_bytes"] for entry in sent)

    def check() -> None:
        go_on.set()
        [video_id] = videos()
        assert video_id == plant.api.xcom(run, TASK)
        # What had arrived at first is gone, too.
        stored = list((plant.services.running.data / "pixop" / video_id).iterdir())
        assert [path.read_bytes() == plant.film.read_bytes() for path in stored] == [True]

    return Moment(run=run, reached=reached, check=check)


def in_the_middle_of_a_download(plant: Plant, folder: Path) -> Moment:
    original, target = plant.original(plant.film), folder / "film.mp4"
    plant.admin.fault(f"stall bytes={ENOUGH} on=pixop.download_original path=*{original} times=1")
    run = plant.api.trigger("download", {"video_id": original, "target": str(target)})

    def check() -> None:
        assert target.read_bytes() == plant.film.read_bytes()
        assert list(folder.iterdir()) == [target]

    return Moment(run=run, reached=lambda: any(path.stat().st_size for path in folder.iterdir()), check=check)


def in_the_middle_of_a_download_to_s3(plant: Plant) -> Moment:
    original, key, s3 = plant.original(plant.film), f"{plant.name()}/film.mp4", plant.s3.client()
    plant.admin.fault(f"stall bytes={ENOUGH} on=pixop.download_original path=*{original} times=1")
    run = plant.api.trigger("download", {"video_id": original, "target": f"s3://{BUCKET}/{key}"})

    def uploads() -> list[Any]:
        found: list[Any] = s3.list_multipart_uploads(Bucket=BUCKET, Prefix=key).get("Uploads", [])
        return found

    def check() -> None:
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == plant.film.read_bytes()
        assert uploads() == []

    return Moment(run=run, reached=uploads, check=check)


def before_the_id_of_a_job_at_xvid_is_stored(plant: Plant) -> Moment:
    key, hub = f"uploads/{plant.name()}.mp4", plant.hub
    hub.uploaded(key=key)
    earlier = {job.id for job in hub.jobs}
    plant.admin.fault("stall bytes=0 on=xvid.create_job times=1")
    run = plant.api.trigger("transcode", {"file": key, "preset": preset("H.264 MP4")})

    def jobs() -> set[str]:
        return {job.id for job in hub.jobs} - earlier

    def check() -> None:
        assert jobs() == {plant.api.xcom(run, TASK)}
        assert hub.count("create_job") == 1

    return Moment(run=run, reached=jobs, check=check)


def before_an_order_at_cielo24_is_known(plant: Plant) -> Moment:
    house = plant.house
    job_id = house.with_media()
    plant.admin.fault("stall bytes=0 on=cielo24.perform_transcription times=1")
    run = plant.api.trigger("transcribe", {"job_id": job_id})

    def check() -> None:
        assert plant.api.xcom(run, TASK) == job_id
        assert house.count("new_job") == 1
        assert house.count("perform_transcription") == 1

    return Moment(run=run, reached=lambda: house.run(find_order(job_id)), check=check)


@pytest.mark.parametrize("with_worker", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_task_that_is_killed_is_finished_by_its_retry(plant: Plant, tmp_path: Path, with_worker: bool) -> None:
    (folder := tmp_path / "films").mkdir()
    moments = [
        before_submit(plant),
        before_the_id_is_stored(plant),
        in_the_middle_of_an_upload(plant),
        in_the_middle_of_a_download(plant, folder),
        in_the_middle_of_a_download_to_s3(plant),
        before_the_id_of_a_job_at_xvid_is_stored(plant),
        before_an_order_at_cielo24_is_known(plant),
    ]
    to_come = list(moments)

    def all_killed() -> bool:
        for moment in [moment for moment in to_come if moment.reached()]:
            plant.kill_task(moment.run, with_worker=with_worker)
            to_come.remove(moment)
        return not to_come

    until(all_killed, "the moments in which to kill")
    for moment in moments:
        assert plant.end(moment.run) == "success", plant.log(moment.run)
        assert plant.tries(moment.run) > 1
        moment.check()


@pytest.mark.long
def test_a_task_whose_scheduler_and_worker_died_takes_up_its_job(plant: Plant) -> None:
    wait = Wait.begin(plant, "process_poking", "running")
    plant.kill("scheduler")
    plant.airflow.restart("scheduler")
    until(lambda: plant.tries(wait.run) == 2, "the second try")
    plant.state(wait.run, "running")
    wait.until_watched()
    plant.admin.release()
    assert plant.end(wait.run) == "success", plant.log(wait.run)
    wait.must_have_one_job()


@pytest.mark.long
def test_a_task_goes_on_while_the_api_servers_are_restarted(plant: Plant) -> None:
    wait = Wait.begin(plant, "process_poking", "running")
    for server in ("api-server", "task-api-server"):
        plant.airflow.restart(server)
    wait.until_watched()
    plant.admin.release()
    assert plant.end(wait.run) == "success", plant.log(wait.run)
    assert plant.tries(wait.run) == 1
    wait.must_have_one_job()
