"""MediaStorageUploadOperator against the sandbox: one file with the right bytes, whatever is lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_media.http.bodies import CHUNK
from airflow_media.jobs.compat import AirflowTaskTerminated
from airflow_media.jobs.failures import MediaFailError, MediaRetryError
from airflow_media.media_storage.operators import MediaStorageUploadOperator
from airflow_media.storage import open_target
from media_sandbox.media_storage import fixtures
from media_sandbox.testing import make_garbage
from support.storeroom import Storeroom
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]
NAME = "a b+ü%.mp4"


def upload(source: str | Path, resource: str = NAME, *, store: bool = True, retries: int = 1, **fields: Any) -> TaskRun:
    operator = MediaStorageUploadOperator(task_id="upload", source=str(source), resource=resource, **fields)
    return TaskRun(operator, store=store, retries=retries)


def bytes_of(store: Storeroom, tmp_path: Path, key: str | None = None) -> bytes:
    done = store.hook.download(NAME, open_target(str(tmp_path / "back")), key=key)
    return Path(done.uri).read_bytes()


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several pieces."""
    return make_garbage(tmp_path_factory.mktemp("big") / "big.mov", size=6 * CHUNK + 7)


# What it does


@pytest.mark.parametrize("key", [None, "", "240p +.ts"])
def test_the_file_arrives_as_it_is_under_its_names(store: Storeroom, tmp_path: Path, key: str | None) -> None:
    run = upload(store.clip, key=key)
    media_id = run.execute()
    [media] = store.all_media
    assert (media.id, media.resource, media.key) == (media_id, NAME, key or "")
    assert (media.filename, media.mime_type) == (store.clip.name, "video/mp4")
    assert bytes_of(store, tmp_path, key) == store.clip.read_bytes()
    path = "a%20b%2B%C3%BC%25.mp4" + ("/240p%20%2B.ts" if key else "")
    assert run.ti.xcoms == {"api_url": f"{store.host}/medias/files/{path}"}


@pytest.mark.parametrize("collection", [True, False])
def test_an_answer_may_be_a_collection(store: Storeroom, collection: bool) -> None:
    store.options(collection_answers=collection)
    assert upload(store.clip).execute() == store.all_media[0].id


def test_the_jobs_that_an_upload_makes_are_the_services_own(store: Storeroom) -> None:
    store.options(jobs_from_uploads=True)
    upload(store.clip).execute()
    [job] = store.all_jobs
    assert job.resource == NAME


# What is there already


def test_another_file_is_not_replaced_and_not_a_byte_is_sent(store: Storeroom, refused: Refused) -> None:
    media = store.upload(NAME)
    run = upload(store.clip)
    refused(run.execute, MediaFailError, NAME, "there already", "replaces nothing", 'if_exists="skip"')
    assert store.count("upload") == 1
    assert store.all_media == [media]


def test_another_file_can_be_left_as_it_is(store: Storeroom, big: Path, logged: Callable[[], str]) -> None:
    media = store.upload(NAME)
    assert upload(big, if_exists="skip").execute() == media.id
    assert store.count("upload") == 1
    assert "Another file was there and is left as it is" in logged()


def test_another_variant_is_another_file(store: Storeroom) -> None:
    store.upload(NAME)
    upload(store.clip, key="copy").execute()
    assert len(store.all_media) == 2


@pytest.mark.parametrize("store_there", [True, False])
def test_clearing_after_a_success_finds_the_file_there(store: Storeroom, store_there: bool) -> None:
    run = upload(store.clip, store=store_there)
    first = run.execute()
    assert run.clear().execute() == first
    assert store.count("upload") == 1


def test_clearing_after_the_source_has_changed_is_refused(
    store: Storeroom, tmp_path: Path, big: Path, refused: Refused
) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(store.clip.read_bytes())
    run = upload(source)
    run.execute()
    source.write_bytes(big.read_bytes())
    refused(run.clear().execute, MediaFailError, "and the file has", "choose another resource or key")
    assert len(store.all_media) == 1


def test_clearing_a_task_that_was_refused_does_not_make_the_file_its_own(store: Storeroom, refused: Refused) -> None:
    store.upload(NAME)
    run = upload(store.clip)
    for _ in range(2):
        refused(run.execute, MediaFailError, "there already")
        run.clear()


# What is wrong before anything is sent


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"resource": ""}, ("the resource '' is empty",)),
        ({"resource": ".."}, ("the resource '..'", "one segment of a path")),
        ({"resource": "a/b"}, ("the resource 'a/b' has a slash",)),
        ({"resource": "a\nb"}, ("control character",)),
        ({"key": "../x"}, ("the key '../x' has a slash",)),
        ({"if_exists": "replace"}, ("if_exists='replace'", "Use fail or skip")),
        ({"source": "/nowhere/clip.mp4"}, ("/nowhere/clip.mp4", "no such file")),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_sent(
    store: Storeroom, refused: Refused, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    refused(upload(**{"source": store.clip, **fields}).execute, MediaFailError, *words)
    assert store.admin.requests() == []


def test_a_reader_may_not_upload(store: Storeroom, connect: Callable[..., None], refused: Refused) -> None:
    connect("media_storage", {"api_key": fixtures.VIEWER.api_key})
    refused(upload(store.clip).execute, MediaFailError, "upload media", "403")
    assert store.count("upload") == 1


# What is lost on the way


@pytest.mark.parametrize(
    "fault",
    [
        "lost_answer on=media_storage.upload times=1",
        "malformed on=media_storage.upload times=1",
        "503 on=media_storage.upload times=1",
        "500 on=media_storage.upload times=1",
        "429 retry_after=1 on=media_storage.upload times=1",
        "reset on=media_storage.upload times=1",
        f"reset_upload bytes={2 * CHUNK} on=media_storage.upload times=1",
        "error status=401 on=media_storage.upload times=1",
        "expire_token on=media_storage.upload times=1",
        "502 on=media_storage.info times=2",
        "lost_answer on=media_storage.login times=1",
    ],
)
def test_whatever_is_lost_one_file_is_there_with_the_right_bytes(
    store: Storeroom, big: Path, tmp_path: Path, logged: Callable[[], str], fault: str
) -> None:
    store.admin.fault(fault)
    media_id = upload(big).execute()
    assert [media.id for media in store.all_media] == [media_id]
    assert bytes_of(store, tmp_path) == big.read_bytes()
    assert store.secrets_in(logged()) == []


@pytest.mark.parametrize("fault", ["lost_answer", "malformed"])
def test_a_file_that_arrived_whose_answer_was_lost_is_not_sent_again(store: Storeroom, fault: str) -> None:
    store.admin.fault(f"{fault} on=media_storage.upload times=1")
    upload(store.clip).execute()
    assert store.count("upload") == 1


@pytest.mark.parametrize("status", [422, 409])
def test_a_duplicate_that_is_told_late_is_known_by_its_size(store: Storeroom, status: int) -> None:
    store.options(duplicate_status=status)
    store.admin.fault("lost_answer on=media_storage.upload times=1")
    store.admin.fault("error status=404 on=media_storage.info times=2")  # it is not visible at once
    media_id = upload(store.clip).execute()
    assert [entry["status"] for entry in store.requests("upload")][1:] == [status]
    assert [media.id for media in store.all_media] == [media_id]


@pytest.mark.parametrize("store_there", [True, False])
def test_a_retry_finds_the_file_of_a_try_that_died_after_the_upload(store: Storeroom, store_there: bool) -> None:
    run = upload(store.clip, store=store_there)
    run.die_after_submitting()
    [media] = store.all_media
    assert run.next_try().execute() == media.id
    assert store.count("upload") == 1


def test_an_upload_that_is_cut_again_and_again_is_left_to_a_retry(
    store: Storeroom, big: Path, tmp_path: Path, refused: Refused
) -> None:
    run = upload(big)
    store.admin.fault("reset_upload bytes=1000 on=media_storage.upload")
    refused(run.execute, MediaRetryError, "upload media", NAME)
    store.admin.clear_faults()
    run.next_try().execute()
    assert bytes_of(store, tmp_path) == big.read_bytes()


# What the service does not keep


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"skip_over_bytes": 100}, ("did not take the file", "clip.mp4")),
        ({"errored_uploads": True}, ("did not take the file", "clip.mp4")),
        ({"upload_field": "file"}, ("422", "upload_field")),
        ({"require_project_id": True}, ("422", "/project_id", "upload_fields")),
    ],
)
def test_a_file_that_was_not_taken_fails_the_task_though_the_status_is_200(
    store: Storeroom, refused: Refused, options: dict[str, Any], words: tuple[str, ...]
) -> None:
    store.options(**options)
    refused(upload(store.clip).execute, MediaFailError, *words)
    assert store.count("upload") == 1
    assert store.all_media == []


def test_a_killed_upload_ends_and_leaves_nothing(store: Storeroom, big: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_media.jobs.progress import ProgressLog

    run = upload(big)
    monkeypatch.setattr(ProgressLog, "transfer", lambda *_: run.operator.on_kill())
    with pytest.raises(AirflowTaskTerminated, match="upload was killed"):
        run.execute()
    assert store.all_media == []
