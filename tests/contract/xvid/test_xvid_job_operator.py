"""XvidJobOperator against the sandbox: one job, paid once, in either mode, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_media.jobs.compat import AirflowTaskTerminated, AirflowTaskTimeout, TaskDeferralError
from airflow_media.jobs.failures import (
    JobFailedError,
    JobGoneError,
    JobTimeoutError,
    MediaFailError,
    MediaRetryError,
)
from airflow_media.xvid.api import delete_file, delete_job, get_file, get_job
from airflow_media.xvid.operators import XvidJobOperator
from airflow_media.xvid.request import unmarked
from media_sandbox.xvid import fixtures
from support.mediahub import KEY, MediaHub, login, output, preset
from support.tasks import TaskDeferred, TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]

both_modes = pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "on the worker"])
with_and_without_store = pytest.mark.parametrize("store", [True, False], ids=["store", "no store"])


def transcode(*, store: bool = True, retries: int = 1, **fields: Any) -> TaskRun:
    shape = {} if "job" in fields else {"input_name": KEY, "outputs": [output()]}
    fields = {**shape, "poll_interval": 0.02, "deferrable": True, **fields}
    return TaskRun(XvidJobOperator(task_id="transcode", **fields), store=store, retries=retries)


@pytest.fixture(autouse=True)
def _uploaded(hub: MediaHub) -> None:
    hub.uploaded()


# What it does


@both_modes
def test_it_gives_the_job_and_its_outputs(hub: MediaHub, deferrable: bool) -> None:
    thumbnails = [{"thumbnail_names": "t_{resolution}", "thumbnail_preset": "thumbnails_small"}]
    outputs = [output("small", video={"width": "50%", "height": "50%"}, thumbnails=thumbnails)]
    run = transcode(outputs=outputs, deferrable=deferrable, output_prefix="{job_id}/", user_data="reel 7")
    job_id = run.execute()
    assert (run.trigger is not None) is deferrable
    [made] = run.ti.xcoms["outputs"]
    assert made["output_name"] == "small"
    assert hub.run(get_file(made["file_id"])).job_id == job_id
    assert hub.run(get_file(made["thumbnail_file_id"])).subtype == "zip"
    assert run.ti.xcoms["job_id"] == job_id
    assert run.ti.xcoms["api_url"] == f"{hub.sandbox.connection('xvid').host}/jobs/{job_id}"


def test_what_the_user_wrote_into_the_job_survives(hub: MediaHub) -> None:
    first = transcode(user_data='{"reel": 7}').execute()
    second = transcode().execute()
    jobs = {job.id: job for job in hub.jobs}
    assert (jobs[first].user_data or "").startswith('{"reel": 7} [airflow ')
    assert unmarked(jobs[first].user_data) == '{"reel": 7}'
    assert unmarked(jobs[second].user_data) is None


def test_a_whole_job_is_sent_as_it_is(hub: MediaHub) -> None:
    job = {
        "input": {"input_name": KEY, "start_time": 0.1},
        "outputs": [output()],
        "user_data": "reel 7",
        "output_prefix": "out/",
    }
    transcode(job=job).execute()
    [request] = hub.admin.requests("xvid.create_job")
    sent = request["body"]["job"]
    assert {**sent, "user_data": unmarked(sent["user_data"])} == {**job, "pipeline": {"id": hub.pipeline_id}}


def test_a_pipeline_may_be_named(hub: MediaHub) -> None:
    run = transcode(pipeline_id=fixtures.VAULT.id)
    with pytest.raises(JobFailedError):  # the input is not in that pipeline
        run.execute()
    [request] = hub.admin.requests("xvid.create_job")
    assert request["body"]["job"]["pipeline"] == {"id": fixtures.VAULT.id}


def test_progress_is_told_in_the_log(hub: MediaHub, logged: Callable[[], str]) -> None:
    hub.admin.outcome("job", "slow", service="xvid", seconds=1)
    job_id = transcode(deferrable=False).execute()
    assert f"Xvid job {job_id}: " in logged()
    assert " %" in logged()


def test_the_trigger_holds_no_secret(hub: MediaHub) -> None:
    run = transcode()
    run.defer()
    assert run.trigger is not None
    path, kwargs = run.trigger.serialize()
    assert path == "airflow_media.xvid.triggers.XvidJobTrigger"
    assert kwargs["job_id"] == run.ti.xcoms["job_id"]
    assert hub.secrets_in(str(kwargs)) == []
    assert hub.sandbox.base_url not in str(kwargs)


# Wrong arguments


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"input_name": ""}, ("input_name is missing",)),
        ({"outputs": []}, ("outputs is not a list of at least one output",)),
        ({"outputs": [{"preset": {"id": "p"}}]}, ("outputs[0] has no output_name",)),
        ({"outputs": [{"output_name": "x", "preset": "p"}]}, ("outputs[0] has a preset",)),
        ({"outputs": "{{ params.outputs }}"}, ("outputs is not a list",)),
        ({"job": {"pipeline_id": "p"}}, ('"pipeline": {"id": ...}',)),
        ({"job": {"input": {}}, "user_data": "x"}, ("job is given together with",)),
    ],
)
def test_what_cannot_be_right_is_told_before_anything_is_sent(
    hub: MediaHub, refused: Refused, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    hub.admin.clear_requests()
    refused(transcode(**fields).execute, MediaFailError, "create job", *words)
    assert hub.asked() == []


def test_without_any_pipeline_it_is_told_what_to_do(
    hub: MediaHub, connect: Callable[..., None], refused: Refused
) -> None:
    connect("xvid", {"pipeline_id": ""})
    refused(transcode().execute, MediaFailError, "there is no pipeline", "pipeline_id")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"outputs": [{"output_name": "x", "preset": {"id": "53a1ac4914eaa8ffa4fce91b"}}]}, ("create job", "40")),
        ({"pipeline_id": "53a1ac4914eaa8ffa4fce91b"}, ("create job", "40")),
        ({"job": {"input": {"input_name": KEY}, "outputs": [output()], "colour": "red"}}, ("create job", "400")),
    ],
)
def test_what_the_service_refuses_is_told(
    hub: MediaHub, refused: Refused, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    refused(transcode(**fields).execute, MediaFailError, *words)
    assert hub.jobs == []


def test_a_scope_that_is_too_small_is_told(hub: MediaHub, connect: Callable[..., None], refused: Refused) -> None:
    connect("xvid", **login(fixtures.NARROW))
    refused(transcode().execute, MediaFailError, "create job", "403", "scope")


# How it may end


@both_modes
def test_a_job_that_fails_fails_the_task_for_good(hub: MediaHub, refused: Refused, deferrable: bool) -> None:
    hub.admin.outcome("job", "fail", service="xvid", reason="no more film")
    run = transcode(deferrable=deferrable)
    refused(run.execute, JobFailedError, "Xvid job", "no more film", "Clear the task")
    assert hub.count("create_job") == 1


def test_an_input_that_is_not_there_is_told_by_the_failure_of_the_job(hub: MediaHub, refused: Refused) -> None:
    refused(transcode(input_name="uploads/nothing.mp4").execute, JobFailedError, "Xvid job", "Clear the task")


@both_modes
def test_a_job_that_somebody_cancelled_is_told_and_not_paid_for_again(
    hub: MediaHub, refused: Refused, deferrable: bool
) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = transcode(deferrable=deferrable)

    def cancel_it(*_: object) -> None:
        for job in hub.jobs:
            hub.run(delete_job(job.id))

    if deferrable:
        deferral = run.defer()
        cancel_it()
        refused(lambda: run.resume(deferral, run.wait()), JobGoneError, "somebody deleted it", "Clear the task")
    else:
        run.operator.push_link = cancel_it  # the last thing before the wait
        refused(run.execute, JobGoneError, "somebody deleted it", "Clear the task")
    assert hub.count("create_job") == 1


@both_modes
def test_a_time_out_cancels_the_job(hub: MediaHub, refused: Refused, deferrable: bool) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = transcode(deferrable=deferrable, timeout=0.1)
    refused(run.execute, JobTimeoutError, "It was cancelled", "Raise the task's timeout")
    assert hub.jobs == []


def test_a_job_that_keeps_another_status_after_its_cancel_counts_as_cancelled(hub: MediaHub, refused: Refused) -> None:
    hub.admin.options("xvid", status_after_cancel="CANCELLED")
    hub.admin.outcome("job", "stuck", service="xvid")
    refused(transcode(timeout=0.1).execute, JobTimeoutError, "It was cancelled")
    [job] = hub.jobs
    assert job.status == "CANCELLED"


def test_a_status_that_is_not_known_is_waited_out(hub: MediaHub, refused: Refused, logged: Callable[[], str]) -> None:
    hub.admin.options("xvid", processing_word="DREAMING")
    hub.admin.outcome("job", "stuck", service="xvid")
    refused(transcode(timeout=0.3).execute, JobTimeoutError, "had not ended")
    assert "DREAMING" in logged()
    assert hub.count("delete_job") == 0, "it might have ended, and deleting it would destroy what it made"
    hub.admin.release("xvid")


@both_modes
def test_a_job_that_is_not_to_be_cancelled_goes_on_after_a_time_out(
    hub: MediaHub, refused: Refused, deferrable: bool
) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = transcode(deferrable=deferrable, timeout=0.1, cancel_on_kill=False)
    refused(run.execute, JobTimeoutError, "It goes on at the service")
    assert len(hub.jobs) == 1
    hub.admin.release("xvid")


def test_the_time_out_of_airflow_itself_cancels_the_job(hub: MediaHub, refused: Refused) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = transcode()
    run.defer()
    refused(lambda: run.fail_deferral("Trigger timeout"), JobTimeoutError, "Airflow's time-out", "was cancelled")
    assert hub.jobs == []


def test_a_job_that_had_ended_keeps_its_outputs_when_its_task_times_out(hub: MediaHub, refused: Refused) -> None:
    run = transcode()
    run.defer()
    job = hub.until(run.ti.xcoms["job_id"], lambda job: not job.active)
    refused(lambda: run.fail_deferral("Trigger timeout"), JobTimeoutError, "Airflow's time-out")
    assert hub.count("delete_job") == 0
    assert hub.run(get_file(job.outputs[0].file_id or "")).job_id == job.id


@pytest.mark.parametrize(("retries", "left"), [(1, 1), (0, 0)], ids=["a try is left", "no try is left"])
def test_a_trigger_that_broke_leaves_the_job_to_the_next_try_if_there_is_one(
    hub: MediaHub, retries: int, left: int
) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = transcode(retries=retries)
    run.defer()
    with pytest.raises(TaskDeferralError):
        run.fail_deferral("Trigger failure")
    assert len(hub.jobs) == left
    if left:
        hub.release()
        assert run.next_try().execute() == hub.jobs[0].id
        assert hub.count("create_job") == 1


# Faults while it waits


@both_modes
def test_faults_that_pass_do_not_end_the_wait(hub: MediaHub, logged: Callable[[], str], deferrable: bool) -> None:
    hub.admin.outcome("job", "slow", service="xvid", seconds=0.3)
    for fault in ("429 retry_after=0", "503 retry_after=0", "502", "reset", "lost_answer", "expire_token", "malformed"):
        hub.admin.fault(f"{fault} on=xvid.get_job times=1")
    job_id = transcode(deferrable=deferrable).execute()
    assert [job.id for job in hub.jobs] == [job_id]
    assert hub.secrets_in(logged()) == []


@pytest.mark.parametrize("spelling", ["number", "text"])
def test_a_token_of_a_short_life_is_renewed(hub: MediaHub, spelling: str) -> None:
    hub.admin.options("xvid", token_life=1.0, expires_in_as_string=spelling == "text", token_type="")
    hub.admin.outcome("job", "slow", service="xvid", seconds=1.5)
    transcode(deferrable=False).execute()
    assert all(entry["status"] != 403 for entry in hub.admin.requests("xvid.get_job")), "ahead of its end"


def test_a_wrong_secret_ends_the_wait_and_leaves_the_job_to_the_right_one(
    hub: MediaHub, connect: Callable[..., None]
) -> None:
    run = transcode()
    deferral = run.defer()
    connect("xvid", password="d3JvbmcrL3NlY3JldA==")
    event = run.wait()
    assert (event["status"], event["retryable"]) == ("error", False)
    connect("xvid")
    assert run.resume(deferral, run.wait()) == deferral.trigger.job_id


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
        "expire_token times=1",
    ],
)
def test_a_lost_answer_to_the_request_leaves_one_job(hub: MediaHub, logged: Callable[[], str], fault: str) -> None:
    hub.admin.fault(f"{fault} on=xvid.create_job")
    job_id = transcode(user_data="reel 7").execute()
    assert [job.id for job in hub.jobs] == [job_id]
    assert hub.secrets_in(logged()) == []


@with_and_without_store
def test_a_retry_takes_up_the_job_of_a_worker_that_died(hub: MediaHub, store: bool) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = transcode(store=store)
    run.die_after_submitting()
    run.next_try()
    deferral = run.defer()
    hub.release()
    assert [run.resume(deferral, run.wait())] == [job.id for job in hub.jobs]
    assert hub.count("create_job") == 1


@with_and_without_store
def test_a_retry_takes_up_a_job_that_has_ended_meanwhile(hub: MediaHub, store: bool) -> None:
    run = transcode(store=store)
    run.die_after_submitting()
    [job] = hub.jobs
    hub.until(job.id, lambda job: not job.active)
    assert run.next_try().execute() == job.id
    assert hub.count("create_job") == 1


@with_and_without_store
def test_a_retry_after_a_wait_that_broke_takes_up_the_job(hub: MediaHub, store: bool) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = transcode(store=store)
    deferral = run.defer()
    [job] = hub.jobs
    event = {"status": "error", "job_id": job.id, "reason": "no answer", "retryable": True}
    with pytest.raises(MediaRetryError, match="Could not go on waiting"):
        run.resume(deferral, event)
    hub.release()
    assert run.next_try().execute() == job.id
    assert hub.count("create_job") == 1


@with_and_without_store
def test_clearing_after_a_success_begins_anew(hub: MediaHub, store: bool) -> None:
    run = transcode(store=store)
    first = run.execute()
    second = run.clear().execute()
    assert first != second
    assert {job.id for job in hub.jobs} == {first, second}


@with_and_without_store
def test_clearing_after_a_failed_job_begins_anew(hub: MediaHub, store: bool) -> None:
    hub.admin.outcome("job", "fail", service="xvid")
    run = transcode(store=store)
    with pytest.raises(JobFailedError):
        run.execute()
    assert hub.run(get_job(run.clear().execute())).status == "SUCCESS"


def test_another_task_with_the_same_request_has_a_job_of_its_own(hub: MediaHub) -> None:
    runs = [transcode(), transcode()]
    for map_index, run in enumerate(runs):
        run.ti.map_index = map_index
    hub.admin.fault("lost_answer on=xvid.create_job times=1")
    assert len({run.execute() for run in runs}) == 2
    assert hub.count("create_job") == 2


def test_a_job_that_was_taken_up_and_then_cancelled_with_its_first_try_is_begun_anew_once(hub: MediaHub) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = transcode()
    run.defer()
    [cancelled] = hub.jobs
    deferral = run.next_try().defer()  # clearing starts the next try and cancels the job of the last at the same time
    hub.run(delete_job(cancelled.id))
    event = run.wait()
    assert event["status"] == "gone"
    with pytest.raises(TaskDeferred):
        run.resume(deferral, event)
    assert cancelled.id not in [job.id for job in hub.jobs]
    assert hub.count("create_job") == 2


# Killed


def test_a_task_that_is_killed_on_the_worker_while_it_waits_cancels_its_job(
    hub: MediaHub, logged: Callable[[], str]
) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = transcode(deferrable=False)
    run.operator.push_link = lambda *_: run.operator.on_kill()
    with pytest.raises(AirflowTaskTerminated, match="transcode was killed"):
        run.execute()
    assert hub.jobs == []
    assert "because its task was killed" in logged()
    assert hub.secrets_in(logged()) == []


def test_a_task_that_is_killed_while_it_submits_cancels_the_job_whose_id_it_never_learned(hub: MediaHub) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = transcode()
    run.die_after_submitting()
    assert len(hub.jobs) == 1
    with pytest.raises(AirflowTaskTerminated):
        run.operator.on_kill()
    assert hub.jobs == []


def test_a_task_that_is_killed_before_it_submits_cancels_nothing(hub: MediaHub) -> None:
    run = transcode()
    with pytest.raises(AirflowTaskTerminated):
        run.operator.on_kill()
    assert hub.count("delete_job") == 0


def test_a_task_that_is_killed_when_its_job_has_ended_leaves_the_outputs(hub: MediaHub) -> None:
    run = transcode()
    run.defer()
    job = hub.until(run.ti.xcoms["job_id"], lambda job: not job.active)
    with pytest.raises(AirflowTaskTerminated):
        run.operator.on_kill()
    assert hub.count("delete_job") == 0
    assert hub.run(get_file(job.outputs[0].file_id or "")).job_id == job.id


def test_a_job_that_is_not_to_be_cancelled_outlives_its_task(hub: MediaHub) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = transcode(cancel_on_kill=False)
    run.defer()
    with pytest.raises(AirflowTaskTerminated):
        run.operator.on_kill()
    assert len(hub.jobs) == 1
    hub.admin.release("xvid")


def test_at_an_execution_timeout_airflow_has_the_last_word(hub: MediaHub) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = transcode()
    run.defer()
    try:
        raise AirflowTaskTimeout("too long")
    except AirflowTaskTimeout:
        run.operator.on_kill()  # and raises nothing of its own
    assert hub.jobs == []


def test_an_input_that_was_deleted_does_not_disturb_a_job_that_is_over(hub: MediaHub) -> None:
    run = transcode()
    deferral = run.defer()
    job = hub.until(run.ti.xcoms["job_id"], lambda job: not job.active)
    [source] = [file for file in hub.files if file.job_id is None]
    hub.run(delete_file(source.id))
    assert run.resume(deferral, run.wait()) == job.id


def test_presets_are_found_by_their_names(hub: MediaHub) -> None:
    from airflow_media.xvid.flows import all_presets

    presets = {each.name: each.id for each in hub.run(all_presets("system"))}
    assert presets["H.264 MP4"] == preset("H.264 MP4")
