"""XvidDownloadOperator and XvidDeleteFileOperator against the sandbox: the very bytes or nothing, and nothing twice."""

from __future__ import annotations

import errno
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_media.http.bodies import CHUNK
from airflow_media.jobs.compat import AirflowSkipException, AirflowTaskTerminated
from airflow_media.jobs.failures import MediaFailError, MediaRetryError
from airflow_media.xvid.api import delete_file, get_job
from airflow_media.xvid.operators import XvidDeleteFileOperator, XvidDownloadOperator
from media_sandbox.testing import make_garbage
from media_sandbox.xvid import fixtures
from support.mediahub import KEY, MediaHub, login, output
from support.probe import Probe, probe
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]
NOBODY = "53a1ac4914eaa8ffa4fce91b"
THUMBNAILS = [{"thumbnail_names": "t_{resolution}", "thumbnail_preset": "thumbnails_small"}]


def download(target: str | Path, **fields: Any) -> TaskRun:
    return TaskRun(XvidDownloadOperator(task_id="download", target=str(target), **fields))


def delete(file_id: Any) -> TaskRun:
    return TaskRun(XvidDeleteFileOperator(task_id="delete", file_id=file_id))


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several pieces."""
    return make_garbage(tmp_path_factory.mktemp("big") / "big.mov", size=6 * CHUNK + 7)


def stored(hub: MediaHub, path: Path | None = None) -> str:
    """Upload a file; give its id."""
    return str(hub.uploaded(path).file_id)


# One file


def test_a_file_is_downloaded_by_its_id_under_the_name_that_the_service_gives(hub: MediaHub, tmp_path: Path) -> None:
    file_id = stored(hub)
    run = download(f"{tmp_path}/back/", file_id=file_id)
    assert run.execute() == [f"{tmp_path}/back/clip.mp4"]
    assert (tmp_path / "back" / "clip.mp4").read_bytes() == hub.clip.read_bytes()
    assert run.ti.xcoms == {"api_url": f"{hub.sandbox.connection('xvid').host}/files/{file_id}"}


@pytest.mark.parametrize("pipeline", [True, False], ids=["named", "of the connection"])
def test_a_file_is_downloaded_by_its_object_key(hub: MediaHub, tmp_path: Path, pipeline: bool) -> None:
    stored(hub)
    target = tmp_path / "mine.mp4"
    fields = {"pipeline_id": hub.pipeline_id} if pipeline else {}
    assert download(target, object_key=KEY, **fields).execute() == [str(target)]
    assert target.read_bytes() == hub.clip.read_bytes()


def test_the_token_is_told_to_the_service_and_not_to_the_storage(
    hub: MediaHub, tmp_path: Path, logged: Callable[[], str]
) -> None:
    download(tmp_path / "x.mp4", file_id=stored(hub)).execute()
    [redirect], [fetched] = hub.admin.requests("xvid.get_download"), hub.admin.requests("xvid.get_object")
    assert (redirect["status"], redirect["query"]["redirect"]) == (302, "true")
    assert "authorization" in redirect["headers"]
    assert "authorization" not in fetched["headers"]
    assert hub.secrets_in(logged()) == []


@pytest.mark.parametrize("faults", [("truncate bytes=300000",), ("truncate bytes=1", "truncate bytes=900000")])
def test_a_download_that_is_cut_is_taken_up_where_it_broke_with_a_new_address(
    hub: MediaHub, big: Path, tmp_path: Path, logged: Callable[[], str], faults: tuple[str, ...]
) -> None:
    file_id = stored(hub, big)
    for fault in faults:
        hub.admin.fault(f"{fault} on=xvid.get_object times=1")
    download(tmp_path / "back.mov", file_id=file_id).execute()
    assert (tmp_path / "back.mov").read_bytes() == big.read_bytes()
    ranges = [request["headers"].get("range") for request in hub.admin.requests("xvid.get_object")]
    assert ranges[0] is None
    assert all(part.startswith("bytes=") for part in ranges[1:])
    assert len(ranges) == hub.count("get_download") == len(faults) + 1
    assert hub.secrets_in(logged()) == []


@pytest.mark.parametrize(
    "fault",
    [
        "expire_token on=xvid.get_download times=1",
        "503 on=xvid.get_object times=2",
        "reset on=xvid.get_object times=1",
        "lost_answer on=xvid.get_download times=1",
        "429 retry_after=0 on=xvid.get_file times=1",
    ],
)
def test_what_passes_does_no_harm(hub: MediaHub, big: Path, tmp_path: Path, fault: str) -> None:
    file_id = stored(hub, big)
    hub.admin.fault(fault)
    download(tmp_path / "back.mov", file_id=file_id).execute()
    assert (tmp_path / "back.mov").read_bytes() == big.read_bytes()


def test_a_download_that_is_cut_again_and_again_leaves_nothing_half_written(
    hub: MediaHub, big: Path, tmp_path: Path, refused: Refused
) -> None:
    file_id = stored(hub, big)
    hub.admin.fault("truncate bytes=0 on=xvid.get_object")
    refused(download(tmp_path / "back.mov", file_id=file_id).execute, MediaRetryError, "download file", file_id)
    assert list(tmp_path.iterdir()) == []


def test_other_bytes_than_the_service_tells_are_refused(hub: MediaHub, tmp_path: Path, refused: Refused) -> None:
    file_id = stored(hub)
    hub.admin.post(f"xvid/files/{file_id}/corrupt")
    refused(download(tmp_path / "x.mp4", file_id=file_id).execute, MediaRetryError, "MD5", file_id)
    assert list(tmp_path.iterdir()) == []


def test_a_token_that_may_only_download_is_enough_for_one_file(
    hub: MediaHub, connect: Callable[..., None], tmp_path: Path
) -> None:
    file_id = stored(hub)
    connect("xvid", {"scope": "mediahub_download_files"})
    download(f"{tmp_path}/", file_id=file_id).execute()
    assert (tmp_path / "clip.mp4").read_bytes() == hub.clip.read_bytes()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"file_id": NOBODY}, ("404", NOBODY, "Check the id")),
        ({"object_key": "uploads/nothing.mp4"}, ("404", "uploads/nothing.mp4")),
        ({"object_key": KEY, "pipeline_id": NOBODY}, ("40", NOBODY)),
        ({"file_id": "../jobs"}, ("'../jobs' is not the id of a file",)),
        ({"job_id": NOBODY}, ("404", NOBODY)),
        ({}, ("one of job_id, file_id and object_key",)),
        ({"file_id": NOBODY, "object_key": KEY}, ("one of job_id, file_id and object_key",)),
        ({"file_id": NOBODY, "target": "http://films.example/x.mov"}, ("an http URL can be read from",)),
        ({"file_id": NOBODY, "target": ""}, ("path or URI is empty",)),
    ],
)
def test_what_cannot_be_downloaded_is_told_and_leaves_nothing(
    hub: MediaHub, tmp_path: Path, refused: Refused, fields: dict[str, str], words: tuple[str, ...]
) -> None:
    refused(download(**{"target": tmp_path / "x.mov", **fields}).execute, MediaFailError, *words)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_is_told_and_what_was_there_stays(
    hub: MediaHub, big: Path, tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = stored(hub, big)
    target = tmp_path / "back.mov"
    target.write_text("yesterday's")

    def full(descriptor: int, data: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("airflow_media.storage.local.os.write", full)
    refused(download(target, file_id=file_id).execute, MediaFailError, "back.mov", "no room")
    assert target.read_text() == "yesterday's"
    assert list(tmp_path.iterdir()) == [target]


def test_a_killed_download_leaves_nothing_half_written(
    hub: MediaHub, big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_media.jobs.progress import ProgressLog

    run = download(tmp_path / "back.mov", file_id=stored(hub, big))
    monkeypatch.setattr(ProgressLog, "transfer", lambda *_: run.operator.on_kill())
    with pytest.raises(AirflowTaskTerminated):
        run.execute()
    assert list(tmp_path.iterdir()) == []


# All that a job has made


def test_all_outputs_of_a_job_and_their_thumbnails_are_downloaded(hub: MediaHub, tmp_path: Path) -> None:
    job_id = hub.transcoded(output("small", thumbnails=THUMBNAILS), output("sketch", "Xvid AVI"))
    run = download(f"{tmp_path}/made/", job_id=job_id)
    uris = run.execute()
    assert sorted(uris) == sorted(str(path) for path in (tmp_path / "made").iterdir())
    suffixes = {Path(uri).suffix: Path(uri) for uri in uris}
    assert set(suffixes) == {".mp4", ".avi", ".zip"}
    assert probe(suffixes[".mp4"]) == Probe("h264", 160, 120, frames=10)
    assert probe(suffixes[".avi"]).codec == "mpeg4"
    assert zipfile.ZipFile(suffixes[".zip"]).testzip() is None
    assert run.ti.xcoms == {"api_url": f"{hub.sandbox.connection('xvid').host}/jobs/{job_id}"}


def test_a_single_output_may_be_given_another_name(hub: MediaHub, tmp_path: Path) -> None:
    job_id = hub.transcoded(output("small"))
    target = tmp_path / "mine.mp4"
    assert download(target, job_id=job_id).execute() == [str(target)]
    assert probe(target).codec == "h264"


@pytest.mark.parametrize(
    ("outputs", "target"),
    [
        ((output("a/small"), output("b/small")), "{}/made/"),
        ((output("small"), output("large")), "{}/one.mp4"),
    ],
    ids=["same name", "one place"],
)
def test_two_outputs_in_one_place_are_refused_before_anything_is_downloaded(
    hub: MediaHub, tmp_path: Path, refused: Refused, outputs: tuple[Any, ...], target: str
) -> None:
    job_id = hub.transcoded(*outputs)
    run = download(target.format(tmp_path), job_id=job_id)
    refused(run.execute, MediaFailError, job_id, "would all be written to", "names that differ")
    assert list(tmp_path.iterdir()) == []
    assert hub.count("get_download") == 0


@pytest.mark.parametrize("name", ["../../outside", "..", ".hidden/..\\..\\outside"])
def test_names_cannot_lead_out_of_the_folder(hub: MediaHub, tmp_path: Path, name: str) -> None:
    hub.admin.options("xvid", name_extension=False)
    job_id = hub.transcoded(output(name))
    folder = tmp_path / "deep" / "made"
    [uri] = download(f"{folder}/", job_id=job_id).execute()
    assert Path(uri).parent == folder
    assert [path.parent for path in tmp_path.rglob("*") if path.is_file()] == [folder]


def test_a_job_that_is_not_over_is_told_with_what_to_do(hub: MediaHub, tmp_path: Path, refused: Refused) -> None:
    hub.uploaded()
    hub.admin.outcome("job", "stuck", service="xvid")
    job_id = hub.submitted()
    hub.until(job_id, lambda job: job.percent == 50.0)
    refused(download(f"{tmp_path}/", job_id=job_id).execute, MediaFailError, "PROCESSING", "XvidJobSensor")
    hub.admin.release("xvid")


def test_a_job_that_failed_is_told(hub: MediaHub, tmp_path: Path, refused: Refused) -> None:
    hub.uploaded()
    hub.admin.outcome("job", "fail", service="xvid")
    job_id = hub.submitted()
    hub.until(job_id, lambda job: not job.active)
    refused(download(f"{tmp_path}/", job_id=job_id).execute, MediaFailError, "its status is FAILURE")


@pytest.mark.parametrize("how", ["lost by the service", "deleted"])
def test_an_output_that_is_missing_is_told_before_anything_is_downloaded(
    hub: MediaHub, tmp_path: Path, refused: Refused, how: str
) -> None:
    job_id = hub.transcoded(output("small"), output("large"))
    file_id = hub.run(get_job(job_id)).outputs[1].file_id or ""
    if how == "deleted":
        hub.run(delete_file(file_id))
    else:
        hub.admin.post(f"xvid/jobs/{job_id}/outputs/1/drop")
    run = download(f"{tmp_path}/", job_id=job_id)
    refused(run.execute, MediaFailError, job_id, "output 'large'", file_id, "not there any more")
    assert list(tmp_path.iterdir()) == []
    assert hub.count("get_download") == 0


# Delete


def test_files_are_deleted_and_deleting_again_does_no_harm(hub: MediaHub, logged: Callable[[], str]) -> None:
    file_ids = [str(hub.uploaded(key=key).file_id) for key in ("one.mp4", "two.mp4")]
    assert delete(file_ids).execute() is None
    assert hub.files == []
    delete(file_ids[0]).execute()
    assert f"File {file_ids[0]} was not there" in logged()


def test_an_upload_may_be_deleted_while_its_outputs_stay(hub: MediaHub, tmp_path: Path) -> None:
    file_id = stored(hub)
    job_id = hub.transcoded(output("small"))
    delete(file_id).execute()
    assert len(download(f"{tmp_path}/", job_id=job_id).execute()) == 1


@pytest.mark.parametrize("nothing", ["", [], [""], None])
def test_nothing_to_delete_skips_the_task(hub: MediaHub, nothing: Any) -> None:
    with pytest.raises(AirflowSkipException):
        delete(nothing).execute()
    assert hub.asked() == []


def test_a_lost_answer_to_a_deletion_does_no_harm(hub: MediaHub) -> None:
    file_id = stored(hub)
    hub.admin.fault("lost_answer on=xvid.delete_file times=1")
    delete(file_id).execute()
    assert hub.files == []


def test_what_may_not_be_deleted_is_told(hub: MediaHub, connect: Callable[..., None], refused: Refused) -> None:
    file_id = stored(hub)
    connect("xvid", **login(fixtures.NARROW))
    refused(delete(file_id).execute, MediaFailError, "delete file", "403", "scope")
    refused(delete("../jobs").execute, MediaFailError, "is not the id of a file")
