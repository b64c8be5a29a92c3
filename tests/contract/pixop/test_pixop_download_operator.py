"""PixopDownloadOperator and PixopDeleteOperator against the sandbox: the very bytes or nothing, and nothing twice."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_media.http.bodies import CHUNK
from airflow_media.jobs.compat import AirflowSkipException, AirflowTaskTerminated
from airflow_media.jobs.failures import MediaFailError, MediaRetryError
from airflow_media.pixop.operators import PixopDeleteOperator, PixopDownloadOperator, PixopProcessOperator
from media_sandbox.testing import make_garbage
from support.probe import Probe, probe
from support.studio import SETTINGS, Studio
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]
NOBODY = "00000000-0000-0000-0000-000000000000"


def download(video_id: str, target: str | Path, **fields: Any) -> TaskRun:
    return TaskRun(PixopDownloadOperator(task_id="download", video_id=video_id, target=str(target), **fields))


def delete(video_id: Any) -> TaskRun:
    return TaskRun(PixopDeleteOperator(task_id="delete", video_id=video_id))


def processed(studio: Studio, source: str) -> str:
    operator = PixopProcessOperator(
        task_id="process", video_id=source, settings=SETTINGS, poll_interval=0.02, deferrable=False
    )
    return str(TaskRun(operator).execute())


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several pieces."""
    return make_garbage(tmp_path_factory.mktemp("big") / "big.mov", size=6 * CHUNK + 7)


# Download


def test_a_processed_video_is_downloaded_into_a_folder_under_the_name_that_the_service_gives(
    studio: Studio, tmp_path: Path
) -> None:
    run = download(processed(studio, studio.ingested()), f"{tmp_path}/made/on/demand/")
    uri = run.execute()
    [made] = (tmp_path / "made" / "on" / "demand").iterdir()
    assert str(made) == uri
    assert probe(uri) == Probe("h264", 320, 240, frames=10)
    assert "api_url" in run.ti.xcoms


def test_a_file_name_that_is_given_is_taken(studio: Studio, tmp_path: Path) -> None:
    target = tmp_path / "mine.mp4"
    assert download(studio.uploaded(), target, rendition="original").execute() == str(target)
    assert target.read_bytes() == studio.clip.read_bytes()


@pytest.mark.parametrize("faults", [("truncate bytes=300000",), ("truncate bytes=1", "truncate bytes=900000")])
def test_a_download_that_is_cut_is_taken_up_where_it_broke(
    studio: Studio, big: Path, tmp_path: Path, logged: Callable[[], str], faults: tuple[str, ...]
) -> None:
    video_id = studio.uploaded(big)
    for fault in faults:
        studio.admin.fault(f"{fault} on=pixop.download_original times=1")
    download(video_id, tmp_path / "back.mov", rendition="original").execute()
    assert (tmp_path / "back.mov").read_bytes() == big.read_bytes()
    ranges = [request["headers"].get("range") for request in studio.admin.requests("pixop.download_original")]
    assert ranges[0] is None
    assert all(part.startswith("bytes=") for part in ranges[1:])
    assert len(ranges) == len(faults) + 1
    assert studio.secrets_in(logged()) == []


def test_a_token_that_ends_in_the_middle_of_a_download_is_renewed(studio: Studio, big: Path, tmp_path: Path) -> None:
    video_id = studio.uploaded(big)
    studio.admin.fault("truncate bytes=300000 on=pixop.download_original times=1")
    studio.admin.fault("error status=401 exception=ExpiredJWTTokenException on=pixop.download_original times=1")
    download(video_id, tmp_path / "back.mov", rendition="original").execute()
    assert (tmp_path / "back.mov").read_bytes() == big.read_bytes()


def test_a_file_that_changed_in_the_middle_is_fetched_anew_whole(
    studio: Studio, big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_media.jobs.progress import ProgressLog

    video_id = studio.uploaded(big)
    changes = [lambda: studio.admin.change_etag(video_id)]
    monkeypatch.setattr(ProgressLog, "transfer", lambda *_: changes.pop()() if changes else None)
    studio.admin.fault("truncate bytes=900000 on=pixop.download_original times=1")
    download(video_id, tmp_path / "back.mov", rendition="original").execute()
    assert (tmp_path / "back.mov").read_bytes() == big.read_bytes()


def test_a_download_that_is_cut_again_and_again_leaves_nothing_half_written(
    studio: Studio, big: Path, tmp_path: Path, refused: Refused
) -> None:
    video_id = studio.uploaded(big)
    studio.admin.fault("truncate bytes=0 on=pixop.download_original")
    run = download(video_id, tmp_path / "back.mov", rendition="original")
    refused(run.execute, MediaRetryError, "download the original media", video_id)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"video_id": NOBODY}, ("404", NOBODY, "Check the id")),
        ({"video_id": ""}, ("'' is not the id of a video",)),
        ({"rendition": "proxy"}, ("'proxy' is no rendition", "processed or original")),
        ({"rendition": "processed"}, ("download the processed media", "404")),
        ({"target": "http://films.example/x.mov"}, ("an http URL can be read from, not written to",)),
        ({"target": ""}, ("path or URI is empty",)),
    ],
)
def test_what_cannot_be_downloaded_is_told_and_leaves_nothing(
    studio: Studio, tmp_path: Path, refused: Refused, fields: dict[str, str], words: tuple[str, ...]
) -> None:
    asked = {"video_id": studio.uploaded(), "target": str(tmp_path / "x.mov"), "rendition": "original", **fields}
    refused(download(**asked).execute, MediaFailError, *words)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_is_told_and_what_was_there_stays(
    studio: Studio, big: Path, tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = studio.uploaded(big)
    target = tmp_path / "back.mov"
    target.write_text("yesterday's")
    written = 0

    def write(descriptor: int, piece: Any) -> int:
        nonlocal written
        written += len(piece)
        if written > 2 * CHUNK:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return len(piece)

    from airflow_media.storage import local

    monkeypatch.setattr(local.os, "write", write)
    run = download(video_id, target, rendition="original")
    refused(run.execute, MediaFailError, str(target), "no room", "No space left")
    assert target.read_text() == "yesterday's"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_is_larger_than_the_disk_is_refused_before_a_byte_is_moved(
    studio: Studio, big: Path, tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    video_id = studio.uploaded(big)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    run = download(video_id, tmp_path / "back.mov", rendition="original")
    refused(run.execute, MediaFailError, "the disk has 1000 left")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_download_leaves_nothing_half_written(
    studio: Studio, big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_media.jobs.progress import ProgressLog

    run = download(studio.uploaded(big), tmp_path / "back.mov", rendition="original")
    monkeypatch.setattr(ProgressLog, "transfer", lambda *_: run.operator.on_kill())
    with pytest.raises(AirflowTaskTerminated, match="download was killed"):
        run.execute()
    assert list(tmp_path.iterdir()) == []


# Delete


def test_an_original_takes_what_was_made_of_it_along(studio: Studio) -> None:
    source = studio.ingested()
    result = processed(studio, source)
    assert set(delete(source).execute()) == {source, result}
    assert studio.videos == []


def test_deleting_again_deletes_nothing_and_is_no_error(studio: Studio, logged: Callable[[], str]) -> None:
    video_id = studio.created()
    assert delete(video_id).execute() == [video_id]
    assert delete(video_id).execute() == []
    assert "none of these videos was there" in logged()


def test_several_are_deleted_in_one_task(studio: Studio) -> None:
    videos = [studio.created("one"), studio.created("two")]
    assert delete([*videos, "", NOBODY]).execute() == videos
    assert studio.videos == []


@pytest.mark.parametrize("nothing", ["", [], [""], None])
def test_nothing_to_delete_skips_the_task(studio: Studio, nothing: Any) -> None:
    with pytest.raises(AirflowSkipException, match="no video to delete"):
        delete(nothing).execute()
    assert studio.admin.requests() == []


def test_a_delete_whose_answer_was_lost_is_sent_again(studio: Studio) -> None:
    video_id = studio.created()
    studio.admin.fault("lost_answer on=pixop.delete_video times=1")
    delete(video_id).execute()
    assert studio.videos == []


def test_a_delete_that_the_service_refuses_is_told(studio: Studio, refused: Refused) -> None:
    video_id = studio.created()
    studio.admin.fault("error status=403 exception=ForbiddenException on=pixop.delete_video")
    refused(delete(video_id).execute, MediaFailError, "delete video", video_id, "403")
