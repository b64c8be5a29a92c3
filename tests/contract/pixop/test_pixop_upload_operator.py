"""PixopUploadOperator against the sandbox: one video with the right bytes, whatever is lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_media.http.bodies import CHUNK
from airflow_media.jobs.compat import AirflowTaskTerminated
from airflow_media.jobs.failures import JobFailedError, MediaFailError, MediaRetryError
from airflow_media.pixop import api
from airflow_media.pixop.operators import PixopUploadOperator
from airflow_media.storage import open_target
from media_sandbox.testing import make_audio_file, make_garbage
from support.studio import Studio
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]


def upload(source: str | Path, *, store: bool = True, retries: int = 1, **fields: Any) -> TaskRun:
    operator = PixopUploadOperator(task_id="upload", source=str(source), poll_interval=0.02, **fields)
    return TaskRun(operator, store=store, retries=retries)


def bytes_of(studio: Studio, video_id: str, tmp_path: Path) -> bytes:
    done = studio.hook.download(video_id, open_target(str(tmp_path / "back")), kind="original")
    return Path(done.uri).read_bytes()


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several pieces, which no video needs to be to be uploaded."""
    return make_garbage(tmp_path_factory.mktemp("big") / "big.mov", size=6 * CHUNK + 7)


# What it does


def test_the_file_arrives_as_it_is_in_a_project_found_by_name(studio: Studio, tmp_path: Path) -> None:
    run = upload(studio.clip, name="Ein größerer Film", project_name="archive")
    video_id = run.execute()
    video = studio.hook.run(api.get_video(video_id))
    [project] = [each for each in studio.projects if each.name == "archive"]
    assert video.project_id == project.id
    assert (video.name or "").startswith("Ein größerer Film [")
    assert studio.record(video_id)["file"]["name"] == studio.clip.name
    assert bytes_of(studio, video_id, tmp_path) == studio.clip.read_bytes()
    assert run.ti.xcoms == {"job_id": video_id, "api_url": f"{studio.sandbox.pixop.host}/videos/v1/video/{video_id}"}


@pytest.mark.parametrize(("ingestion", "operation"), [("light", "upload_light"), ("full", "upload")])
@pytest.mark.parametrize("deferrable", [True, False])
def test_it_can_wait_for_ingestion(studio: Studio, ingestion: Any, operation: str, deferrable: bool) -> None:
    run = upload(studio.clip, wait_for_ingest=True, ingestion=ingestion, deferrable=deferrable)
    video_id = run.execute()
    assert (run.trigger is not None) is deferrable
    assert studio.record(video_id)["ingestion"]["status"] == "DONE"
    assert studio.count(operation) == 1


def test_without_a_name_it_takes_that_of_the_file(studio: Studio) -> None:
    video = studio.hook.run(api.get_video(upload(studio.clip).execute()))
    assert (video.name or "").startswith("clip [")


def test_two_mapped_tasks_with_the_same_file_make_two_videos(studio: Studio) -> None:
    runs = [upload(studio.clip, name="a film"), upload(studio.clip, name="a film")]
    for map_index, run in enumerate(runs):
        run.ti.map_index = map_index
    assert len({run.execute() for run in runs}) == 2
    assert len(studio.videos) == 2


@pytest.mark.parametrize("store", [True, False])
def test_clearing_after_a_success_sends_the_file_again_to_the_same_video(studio: Studio, store: bool) -> None:
    run = upload(studio.clip, store=store)
    first = run.execute()
    assert run.clear().execute() == first
    assert studio.count("upload_light") == 2
    assert len(studio.videos) == 1


def test_what_is_to_be_replaced_does_not_pass_for_the_file_that_replaces_it(studio: Studio) -> None:
    run = upload(studio.clip)
    run.execute()
    studio.admin.fault("503 on=pixop.upload_light times=1")  # nothing arrived: the old file of the same size is there
    run.clear().execute()
    assert [entry["status"] for entry in studio.admin.requests("pixop.upload_light")] == [200, 503, 200]


# What is wrong before anything is sent


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "missing.mov", ("missing.mov", "no such file")),
        (lambda folder: make_garbage(folder / "empty.mov", size=0), ("empty.mov", "is empty")),
        (lambda folder: folder, ("it is a folder",)),
    ],
)
def test_a_source_that_cannot_be_read_leaves_nothing_at_the_service(
    studio: Studio, refused: Refused, tmp_path: Path, make: Callable[[Path], Path], words: tuple[str, ...]
) -> None:
    run = upload(make(tmp_path), project_name="archive")
    refused(run.execute, MediaFailError, "could not read file", *words)
    assert studio.videos == []
    assert [each for each in studio.projects if each.name == "archive"] == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"project_id": "1", "project_name": "archive"}, ("project_id and project_name", "Give one of them")),
        ({"ingestion": "heavy"}, ("ingestion='heavy'", "Use light or full")),
        ({"project_id": "00000000-0000-0000-0000-000000000000"}, ("00000000", "404")),
        ({"pixop_conn_id": "nowhere"}, ("nowhere",)),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_sent(
    studio: Studio, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - a connection that is missing is Airflow's own error
        upload(studio.clip, **fields).execute()
    assert [word for word in words if word not in str(raised.value)] == []
    assert studio.videos == []


def test_a_wrong_password_fails_the_task_for_good_and_is_tried_once(
    studio: Studio, connect: Callable[..., None], refused: Refused
) -> None:
    connect("pixop", password="wrong-password")
    fault = refused(upload(studio.clip).execute, MediaFailError, "log in", "401", "credentials of the connection")
    assert "wrong-password" not in str(fault)
    assert studio.count("get_token") == 1


@pytest.fixture
def locked_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 on loopback without the object that is asked for."""
    import json

    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client("s3", "us-east-1", endpoint_url=address, aws_access_key_id="i", aws_secret_access_key="s")
    client.create_bucket(Bucket="films")
    extra = {"endpoint_url": address, "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "id", "password": "plain-password-of-s3", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    yield address
    server.stop()


@pytest.mark.usefixtures("locked_bucket")
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("s3://films/missing.mov", ("s3://films/missing.mov", "no such object")),
        ("s3://elsewhere/clip.mov", ("s3://elsewhere/clip.mov", "no such bucket")),
    ],
)
def test_an_s3_object_that_cannot_be_read_leaves_nothing_at_the_service(
    studio: Studio, source: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(MediaFailError) as raised:
        upload(source).execute()
    assert [word for word in words if word not in str(raised.value)] == []
    assert "plain-password-of-s3" not in str(raised.value)
    assert studio.videos == []


# What is lost on the way


@pytest.mark.parametrize(
    "fault",
    [
        "lost_answer on=pixop.create_project times=1",
        "lost_answer on=pixop.create_video times=1",
        "502 on=pixop.create_video times=2",
        "malformed on=pixop.create_video times=1",
        "lost_answer on=pixop.upload_light times=1",
        "429 retry_after=1 on=pixop.create_video times=1",
        "503 on=pixop.list_videos times=2",
    ],
)
def test_a_lost_answer_leaves_one_project_one_video_and_one_file(
    studio: Studio, tmp_path: Path, logged: Callable[[], str], fault: str
) -> None:
    studio.admin.fault(fault)
    video_id = upload(studio.clip, project_name="archive").execute()
    assert [video.id for video in studio.videos] == [video_id]
    assert len([each for each in studio.projects if each.name == "archive"]) == 1
    assert bytes_of(studio, video_id, tmp_path) == studio.clip.read_bytes()
    assert studio.secrets_in(logged()) == []


def test_a_file_that_arrived_whose_answer_was_lost_is_not_sent_again(studio: Studio) -> None:
    studio.admin.fault("lost_answer on=pixop.upload_light times=1")
    upload(studio.clip).execute()
    assert studio.count("upload_light") == 1


@pytest.mark.parametrize(
    "fault",
    [
        f"reset_upload bytes={2 * CHUNK} on=pixop.upload_light times=1",
        "error status=401 exception=ExpiredJWTTokenException on=pixop.upload_light times=1",
        "503 on=pixop.upload_light times=1",
        "reset on=pixop.upload_light times=1",
    ],
)
def test_an_upload_that_is_cut_or_refused_is_sent_again_whole_to_the_same_video(
    studio: Studio, big: Path, tmp_path: Path, fault: str
) -> None:
    studio.admin.fault(fault)
    video_id = upload(big).execute()
    assert [video.id for video in studio.videos] == [video_id]
    assert studio.count("upload_light") == 2
    assert bytes_of(studio, video_id, tmp_path) == big.read_bytes()


def test_a_token_that_ends_in_the_middle_of_an_upload_does_no_harm(studio: Studio, big: Path, tmp_path: Path) -> None:
    studio.admin.fault("expire_token on=pixop.upload_light times=1")
    video_id = upload(big).execute()
    assert bytes_of(studio, video_id, tmp_path) == big.read_bytes()


def test_an_upload_that_is_cut_again_and_again_is_left_to_a_retry_that_uses_the_same_video(
    studio: Studio, big: Path, tmp_path: Path, refused: Refused
) -> None:
    run = upload(big)
    studio.admin.fault("reset_upload bytes=1000 on=pixop.upload_light")
    refused(run.execute, MediaRetryError, "upload media", "video")
    studio.admin.clear_faults()
    video_id = run.next_try().execute()
    assert [video.id for video in studio.videos] == [video_id]
    assert bytes_of(studio, video_id, tmp_path) == big.read_bytes()


@pytest.mark.parametrize("store", [True, False])
def test_a_retry_finds_the_file_of_a_try_that_died_after_the_upload(studio: Studio, store: bool) -> None:
    run = upload(studio.clip, store=store)
    run.die_after_submitting()
    run.next_try().execute()
    assert studio.count("upload_light") == 1
    assert len(studio.videos) == 1


def test_a_retry_after_a_failed_ingestion_sends_the_file_again(studio: Studio) -> None:
    studio.admin.outcome("ingest", "fail")
    run = upload(studio.clip, wait_for_ingest=True)
    with pytest.raises(JobFailedError):
        run.execute()
    video_id = run.clear().execute()
    assert studio.record(video_id)["ingestion"]["status"] == "DONE"
    assert len(studio.videos) == 1


@pytest.mark.parametrize("make", [make_audio_file, make_garbage])
def test_a_file_that_is_no_video_fails_the_task_for_good(
    studio: Studio, tmp_path: Path, refused: Refused, make: Callable[[Path], Path]
) -> None:
    run = upload(make(tmp_path / "sound.wav"), wait_for_ingest=True, deferrable=True)
    refused(run.execute, JobFailedError, "Pixop ingestion of video", "ERROR", "cannot read as a video")


# Killed


@pytest.fixture
def progress(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What is done at the first piece that was sent."""
    from airflow_media.jobs.progress import ProgressLog

    work: list[Callable[[], None]] = []

    def transfer(self: ProgressLog, what: str, done: int, total: int | None) -> None:
        if work and done:
            work.pop()()

    monkeypatch.setattr(ProgressLog, "transfer", transfer)
    return work


def test_a_killed_upload_leaves_no_empty_video(
    studio: Studio, big: Path, progress: list[Callable[[], None]], logged: Callable[[], str]
) -> None:
    run = upload(big)
    progress.append(lambda: run.operator.on_kill())
    with pytest.raises(AirflowTaskTerminated, match="upload was killed"):
        run.execute()
    assert studio.videos == []
    assert studio.secrets_in(logged()) == []


def test_a_killed_upload_that_is_not_to_be_cancelled_leaves_its_video(
    studio: Studio, big: Path, progress: list[Callable[[], None]]
) -> None:
    run = upload(big, cancel_on_kill=False)
    progress.append(lambda: run.operator.on_kill())
    with pytest.raises(AirflowTaskTerminated):
        run.execute()
    assert len(studio.videos) == 1


def test_a_task_that_is_killed_while_it_waits_keeps_the_file_that_has_arrived(studio: Studio) -> None:
    studio.admin.outcome("ingest", "stuck")
    run = upload(studio.clip, wait_for_ingest=True, deferrable=True)
    run.defer()
    with pytest.raises(AirflowTaskTerminated):
        run.operator.on_kill()
    assert len(studio.videos) == 1
    studio.admin.release()


def test_a_task_that_is_killed_when_the_service_is_gone_ends_all_the_same(
    studio: Studio, big: Path, progress: list[Callable[[], None]], logged: Callable[[], str]
) -> None:
    run = upload(big)

    def kill() -> None:
        studio.admin.fault("503 on=pixop.get_video")
        run.operator.on_kill()

    progress.append(kill)
    with pytest.raises(AirflowTaskTerminated):
        run.execute()
    assert "Could not stop what this task began" in logged()
