"""XvidUploadOperator against the sandbox: the right bytes under the key, whatever is lost or refused on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_media.http.bodies import CHUNK
from airflow_media.jobs.compat import AirflowTaskTerminated
from airflow_media.jobs.failures import JobFailedError, JobTimeoutError, MediaFailError, MediaRetryError
from airflow_media.storage import open_target
from airflow_media.xvid.api import get_file
from airflow_media.xvid.operators import XvidUploadOperator
from media_sandbox.testing import make_garbage
from media_sandbox.xvid import fixtures
from support.mediahub import KEY, MediaHub, login
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]

both_modes = pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "on the worker"])
with_and_without_store = pytest.mark.parametrize("store", [True, False], ids=["store", "no store"])


def upload(source: str | Path, *, store: bool = True, retries: int = 1, **fields: Any) -> TaskRun:
    fields = {"object_key": KEY, "poll_interval": 0.02, **fields}
    return TaskRun(XvidUploadOperator(task_id="upload", source=str(source), **fields), store=store, retries=retries)


def bytes_of(hub: MediaHub, file_id: str, folder: Path) -> bytes:
    return Path(hub.hook.download(open_target(str(folder / "back")), file_id=file_id).uri).read_bytes()


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several pieces, which no video needs to be to be uploaded."""
    return make_garbage(tmp_path_factory.mktemp("big") / "big.mov", size=6 * CHUNK + 7)


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


# What it does


@both_modes
@pytest.mark.parametrize("key", [KEY, "Ein größerer Film/a b+c%d.mp4"])
def test_the_file_arrives_as_it_is_under_its_key(hub: MediaHub, tmp_path: Path, deferrable: bool, key: str) -> None:
    hub.admin.options("xvid", finish_seconds=0.1)
    run = upload(hub.clip, object_key=key, deferrable=deferrable)
    assert run.execute() == key
    assert (run.trigger is not None) is deferrable
    upload_id, file_id = run.ti.xcoms["upload_id"], run.ti.xcoms["file_id"]
    assert run.ti.xcoms == {
        "job_id": upload_id,
        "upload_id": upload_id,
        "file_id": file_id,
        "api_url": f"{hub.sandbox.connection('xvid').host}/files/uploads/{upload_id}",
    }
    assert bytes_of(hub, file_id, tmp_path) == hub.clip.read_bytes()
    assert hub.admin.get(f"xvid/uploads/{upload_id}")["object_key"] == key


def test_its_steps_are_a_session_the_form_and_one_finish(hub: MediaHub) -> None:
    upload(hub.clip, deferrable=False).execute()
    steps = hub.asked("start_upload", "post_object", "finish_upload")
    assert steps == ["start_upload", "post_object", "finish_upload"]
    [post] = hub.admin.requests("xvid.post_object")
    assert "authorization" not in post["headers"]
    assert post["status"] == 201
    assert int(post["headers"]["content-length"]) == post["body_bytes"]
    assert "transfer-encoding" not in post["headers"]


def test_a_file_that_is_usable_at_once_is_not_waited_for(hub: MediaHub) -> None:
    hub.admin.options("xvid", completing_word="COMPLETED")
    run = upload(hub.clip, deferrable=True)
    assert run.execute() == KEY
    assert run.trigger is None


def test_the_end_may_have_another_name(hub: MediaHub, logged: Callable[[], str]) -> None:
    hub.admin.options("xvid", completed_word="SHELVED")
    assert upload(hub.clip, deferrable=False).execute() == KEY
    assert "SHELVED" in logged()


@pytest.mark.parametrize(
    ("expires_at", "kept"),
    [
        (lambda: "never", None),
        (lambda: 0, None),
        (lambda: timedelta(days=1), 86_400),
        (lambda: datetime.now(UTC) + timedelta(days=2), 2 * 86_400),
        (lambda: None, 7 * 86_400),
        (lambda: "", 7 * 86_400),
    ],
)
def test_how_long_the_object_is_kept(hub: MediaHub, expires_at: Callable[[], Any], kept: int | None) -> None:
    run = upload(hub.clip, expires_at=expires_at(), ip="203.0.113.7")
    run.execute()
    file = hub.run(get_file(run.ti.xcoms["file_id"]))
    if kept is None:
        assert file.expires_at is None
    else:
        assert file.expires_at is not None
        assert abs((file.expires_at - datetime.now(UTC)).total_seconds() - kept) < 60
    [begun] = hub.admin.requests("xvid.start_upload")
    assert begun["query"]["ip"] == "3405803783"


def test_the_trigger_holds_no_secret(hub: MediaHub) -> None:
    hub.admin.outcome("upload", "stuck", service="xvid")
    run = upload(hub.clip, deferrable=True)
    run.defer()
    assert run.trigger is not None
    path, kwargs = run.trigger.serialize()
    assert path == "airflow_media.xvid.triggers.XvidUploadTrigger"
    assert set(kwargs) >= {"xvid_conn_id", "upload_id"}
    assert hub.secrets_in(str(kwargs)) == []
    hub.admin.release("xvid")


@with_and_without_store
def test_clearing_after_a_success_sends_the_file_again_under_the_same_key(hub: MediaHub, store: bool) -> None:
    run = upload(hub.clip, store=store)
    run.execute()
    first = run.ti.xcoms["upload_id"]
    assert run.clear().execute() == KEY
    assert run.ti.xcoms["upload_id"] != first
    assert hub.count("post_object") == 2


# What is wrong before anything is sent


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"object_key": ""}, ("'' is not an object key", "run_id")),
        ({"object_key": "a\nb"}, ("is not an object key",)),
        ({"expires_at": 1_900_000_000_000}, ("expires_at=1900000000000 is in milliseconds", "Give seconds")),
        ({"expires_at": 3600}, ("expires_at=3600 is past",)),
        ({"expires_at": "soon"}, ("expires_at='soon' is not a time",)),
        ({"ip": "::1"}, ("ip='::1' is not an IPv4 address",)),
        ({"pipeline_id": "../jobs"}, ("'../jobs' is not the id of a pipeline",)),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_sent(
    hub: MediaHub, refused: Refused, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    refused(upload(hub.clip, **fields).execute, MediaFailError, *words)
    assert hub.asked() == []


def test_a_file_over_five_gigabytes_is_refused_before_anything_is_sent(
    hub: MediaHub, refused: Refused, tmp_path: Path
) -> None:
    sparse = tmp_path / "huge.mov"
    with sparse.open("wb") as file:
        file.truncate(5 * 1024**3 + 1)
    refused(upload(sparse).execute, MediaFailError, "5368709121 bytes", "5 GiB", "input_name")
    assert hub.asked() == []


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "missing.mov", ("missing.mov", "no such file")),
        (lambda folder: make_garbage(folder / "empty.mov", size=0), ("empty.mov", "is empty")),
        (lambda folder: folder, ("it is a folder",)),
    ],
)
def test_a_source_that_cannot_be_read_is_told_before_anything_is_sent(
    hub: MediaHub, refused: Refused, tmp_path: Path, make: Callable[[Path], Path], words: tuple[str, ...]
) -> None:
    refused(upload(make(tmp_path)).execute, MediaFailError, "could not read file", *words)
    assert hub.asked() == []


def test_without_any_pipeline_it_is_told_what_to_do(
    hub: MediaHub, connect: Callable[..., None], refused: Refused
) -> None:
    connect("xvid", {"pipeline_id": ""})
    refused(upload(hub.clip).execute, MediaFailError, "there is no pipeline", "Give pipeline_id")
    assert hub.asked() == []


# What the service refuses


def test_a_wrong_secret_fails_the_task_for_good_and_is_tried_once(
    hub: MediaHub, connect: Callable[..., None], refused: Refused
) -> None:
    connect("xvid", password="d3JvbmcrL3NlY3JldA==")
    fault = refused(upload(hub.clip).execute, MediaFailError, "log in", "403", "client secret (password)")
    assert "d3JvbmcrL3NlY3JldA" not in str(fault)
    assert hub.count("get_token") == 1


def test_a_scope_that_is_too_small_is_told(hub: MediaHub, connect: Callable[..., None], refused: Refused) -> None:
    connect("xvid", **login(fixtures.NARROW))
    refused(upload(hub.clip).execute, MediaFailError, "start upload", "403", "scope")
    assert hub.count("start_upload") == 2, "once with the token at hand, once with a new one"


@pytest.mark.parametrize("pipeline_id", ["53a1ac4914eaa8ffa4fce91b", fixtures.FOREIGN.id])
def test_an_unknown_pipeline_is_told(hub: MediaHub, refused: Refused, pipeline_id: str) -> None:
    refused(upload(hub.clip, pipeline_id=pipeline_id).execute, MediaFailError, "start upload", "404", pipeline_id)
    assert hub.count("post_object") == 0


def test_a_form_that_the_storage_refuses_is_told_in_its_words(hub: MediaHub, refused: Refused) -> None:
    hub.admin.options("xvid", length_condition=True, largest_object=1000)
    refused(upload(hub.clip).execute, MediaFailError, "upload file", KEY, "EntityTooLarge")
    assert hub.count("finish_upload") == 0


def test_a_tampered_policy_is_told_without_showing_it(
    hub: MediaHub, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_media.xvid import flows

    make = flows.post_form

    def tampered(session: Any, *arguments: Any, **fields: Any) -> Any:
        session.form_post_params["policy"] += "AAAA"
        return make(session, *arguments, **fields)

    monkeypatch.setattr(flows, "post_form", tampered)
    refused(upload(hub.clip).execute, MediaFailError, "403 SignatureDoesNotMatch", "ask Xvid")


@both_modes
def test_a_policy_that_expires_meanwhile_is_answered_by_a_new_session_and_all_of_the_file(
    hub: MediaHub, big: Path, tmp_path: Path, progress: list[Callable[[], None]], deferrable: bool
) -> None:
    hub.admin.options("xvid", policy_life=0.0)
    progress.append(lambda: lengthen(hub))
    run = upload(big, deferrable=deferrable)
    run.execute()
    assert hub.asked("start_upload", "post_object") == ["start_upload", "post_object"] * 2
    assert [entry["status"] for entry in hub.admin.requests("xvid.post_object")] == [403, 201]
    assert bytes_of(hub, run.ti.xcoms["file_id"], tmp_path) == big.read_bytes()


def lengthen(hub: MediaHub) -> None:
    """Have the policies of the sessions to come last as long as usual."""
    hub.admin.options("xvid", policy_life=1800.0)


def test_policies_that_expire_again_and_again_are_told(hub: MediaHub, refused: Refused) -> None:
    hub.admin.options("xvid", policy_life=0.0)
    refused(upload(hub.clip).execute, MediaFailError, "Policy expired", "half an hour")
    assert hub.count("start_upload") == hub.count("post_object") == 3


def test_a_finish_that_is_refused_is_told(hub: MediaHub, refused: Refused) -> None:
    hub.admin.fault("error status=400 message=no on=xvid.finish_upload")
    refused(upload(hub.clip).execute, MediaFailError, "finish upload", "400")
    assert hub.count("finish_upload") == 1


@both_modes
def test_an_upload_that_the_service_cannot_complete_fails_the_task(
    hub: MediaHub, refused: Refused, deferrable: bool
) -> None:
    hub.admin.outcome("upload", "fail", service="xvid")
    run = upload(hub.clip, deferrable=deferrable)
    refused(run.execute, JobFailedError, "Xvid upload", "FAILED", "Clear the task")
    assert run.clear().execute() == KEY
    assert hub.count("post_object") == 2


@both_modes
def test_an_upload_that_is_never_usable_is_told(hub: MediaHub, refused: Refused, deferrable: bool) -> None:
    hub.admin.outcome("upload", "stuck", service="xvid")
    run = upload(hub.clip, deferrable=deferrable, timeout=0.1)
    refused(run.execute, JobTimeoutError, "Xvid upload", "had not ended", "goes on at the service")
    assert hub.count("finish_upload") == 1, "a finish is never sent in a loop"
    hub.admin.release("xvid")


# What is lost on the way


@pytest.mark.parametrize(
    "fault",
    [
        "lost_answer on=xvid.get_token times=1",
        "lost_answer on=xvid.start_upload times=1",
        "lost_answer on=xvid.post_object times=1",
        "lost_answer on=xvid.finish_upload times=1",
        "malformed on=xvid.finish_upload times=1",
        "502 on=xvid.finish_upload times=1",
        "503 on=xvid.post_object times=2",
        "429 retry_after=1 on=xvid.start_upload times=1",
        "502 on=xvid.get_upload times=2",
        "expire_token on=xvid.post_object times=1",
        "expire_token on=xvid.get_upload times=1",
        f"reset_upload bytes={2 * CHUNK} on=xvid.post_object times=1",
        "reset on=xvid.post_object times=1",
    ],
)
def test_what_passes_leaves_one_whole_file(
    hub: MediaHub, big: Path, tmp_path: Path, logged: Callable[[], str], fault: str
) -> None:
    hub.admin.fault(fault)
    run = upload(big, deferrable=False)
    run.execute()
    assert bytes_of(hub, run.ti.xcoms["file_id"], tmp_path) == big.read_bytes()
    assert len(hub.files) == 1
    assert hub.secrets_in(logged()) == []


@pytest.mark.parametrize("fault", ["lost_answer", "malformed"])
def test_a_finish_that_was_done_is_not_done_twice(hub: MediaHub, fault: str) -> None:
    hub.admin.options("xvid", refuse_second_finish=True)
    hub.admin.fault(f"{fault} on=xvid.finish_upload times=1")
    assert upload(hub.clip, deferrable=False).execute() == KEY
    assert hub.count("finish_upload") == 1


def test_a_storage_that_is_down_is_left_to_a_retry(hub: MediaHub, refused: Refused, tmp_path: Path) -> None:
    run = upload(hub.clip, deferrable=False)
    hub.admin.fault("503 on=xvid.post_object")
    refused(run.execute, MediaRetryError, "upload file", KEY, "503")
    hub.admin.clear_faults()
    run.next_try().execute()
    assert bytes_of(hub, run.ti.xcoms["file_id"], tmp_path) == hub.clip.read_bytes()


def test_a_retry_goes_on_with_the_file_that_has_arrived(hub: MediaHub, refused: Refused) -> None:
    run = upload(hub.clip, deferrable=False)
    hub.admin.fault("503 on=xvid.finish_upload")
    refused(run.execute, MediaRetryError, "finish upload")
    hub.admin.clear_faults()
    assert run.next_try().execute() == KEY
    assert hub.count("post_object") == 1


def test_a_retry_waits_on_for_an_upload_that_has_been_finished(hub: MediaHub) -> None:
    hub.admin.outcome("upload", "stuck", service="xvid")
    run = upload(hub.clip, deferrable=True)
    deferral = run.defer()
    event = {"status": "error", "job_id": deferral.trigger.upload_id, "reason": "no answer", "retryable": True}
    with pytest.raises(MediaRetryError, match="Could not go on waiting"):
        run.resume(deferral, event)
    run.next_try()
    deferral = run.defer()
    hub.admin.release("xvid")
    assert run.resume(deferral, run.wait()) == KEY
    assert hub.count("post_object") == hub.count("finish_upload") == 1


@with_and_without_store
def test_a_retry_after_a_worker_died_while_sending_begins_anew(hub: MediaHub, tmp_path: Path, store: bool) -> None:
    run = upload(hub.clip, store=store, deferrable=False)
    run.die_after_submitting()
    run.next_try().execute()
    assert bytes_of(hub, run.ti.xcoms["file_id"], tmp_path) == hub.clip.read_bytes()


# Killed


def test_a_killed_upload_ends_and_leaves_nothing_usable(
    hub: MediaHub, big: Path, progress: list[Callable[[], None]], logged: Callable[[], str]
) -> None:
    run = upload(big)
    progress.append(lambda: run.operator.on_kill())
    with pytest.raises(AirflowTaskTerminated, match="upload was killed"):
        run.execute()
    assert hub.count("finish_upload") == 0
    assert [file for file in hub.files if file.size] == []
    assert hub.secrets_in(logged()) == []


def test_a_task_that_is_killed_while_it_waits_keeps_the_file_that_has_arrived(hub: MediaHub) -> None:
    hub.admin.outcome("upload", "stuck", service="xvid")
    run = upload(hub.clip, deferrable=True)
    run.defer()
    with pytest.raises(AirflowTaskTerminated):
        run.operator.on_kill()
    hub.admin.release("xvid")
    upload_id = run.ti.xcoms["job_id"]
    assert not hub.until_uploaded(upload_id).failed
