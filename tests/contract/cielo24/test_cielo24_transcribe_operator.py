"""Cielo24TranscribeOperator against the sandbox: one order, paid once, in either mode, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_media.cielo24.api import add_media_from_url, get_job
from airflow_media.cielo24.flows import delete_job_if_there
from airflow_media.cielo24.operators import Cielo24TranscribeOperator
from airflow_media.cielo24.options import OptionsError
from airflow_media.cielo24.order import TranscriptionOptions, TranscriptionOrder
from airflow_media.jobs.compat import AirflowTaskTerminated, AirflowTaskTimeout, TaskDeferralError
from airflow_media.jobs.failures import JobFailedError, JobGoneError, JobTimeoutError, MediaFailError, MediaRetryError
from airflow_media.jobs.progress import ProgressLog
from media_sandbox.cielo24.fixtures import CAREFUL
from media_sandbox.testing import make_garbage
from support.captioning import NOBODY, CaptionHouse, login
from support.tasks import TaskDeferred, TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]

both_modes = pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "on the worker"])
with_and_without_store = pytest.mark.parametrize("store", [True, False], ids=["store", "no store"])


def transcribe(job_id: str, *, store: bool = True, retries: int = 1, **fields: Any) -> TaskRun:
    fields = {"fidelity": "PREMIUM", "poll_interval": 0.02, "deferrable": True, **fields}
    operator = Cielo24TranscribeOperator(task_id="transcribe", job_id=job_id, **fields)
    return TaskRun(operator, store=store, retries=retries)


# What it does


@both_modes
def test_it_gives_the_job_when_it_is_complete(house: CaptionHouse, deferrable: bool) -> None:
    run = transcribe(job_id := house.with_media(), deferrable=deferrable)
    assert run.execute() == job_id
    assert (run.trigger is not None) is deferrable
    job = house.run(get_job(job_id))
    assert (job.status, job.fidelity, job.priority) == ("Complete", "PREMIUM", "STANDARD")
    assert run.ti.xcoms == {"job_id": job_id, "api_url": f"{house.host}/api/job/info?v=1&job_id={job_id}"}


def test_everything_that_can_be_ordered_reaches_the_service(house: CaptionHouse, logged: Callable[[], str]) -> None:
    job_id = house.with_media()
    transcribe(
        job_id,
        fidelity="PROFESSIONAL",
        priority="PRIORITY",
        target_language="fr,ja",
        turnaround_hours="30",
        callback_url="https://me:hidden-word@example.test/{job_id}",
        standard_product=False,
        transcription_options={"notes": "Names: Ann & Bob", "speaker_id": "yes", "return_iwp": '["FINAL"]'},
    ).execute()
    [asked] = house.requests("perform_transcription")
    sent = asked["query"]
    assert sent["options"] == '{"notes":"Names: Ann & Bob","speaker_id":true,"return_iwp":["FINAL"]}'
    assert (sent["transcription_fidelity"], sent["priority"]) == ("PROFESSIONAL", "PRIORITY")
    assert (sent["target_language"], sent["turnaround_hours"]) == ("fr,ja", "30")
    assert sent["standard_product"] == "false"
    assert "hidden-word" not in logged()


def test_options_can_be_given_as_an_object(house: CaptionHouse) -> None:
    transcribe(house.with_media(), transcription_options=TranscriptionOptions(notes="n")).execute()
    [asked] = house.requests("perform_transcription")
    assert asked["query"]["options"] == '{"notes":"n"}'


def test_the_trigger_holds_no_secret(house: CaptionHouse) -> None:
    run = transcribe(house.with_media())
    run.defer()
    assert run.trigger is not None
    path, kwargs = run.trigger.serialize()
    assert path == "airflow_media.cielo24.triggers.Cielo24Trigger"
    assert house.secrets_in(str(kwargs)) == []
    assert house.sandbox.base_url not in str(kwargs)
    assert kwargs["cancel_on_kill"] is False


def test_a_turnaround_that_raises_the_price_is_told(house: CaptionHouse, logged: Callable[[], str]) -> None:
    transcribe(house.with_media(), turnaround_hours=16).execute()
    assert "16 hours are fewer than priority STANDARD has" in logged()


# Authorization, and what a person has to do


def test_a_job_is_authorized_if_asked(house: CaptionHouse, connect: Callable[..., None]) -> None:
    connect("cielo24", **login(CAREFUL))
    job_id = house.with_media()
    assert house.run(get_job(job_id)).status == "Authorizing"
    assert transcribe(job_id, authorize=True).execute() == job_id
    assert house.count("authorize") == 1


@both_modes
@pytest.mark.parametrize(
    ("status", "told"), [("Authorizing", "somebody to authorize it"), ("Reviewing", "somebody to approve")]
)
def test_what_waits_for_a_person_is_told_and_waited_for(
    house: CaptionHouse, monkeypatch: pytest.MonkeyPatch, deferrable: bool, status: str, told: str
) -> None:
    house.stick()
    run = transcribe(job_id := house.with_media(), deferrable=deferrable)
    lines: list[str] = []

    def say(_: ProgressLog, text: str) -> None:
        lines.append(text)
        if told in text:
            house.set_status(job_id, "Complete")  # the person has done it

    monkeypatch.setattr(ProgressLog, "say", say)
    run.operator.push_link = lambda *_: house.set_status(job_id, status)  # the last thing before the wait
    assert run.execute() == job_id
    assert any(told in line for line in lines)


# Wrong orders


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"fidelity": "STANDARD"}, ("transcription_fidelity", "MECHANICAL, PREMIUM, PROFESSIONAL")),
        ({"priority": "ECONOMY"}, ("priority", "PRIORITY")),
        ({"target_language": "it"}, ("PREMIUM is not offered in 'it'",)),
        ({"turnaround_hours": "soon"}, ("turnaround_hours",)),
        ({"callback_url": "example.test"}, ("callback_url",)),
        ({"transcription_options": {"note": "n"}}, ("there is no such option", "'notes'")),
        ({"transcription_options": {"notes": "n" * 1001}}, ("at most 1000",)),
    ],
)
def test_an_order_that_is_known_to_be_wrong_is_an_import_error_of_the_dag(
    fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(OptionsError) as raised:
        transcribe("{{ 1 }}", **fields)
    assert [word for word in words if word not in str(raised.value)] == []


def test_templated_values_are_checked_before_anything_is_asked(house: CaptionHouse, refused: Refused) -> None:
    job_id = house.with_media()
    run = transcribe(job_id, fidelity="{{ params.fidelity }}", transcription_options="{{ params.options }}")
    run.operator.fidelity, run.operator.transcription_options = "BEST", '{"notes": 7}'  # as rendered
    house.admin.clear_requests()
    refused(run.execute, MediaFailError, "transcription_fidelity: 'BEST'", "options: notes: 7 is not a text")
    assert house.admin.requests() == []


def test_values_that_this_release_does_not_know_can_be_sent(house: CaptionHouse, refused: Refused) -> None:
    run = transcribe(house.with_media(), fidelity="ULTRA", transcription_options={"new": True}, validate=False)
    refused(run.execute, MediaFailError, "INVALID_OPTION")
    [asked] = house.requests("perform_transcription")
    assert (asked["query"]["transcription_fidelity"], asked["query"]["options"]) == ("ULTRA", '{"new":true}')


def test_a_fidelity_that_is_not_offered_in_the_language_is_told_before_it_is_paid_for(
    house: CaptionHouse, refused: Refused
) -> None:
    run = transcribe(house.with_media(language="it"))
    refused(run.execute, MediaFailError, "PREMIUM is not offered in 'it', the language of job")
    assert house.count("perform_transcription") == 0


@pytest.mark.parametrize(
    ("job_id", "words"), [(NOBODY, ("ITEM_NOT_FOUND", NOBODY)), ("", ("'' is not the id of a job",))]
)
def test_a_job_that_is_not_there_is_told(
    house: CaptionHouse, refused: Refused, job_id: str, words: tuple[str, ...]
) -> None:
    refused(transcribe(job_id).execute, MediaFailError, *words)
    assert house.count("perform_transcription") == 0


def test_a_job_without_media_is_told(house: CaptionHouse, refused: Refused) -> None:
    refused(transcribe(house.created()).execute, MediaFailError, "transcribe job", "INVALID_QUERY")


# How it may end


@both_modes
@pytest.mark.parametrize("how", ["no sound", "no video at all", "unreachable", "chosen"])
def test_media_that_cannot_be_transcribed_fail_the_task_for_good(
    house: CaptionHouse, refused: Refused, tmp_path: Path, clip: Path, deferrable: bool, how: str
) -> None:
    if how == "unreachable":
        job_id = house.created()
        house.run(add_media_from_url(job_id, "http://127.0.0.1:9/a.mp4"))
    elif how == "chosen":
        house.admin.outcome("transcription", "fail", service="cielo24")
        job_id = house.with_media()
    else:
        job_id = house.with_media(clip if how == "no sound" else make_garbage(tmp_path / "garbage.mp4"))
    words = ("cielo24 job", job_id, "Media Failure", "could not get the media", "create another one")
    refused(transcribe(job_id, deferrable=deferrable).execute, JobFailedError, *words)
    assert house.count("perform_transcription") == 1


@both_modes
def test_a_job_that_somebody_deleted_is_told(house: CaptionHouse, refused: Refused, deferrable: bool) -> None:
    house.stick()
    run = transcribe(job_id := house.with_media(), deferrable=deferrable)
    run.operator.push_link = lambda *_: house.run(delete_job_if_there(job_id))  # the last thing before the wait
    refused(run.execute, JobGoneError, "somebody deleted it", job_id)


@both_modes
def test_a_time_out_leaves_the_job_and_its_media(house: CaptionHouse, refused: Refused, deferrable: bool) -> None:
    house.stick()
    run = transcribe(job_id := house.with_media(), deferrable=deferrable, timeout=0.1)
    refused(run.execute, JobTimeoutError, "It goes on at the service", "Raise the task's timeout")
    assert house.jobs == [job_id]


@both_modes
def test_a_time_out_deletes_the_job_where_that_was_asked(
    house: CaptionHouse, refused: Refused, deferrable: bool
) -> None:
    house.stick()
    run = transcribe(house.with_media(), deferrable=deferrable, timeout=0.1, cancel_on_kill=True)
    refused(run.execute, JobTimeoutError, "It was cancelled")
    assert house.jobs == []


@pytest.mark.parametrize("cancel_on_kill", [True, False])
def test_the_time_out_of_airflow_itself_is_told_likewise(
    house: CaptionHouse, refused: Refused, cancel_on_kill: bool
) -> None:
    house.stick()
    run = transcribe(house.with_media(), cancel_on_kill=cancel_on_kill)
    run.defer()
    refused(lambda: run.fail_deferral("Trigger timeout"), JobTimeoutError, "Airflow's time-out")
    assert bool(house.jobs) is not cancel_on_kill


def test_a_trigger_that_broke_leaves_the_job_to_the_next_try(house: CaptionHouse) -> None:
    house.stick()
    run = transcribe(job_id := house.with_media())
    run.defer()
    with pytest.raises(TaskDeferralError):
        run.fail_deferral("Trigger failure")
    house.release()
    assert run.next_try().execute() == job_id
    assert house.count("perform_transcription") == 1


# Faults while it waits


@both_modes
def test_faults_that_pass_do_not_end_the_wait(house: CaptionHouse, logged: Callable[[], str], deferrable: bool) -> None:
    house.stick()
    run = transcribe(house.with_media(), deferrable=deferrable)
    faults = [
        *("429 retry_after=0", "503 retry_after=0", "502", "reset", "lost_answer", "expire_token", "malformed"),
        *("error status=400 exception=UNHANDLED_ERROR", "error status=404"),
    ]

    def strike(*_: object) -> None:
        for fault in faults:
            house.admin.fault(f"{fault} on=cielo24.info times=1")
        house.release()

    run.operator.push_link = strike  # the last thing before the wait
    run.execute()
    assert house.secrets_in(logged()) == []
    assert house.admin.faults() == [], "all of them were met"


@both_modes
def test_a_token_that_was_idle_for_too_long_is_renewed_in_the_middle_of_the_wait(
    house: CaptionHouse, deferrable: bool
) -> None:
    house.options(turnaround_hour_seconds=3600.0)
    run = transcribe(house.with_media(), deferrable=deferrable)
    run.operator.push_link = lambda *_: house.admin.advance_clock(48 * 3600 + 60)
    logins = house.count("login")
    run.execute()
    assert house.count("login") > logins


@both_modes
def test_a_web_page_again_and_again_ends_the_wait_and_leaves_the_job(
    house: CaptionHouse, refused: Refused, deferrable: bool
) -> None:
    house.stick()
    run = transcribe(job_id := house.with_media(), deferrable=deferrable)
    run.operator.push_link = lambda *_: house.admin.fault("error status=404 on=cielo24.info")
    refused(run.execute, MediaFailError, "Could not go on waiting", "It goes on at the service")
    house.admin.clear_faults()
    assert house.jobs == [job_id]


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
def test_a_lost_answer_to_the_order_leaves_one_order(
    house: CaptionHouse, logged: Callable[[], str], fault: str
) -> None:
    job_id = house.with_media()
    house.admin.fault(f"{fault} on=cielo24.perform_transcription")
    assert transcribe(job_id).execute() == job_id
    accepted = [asked for asked in house.requests("perform_transcription") if asked["status"] == 200]
    assert len(accepted) <= 1
    assert house.run(get_job(job_id)).fidelity == "PREMIUM"
    assert house.secrets_in(logged()) == []


@with_and_without_store
def test_a_retry_takes_up_the_order_of_a_worker_that_died(house: CaptionHouse, store: bool) -> None:
    house.stick()
    run = transcribe(job_id := house.with_media(), store=store)
    run.die_after_submitting()
    run.next_try()
    deferral = run.defer()
    house.release()
    assert run.resume(deferral, run.wait()) == job_id
    assert house.count("perform_transcription") == 1


@with_and_without_store
def test_a_retry_takes_up_a_job_that_has_ended_meanwhile(house: CaptionHouse, store: bool) -> None:
    run = transcribe(job_id := house.with_media(), store=store)
    run.die_after_submitting()
    house.until(job_id, "Complete")
    assert run.next_try().execute() == job_id
    assert house.count("perform_transcription") == 1


@with_and_without_store
def test_a_retry_after_a_wait_that_broke_takes_up_the_job(house: CaptionHouse, store: bool) -> None:
    house.stick()
    run = transcribe(job_id := house.with_media(), store=store)
    deferral = run.defer()
    event = {"status": "error", "job_id": job_id, "reason": "no answer", "retryable": True}
    with pytest.raises(MediaRetryError, match="Could not go on waiting"):
        run.resume(deferral, event)
    house.release()
    assert run.next_try().execute() == job_id
    assert house.count("perform_transcription") == 1


@with_and_without_store
def test_clearing_after_a_success_takes_what_is_there(
    house: CaptionHouse, logged: Callable[[], str], store: bool
) -> None:
    run = transcribe(job_id := house.with_media(), store=store)
    assert run.execute() == run.clear().execute() == job_id
    assert house.count("perform_transcription") == 1
    assert "was ordered before" in logged()


def test_another_fidelity_of_a_job_that_was_transcribed_is_refused(house: CaptionHouse, refused: Refused) -> None:
    run = transcribe(house.completed(), fidelity="PROFESSIONAL")
    refused(run.execute, MediaFailError, "ordered with fidelity PREMIUM before", "Create another job")
    assert house.count("perform_transcription") == 1


def test_a_job_that_was_taken_up_and_then_deleted_is_told(house: CaptionHouse, refused: Refused) -> None:
    house.stick()
    run = transcribe(job_id := house.with_media())
    run.defer()
    deferral = run.next_try().defer()
    house.run(delete_job_if_there(job_id))
    event = run.wait()
    assert event["status"] == "gone"
    refused(lambda: run.resume(deferral, event), MediaFailError, "ITEM_NOT_FOUND", job_id)


# Killed


@pytest.mark.parametrize("cancel_on_kill", [True, False])
def test_a_task_that_is_killed_while_it_waits_deletes_its_job_only_if_asked(
    house: CaptionHouse, logged: Callable[[], str], cancel_on_kill: bool
) -> None:
    house.stick()
    run = transcribe(house.with_media(), deferrable=False, cancel_on_kill=cancel_on_kill)
    run.operator.push_link = lambda *_: run.operator.on_kill()
    with pytest.raises(AirflowTaskTerminated, match="transcribe was killed"):
        run.execute()
    assert bool(house.jobs) is not cancel_on_kill
    assert house.secrets_in(logged()) == []


def test_a_task_that_is_killed_while_it_orders_leaves_a_job_that_was_not_ordered(
    house: CaptionHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = transcribe(job_id := house.with_media(), cancel_on_kill=True)
    monkeypatch.setattr("airflow_media.cielo24.operators.flows.transcribe_once", lambda *_: run.operator.on_kill())
    with pytest.raises(AirflowTaskTerminated):
        run.execute()
    assert house.jobs == [job_id]


def test_an_execution_timeout_of_airflow_ends_the_task_with_its_own_error(house: CaptionHouse) -> None:
    house.stick()
    run = transcribe(house.with_media(), deferrable=False)

    def out_of_time(*_: object) -> None:
        try:
            raise AirflowTaskTimeout
        except AirflowTaskTimeout:
            run.operator.on_kill()
            raise

    run.operator.push_link = out_of_time
    with pytest.raises(AirflowTaskTimeout):
        run.execute()


def test_another_order_by_somebody_else_is_waited_for(house: CaptionHouse) -> None:
    house.stick()
    job_id = house.ordered(TranscriptionOrder(transcription_fidelity="PREMIUM", priority="PRIORITY"))
    run = transcribe(job_id)
    with pytest.raises(TaskDeferred):
        run.operator.execute(run.context)
    assert house.count("perform_transcription") == 1
    house.release()
