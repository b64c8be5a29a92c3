"""MediaStorageDownloadOperator against the sandbox: the very bytes or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_media.http.bodies import CHUNK
from airflow_media.jobs.compat import AirflowTaskTerminated
from airflow_media.jobs.failures import MediaFailError, MediaRetryError
from airflow_media.media_storage.operators import MediaStorageDownloadOperator
from media_sandbox.testing import make_garbage
from support.storeroom import Storeroom, header
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]
NAME = "a b+ü%.mp4"


def download(target: str | Path, resource: str = NAME, **fields: Any) -> TaskRun:
    operator = MediaStorageDownloadOperator(task_id="download", resource=resource, target=str(target), **fields)
    return TaskRun(operator)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several pieces."""
    return make_garbage(tmp_path_factory.mktemp("big") / "big.mov", size=6 * CHUNK + 7)


@pytest.mark.parametrize("key", [None, "k"])
def test_a_file_is_downloaded_into_a_folder_under_the_name_of_its_record(
    store: Storeroom, tmp_path: Path, key: str | None
) -> None:
    store.upload(NAME, key=key)
    run = download(f"{tmp_path}/made/on/demand/", key=key)
    uri = run.execute()
    assert Path(uri) == tmp_path / "made" / "on" / "demand" / "clip.mp4"
    assert Path(uri).read_bytes() == store.clip.read_bytes()
    assert run.ti.xcoms["api_url"] == f"{store.host}/medias/files/a%20b%2B%C3%BC%25.mp4" + (f"/{key}" if key else "")


def test_a_file_name_that_is_given_is_taken_and_any_type_is_accepted(store: Storeroom, tmp_path: Path) -> None:
    store.upload(NAME)
    assert download(tmp_path / "mine.mp4").execute() == str(tmp_path / "mine.mp4")
    assert header(store.requests("download")[0], "accept") == "*/*"


def test_an_empty_file_is_downloaded(store: Storeroom, tmp_path: Path) -> None:
    store.rows(1, prefix="empty-", content="")
    download(tmp_path / "empty", "empty-0").execute()
    assert (tmp_path / "empty").read_bytes() == b""


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_is_cut_is_resumed_where_the_service_can_and_else_begun_anew(
    store: Storeroom, big: Path, tmp_path: Path, ranges: bool
) -> None:
    store.upload(NAME, big)
    store.options(ranges=ranges)
    store.admin.fault("truncate bytes=900000 on=media_storage.download times=1")
    download(tmp_path / "back.mov").execute()
    assert (tmp_path / "back.mov").read_bytes() == big.read_bytes()
    first, second = store.requests("download")
    assert header(first, "range") is None
    assert (header(second, "range") is not None) is ranges


def test_a_download_that_is_cut_again_and_again_leaves_nothing(
    store: Storeroom, big: Path, tmp_path: Path, refused: Refused
) -> None:
    store.upload(NAME, big)
    store.admin.fault("truncate bytes=100 on=media_storage.download")
    refused(download(tmp_path / "back.mov").execute, MediaRetryError, "download media", NAME)
    assert list(tmp_path.iterdir()) == []


def test_a_body_that_is_shorter_than_the_record_says_is_not_taken_for_the_file(
    store: Storeroom, big: Path, tmp_path: Path, refused: Refused
) -> None:
    store.upload(NAME, big)
    store.admin.fault("malformed on=media_storage.download")
    refused(download(tmp_path / "back.mov").execute, MediaFailError, f"{big.stat().st_size}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fault", ["503", "reset", "error status=401", "expire_token", "lost_answer"])
def test_what_passes_is_met_by_asking_again(
    store: Storeroom, tmp_path: Path, logged: Callable[[], str], fault: str
) -> None:
    store.upload(NAME)
    for operation in ("info", "download"):
        store.admin.fault(f"{fault} on=media_storage.{operation} times=1")
    download(tmp_path / "back.mp4").execute()
    assert (tmp_path / "back.mp4").read_bytes() == store.clip.read_bytes()
    assert store.secrets_in(logged()) == []


@pytest.mark.parametrize("flat", [True, False])
def test_a_file_that_is_not_there_leaves_no_file_with_an_error_in_it(
    store: Storeroom, tmp_path: Path, refused: Refused, flat: bool
) -> None:
    store.options(flat_errors=flat)
    refused(download(tmp_path / "back.mp4").execute, MediaFailError, NAME, "404")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("flat", [True, False])
def test_a_file_that_goes_in_between_is_told_too(
    store: Storeroom, tmp_path: Path, refused: Refused, flat: bool
) -> None:
    store.upload(NAME)
    store.options(flat_errors=flat)
    store.admin.fault("error status=404 on=media_storage.download")
    refused(download(tmp_path / "back.mp4").execute, MediaFailError, "download media", NAME, "404")
    assert list(tmp_path.iterdir()) == []


def test_no_content_for_a_file_with_content_is_told_as_what_it_is(
    store: Storeroom, tmp_path: Path, refused: Refused
) -> None:
    store.upload(NAME)
    store.options(download_no_content=True)
    refused(download(tmp_path / "back.mp4").execute, MediaFailError, "204", "empty_downloads")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"resource": ".."}, ("the resource '..'",)),
        ({"resource": ""}, ("is empty",)),
        ({"key": "a/b"}, ("the key 'a/b' has a slash",)),
        ({"target": "http://films.example/x.mov"}, ("an http URL can be read from, not written to",)),
        ({"target": ""}, ("path or URI is empty",)),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_asked(
    store: Storeroom, tmp_path: Path, refused: Refused, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    refused(download(**{"target": tmp_path / "x", "resource": NAME, **fields}).execute, MediaFailError, *words)
    assert store.count("info") == store.count("download") == 0


def test_a_killed_download_leaves_nothing_half_written(
    store: Storeroom, big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_media.jobs.progress import ProgressLog

    store.upload(NAME, big)
    run = download(tmp_path / "back.mov")
    monkeypatch.setattr(ProgressLog, "transfer", lambda *_: run.operator.on_kill())
    with pytest.raises(AirflowTaskTerminated, match="download was killed"):
        run.execute()
    assert list(tmp_path.iterdir()) == []
