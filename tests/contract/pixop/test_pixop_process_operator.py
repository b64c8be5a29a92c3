"""PixopProcessOperator against the sandbox: one processing, paid once, in either mode, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_media.jobs.compat import AirflowTaskTerminated, TaskDeferralError
from airflow_media.jobs.failures import (
    JobFailedError,
    JobGoneError,
    JobTimeoutError,
    MediaFailError,
    MediaRetryError,
)
from airflow_media.pixop import api
from airflow_media.pixop.operators import PixopProcessOperator
from airflow_media.pixop.rules import SettingsError
from airflow_media.pixop.settings import ProcessSettings
from support.studio import SETTINGS, Studio
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]
NOBODY = "00000000-0000-0000-0000-000000000000"

both_modes = pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "on the worker"])
with_and_without_store = pytest.mark.parametrize("store", [True, False], ids=["store", "no store"])


def process(video_id: str, *, store: bool = True, retries: int = 1, **fields: Any) -> TaskRun:
    fields = {"settings": SETTINGS, "poll_interval": 0.02, "deferrable": True, **fields}
    operator = PixopProcessOperator(task_id="process", video_id=video_id, **fields)
    return TaskRun(operator, store=store, retries=retries)


# What it does


@both_modes
@pytest.mark.parametrize("settings", [SETTINGS, ProcessSettings.parse(SETTINGS)], ids=["dictionary", "settings"])
def test_it_gives_the_processed_video(studio: Studio, deferrable: bool, settings: Any) -> None:
    run = process(source := studio.ingested(), deferrable=deferrable, settings=settings)
    video_id = run.execute()
    assert (run.trigger is not None) is deferrable
    assert studio.processed == [video_id] != [source]
    assert studio.record(video_id)["processing"]["status"] == "DONE"
    assert run.ti.xcoms == {"job_id": video_id, "api_url": f"{studio.sandbox.pixop.host}/videos/v1/video/{video_id}"}


def test_progress_is_told_in_the_log(studio: Studio, logged: Callable[[], str]) -> None:
    studio.admin.outcome("process", "slow", seconds=1)
    video_id = process(studio.ingested(), deferrable=False).execute()
    assert f"Pixop processing of video {video_id}: running" in logged()


def test_the_trigger_holds_no_secret(studio: Studio) -> None:
    run = process(studio.ingested())
    run.defer()
    assert run.trigger is not None
    path, kwargs = run.trigger.serialize()
    assert path == "airflow_media.pixop.triggers.PixopTrigger"
    assert studio.secrets_in(str(kwargs)) == []
    assert studio.sandbox.base_url not in str(kwargs)


# Wrong settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"scaler": "bilinear"}, ("scaler", "pabsr1")),
        ({"resolution": {"tag": "4x"}, "denoiser": "blur"}, ("denoiser", "hqdn3d")),
        ({"mediaContainerCodec": {"container": "avi", "codec": "h265"}}, ("container", "codec", "hevc")),
        ({"colour": "red"}, ("colour",)),
    ],
)
def test_settings_that_are_known_to_be_wrong_are_an_import_error_of_the_dag(
    settings: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(SettingsError) as raised:
        PixopProcessOperator(task_id="process", video_id="{{ 1 }}", settings=settings)
    assert [word for word in words if word not in str(raised.value)] == []


def test_templated_settings_are_checked_before_anything_is_asked(studio: Studio, refused: Refused) -> None:
    run = process(studio.ingested(), settings="{{ params.settings }}")
    run.operator.settings = {"scaler": "bilinear"}  # as rendered
    studio.admin.clear_requests()
    refused(run.execute, MediaFailError, "scaler", "bilinear", "pabsr1")
    assert studio.admin.requests() == []


def test_settings_that_do_not_suit_the_source_are_told_before_they_are_paid_for(
    studio: Studio, refused: Refused
) -> None:
    settings = {**SETTINGS, "range": {"startPositionMilliseconds": 60_000, "endPositionMilliseconds": 90_000}}
    refused(process(studio.ingested(), settings=settings).execute, MediaFailError, "range", "400")
    assert studio.count("process_video") == 0


def test_settings_that_this_release_does_not_know_can_be_sent(studio: Studio) -> None:
    run = process(studio.ingested(), settings={**SETTINGS, "colour": "red"}, validate=False)
    with pytest.raises(MediaFailError, match="colour"):
        run.execute()
    [request] = studio.admin.requests("pixop.process_video")
    assert "colour" in str(request["body"]), "it is the service that refuses"


# A source that is not there, or not ready


@pytest.mark.parametrize(
    ("video_id", "words"), [(NOBODY, ("404", NOBODY, "Check the id")), ("", ("video_id is empty", "Give the id"))]
)
def test_a_source_that_is_not_there_is_told(
    studio: Studio, refused: Refused, video_id: str, words: tuple[str, ...]
) -> None:
    refused(process(video_id).execute, MediaFailError, *words)
    assert studio.count("process_video") == 0


def test_a_source_that_is_not_ingested_yet_is_told_with_what_to_do(studio: Studio, refused: Refused) -> None:
    studio.admin.outcome("ingest", "stuck")
    refused(process(studio.uploaded()).execute, MediaFailError, "ingestion is not done", "IngestProgressSensor")
    assert studio.count("process_video") == 0


def test_a_source_whose_ingestion_failed_is_told(studio: Studio, refused: Refused) -> None:
    studio.admin.outcome("ingest", "fail")
    video_id = studio.uploaded()
    studio.until(video_id, lambda video: video.ingestion is not None and not video.ingestion.state.phase.active)
    refused(process(video_id).execute, MediaFailError, "ingestion failed", "Upload it again")
    assert studio.count("process_video") == 0


# How it may end


@both_modes
@pytest.mark.parametrize("word", ["ERROR", "FAILED"])
def test_a_processing_that_fails_fails_the_task_for_good(
    studio: Studio, refused: Refused, deferrable: bool, word: str
) -> None:
    studio.admin.options(failure_word=word)
    studio.admin.outcome("process", "fail")
    run = process(studio.ingested(), deferrable=deferrable)
    refused(run.execute, JobFailedError, "Pixop processing of video", word, "Clear the task")


@both_modes
def test_a_job_that_somebody_deleted_is_told_and_not_paid_for_again(
    studio: Studio, refused: Refused, deferrable: bool
) -> None:
    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested(), deferrable=deferrable)

    def delete_it(*_: object) -> None:
        for video_id in studio.processed:
            studio.hook.run(api.delete_video(video_id))

    if deferrable:
        deferral = run.defer()
        delete_it()
        refused(lambda: run.resume(deferral, run.wait()), JobGoneError, "somebody deleted it", "Clear the task")
    else:
        run.operator.push_link = delete_it  # the last thing before the wait
        refused(run.execute, JobGoneError, "somebody deleted it", "Clear the task")
    assert studio.count("process_video") == 1


@both_modes
def test_a_time_out_cancels_the_job(studio: Studio, refused: Refused, deferrable: bool) -> None:
    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested(), deferrable=deferrable, timeout=0.1)
    refused(run.execute, JobTimeoutError, "It was cancelled", "Raise the task's timeout")
    assert studio.processed == []


@both_modes
def test_a_time_out_is_told_also_where_cancelling_fails(studio: Studio, refused: Refused, deferrable: bool) -> None:
    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested(), deferrable=deferrable, timeout=0.1)
    studio.admin.fault("500 on=pixop.delete_video times=1")
    refused(run.execute, JobTimeoutError, "It goes on at the service")
    studio.release()


@both_modes
def test_a_job_that_is_not_to_be_cancelled_goes_on_after_a_time_out(
    studio: Studio, refused: Refused, deferrable: bool
) -> None:
    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested(), deferrable=deferrable, timeout=0.1, cancel_on_kill=False)
    refused(run.execute, JobTimeoutError, "It goes on at the service")
    assert len(studio.processed) == 1
    studio.release()


def test_the_time_out_of_airflow_itself_cancels_the_job(studio: Studio, refused: Refused) -> None:
    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested())
    run.defer()
    refused(lambda: run.fail_deferral("Trigger timeout"), JobTimeoutError, "Airflow's time-out", "was cancelled")
    assert studio.processed == []


@pytest.mark.parametrize(("retries", "left"), [(1, 1), (0, 0)], ids=["a try is left", "no try is left"])
def test_a_trigger_that_broke_leaves_the_job_to_the_next_try_if_there_is_one(
    studio: Studio, retries: int, left: int
) -> None:
    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested(), retries=retries)
    run.defer()
    with pytest.raises(TaskDeferralError):
        run.fail_deferral("Trigger failure")
    assert len(studio.processed) == left
    if left:
        studio.release()
        assert run.next_try().execute() == studio.processed[0]
        assert studio.count("process_video") == 1


# Faults while it waits


@both_modes
def test_faults_that_pass_do_not_end_the_wait(studio: Studio, logged: Callable[[], str], deferrable: bool) -> None:
    source = studio.ingested()
    for fault in ("429 retry_after=0", "503 retry_after=0", "502", "reset", "lost_answer", "expire_token"):
        studio.admin.fault(f"{fault} on=pixop.check_process_progress times=1")
    video_id = process(source, deferrable=deferrable).execute()
    assert studio.processed == [video_id]
    assert studio.secrets_in(logged()) == []


@both_modes
def test_a_web_page_once_is_borne_and_always_is_an_error_that_leaves_the_job(
    studio: Studio, refused: Refused, deferrable: bool
) -> None:
    source = studio.ingested()
    studio.admin.fault("malformed on=pixop.check_process_progress times=2")
    first = process(source, deferrable=deferrable).execute()
    assert studio.processed == [first]
    studio.admin.fault("malformed on=pixop.check_process_progress")
    run = process(source, deferrable=deferrable, settings={**SETTINGS, "denoiser": "hqdn3d"})
    refused(run.execute, MediaFailError, "Could not go on waiting", "not JSON", "It goes on at the service")
    assert len(studio.processed) == 2


def test_a_password_that_was_changed_while_it_waited_is_read_again(
    studio: Studio, connect: Callable[..., None]
) -> None:
    run = process(studio.ingested())
    deferral = run.defer()
    studio.hook.run(api.update_password("another-password"))
    studio.admin.expire_tokens()
    connect("pixop", password="another-password")
    assert run.resume(deferral, run.wait()) == deferral.trigger.video_id


# Nothing is paid twice


@pytest.mark.parametrize(
    "fault",
    [
        "lost_answer times=1",
        "malformed times=1",
        "502 times=1",
        "503 retry_after=1 times=1",
        "429 times=2",
        "reset times=1",
    ],
)
def test_a_lost_answer_to_the_request_leaves_one_job(studio: Studio, logged: Callable[[], str], fault: str) -> None:
    source = studio.ingested()
    studio.admin.fault(f"{fault} on=pixop.process_video")
    assert process(source).execute() == studio.processed[0]
    assert len(studio.processed) == 1
    assert studio.secrets_in(logged()) == []


@with_and_without_store
def test_a_retry_takes_up_the_job_of_a_worker_that_died(studio: Studio, store: bool) -> None:
    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested(), store=store)
    run.die_after_submitting()
    run.next_try()
    deferral = run.defer()
    studio.release()
    assert [run.resume(deferral, run.wait())] == studio.processed
    assert studio.count("process_video") == 1


@with_and_without_store
def test_a_retry_takes_up_a_job_that_has_ended_meanwhile(studio: Studio, store: bool) -> None:
    run = process(studio.ingested(), store=store)
    run.die_after_submitting()
    [video_id] = studio.processed
    studio.until(video_id, lambda video: video.processing is not None and not video.processing.state.phase.active)
    assert run.next_try().execute() == video_id
    assert studio.count("process_video") == 1


@with_and_without_store
def test_a_retry_after_a_wait_that_broke_takes_up_the_job(studio: Studio, store: bool) -> None:
    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested(), store=store)
    deferral = run.defer()
    event = {"status": "error", "job_id": studio.processed[0], "reason": "no answer", "retryable": True}
    with pytest.raises(MediaRetryError, match="Could not go on waiting"):
        run.resume(deferral, event)
    studio.release()
    assert [run.next_try().execute()] == studio.processed
    assert studio.count("process_video") == 1


@with_and_without_store
def test_clearing_after_a_success_begins_anew(studio: Studio, store: bool) -> None:
    run = process(studio.ingested(), store=store)
    first = run.execute()
    second = run.clear().execute()
    assert first != second
    assert set(studio.processed) == {first, second}


@with_and_without_store
def test_a_retry_after_a_failed_processing_begins_anew(studio: Studio, store: bool) -> None:
    studio.admin.outcome("process", "fail")
    run = process(studio.ingested(), store=store)
    with pytest.raises(JobFailedError):
        run.execute()
    video_id = run.clear().execute()
    assert studio.record(video_id)["processing"]["status"] == "DONE"


def test_another_task_with_the_same_settings_has_a_job_of_its_own(studio: Studio) -> None:
    source = studio.ingested()
    first, second = process(source).execute(), process(source).execute()
    assert first != second


def test_a_job_that_was_taken_up_and_then_cancelled_with_its_first_try_is_begun_anew_once(studio: Studio) -> None:
    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested())
    run.defer()
    [cancelled] = studio.processed
    deferral = run.next_try().defer()  # clearing starts the next try and cancels the job of the last at the same time
    studio.hook.run(api.delete_video(cancelled))
    event = run.wait()
    assert event["status"] == "gone"
    from support.tasks import TaskDeferred

    with pytest.raises(TaskDeferred):
        run.resume(deferral, event)
    assert cancelled not in studio.processed
    assert studio.count("process_video") == 2


# Killed


def test_a_task_that_is_killed_on_the_worker_while_it_waits_cancels_its_job(
    studio: Studio, logged: Callable[[], str]
) -> None:
    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested(), deferrable=False)
    run.operator.push_link = lambda *_: run.operator.on_kill()
    with pytest.raises(AirflowTaskTerminated, match="process was killed"):
        run.execute()
    assert studio.processed == []
    assert "because its task was killed" in logged()
    assert studio.secrets_in(logged()) == []


def test_a_task_that_is_killed_while_it_submits_cancels_the_job_whose_id_it_never_learned(studio: Studio) -> None:
    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested())
    run.die_after_submitting()
    assert len(studio.processed) == 1
    with pytest.raises(AirflowTaskTerminated):
        run.operator.on_kill()
    assert studio.processed == []


def test_a_task_that_is_killed_before_it_submits_cancels_nothing(studio: Studio) -> None:
    run = process(studio.ingested())
    with pytest.raises(AirflowTaskTerminated):
        run.operator.on_kill()
    assert studio.count("delete_video") == 0


def test_a_killed_task_leaves_the_jobs_of_others_alone(studio: Studio) -> None:
    source = studio.ingested()
    theirs = process(source).execute()
    studio.admin.outcome("process", "stuck")
    run = process(source)
    run.defer()
    with pytest.raises(AirflowTaskTerminated):
        run.operator.on_kill()
    assert studio.processed == [theirs]


def test_a_job_that_is_not_to_be_cancelled_outlives_its_task(studio: Studio) -> None:
    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested(), cancel_on_kill=False)
    run.defer()
    with pytest.raises(AirflowTaskTerminated):
        run.operator.on_kill()
    assert len(studio.processed) == 1
    studio.release()


def test_at_an_execution_timeout_airflow_has_the_last_word(studio: Studio) -> None:
    from airflow_media.jobs.compat import AirflowTaskTimeout

    studio.admin.outcome("process", "stuck")
    run = process(studio.ingested())
    run.defer()
    try:
        raise AirflowTaskTimeout("too long")
    except AirflowTaskTimeout:
        run.operator.on_kill()  # and raises nothing of its own
    assert studio.processed == []
