"""The sensors against the sandbox: deferred or on the worker, with the same outcome."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from airflow_media.jobs.compat import AirflowSensorTimeout, AirflowSkipException
from airflow_media.jobs.failures import JobFailedError, JobGoneError, MediaFailError
from airflow_media.xvid.flows import finish_upload_once
from airflow_media.xvid.sensors import XvidJobSensor, XvidUploadSensor
from support.mediahub import MediaHub
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]
NOBODY = "53a1ac4914eaa8ffa4fce91b"

both_modes = pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "poking"])


def upload(upload_id: str, **fields: Any) -> TaskRun:
    return TaskRun(XvidUploadSensor(task_id="upload", upload_id=upload_id, poll_interval=0.02, **fields))


def job(job_id: str, **fields: Any) -> TaskRun:
    return TaskRun(XvidJobSensor(task_id="job", job_id=job_id, poll_interval=0.02, **fields))


def begun(hub: MediaHub) -> str:
    """Have somebody else submit a job."""
    hub.uploaded()
    return hub.submitted()


@both_modes
def test_an_upload_is_waited_for(hub: MediaHub, deferrable: bool) -> None:
    upload_id = hub.sent()
    hub.run(finish_upload_once(upload_id))
    run = upload(upload_id, deferrable=deferrable)
    assert run.execute() == upload_id
    assert run.ti.xcoms["api_url"].endswith(f"/files/uploads/{upload_id}")


@both_modes
def test_a_job_is_waited_for(hub: MediaHub, deferrable: bool) -> None:
    job_id = begun(hub)
    run = job(job_id, deferrable=deferrable)
    assert run.execute() == job_id
    assert run.ti.xcoms["api_url"].endswith(f"/jobs/{job_id}")


def test_an_upload_whose_file_has_not_arrived_is_waited_for(hub: MediaHub) -> None:
    run = upload(hub.sent(), deferrable=False)
    assert run.operator.poke(run.context) is False


def test_a_job_that_is_not_done_yet_is_waited_for_in_the_triggerer(hub: MediaHub) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    job_id = begun(hub)
    run = job(job_id, deferrable=True)
    deferral = run.defer()
    assert run.trigger is not None
    assert hub.secrets_in(str(run.trigger.serialize())) == []
    hub.release(job_id)
    assert run.resume(deferral, run.wait()) == job_id


def test_a_job_that_is_done_already_is_not_deferred(hub: MediaHub) -> None:
    run = job(job_id := hub.transcoded(), deferrable=True)
    assert run.execute() == job_id
    assert run.trigger is None


@both_modes
def test_what_fails_fails_the_task_for_good(hub: MediaHub, refused: Refused, deferrable: bool) -> None:
    hub.admin.outcome("upload", "fail", service="xvid")
    upload_id = hub.sent(key="broken.mp4")
    hub.run(finish_upload_once(upload_id))
    refused(upload(upload_id, deferrable=deferrable).execute, JobFailedError, "Xvid upload", "FAILED")
    hub.admin.outcome("job", "fail", service="xvid", reason="no more film")
    refused(job(begun(hub), deferrable=deferrable).execute, JobFailedError, "Xvid job", "no more film")


@both_modes
@pytest.mark.parametrize("make", [upload, job])
def test_what_is_not_there_is_told(
    hub: MediaHub, refused: Refused, make: Callable[..., TaskRun], deferrable: bool
) -> None:
    refused(make(NOBODY, deferrable=deferrable).execute, JobGoneError, NOBODY, "not there any more")


@both_modes
def test_a_time_out_is_that_of_a_sensor_and_stops_nothing(hub: MediaHub, deferrable: bool) -> None:
    hub.admin.outcome("job", "stuck", service="xvid")
    run = job(begun(hub), deferrable=deferrable, timeout=0.3)
    with pytest.raises(AirflowSensorTimeout):
        run.execute()
    assert len(hub.jobs) == 1
    hub.release()


@both_modes
def test_a_soft_sensor_skips_where_the_job_has_failed(hub: MediaHub, deferrable: bool) -> None:
    hub.admin.outcome("job", "fail", service="xvid")
    job_id = begun(hub)
    hub.until(job_id, lambda job: not job.active)
    with pytest.raises(AirflowSkipException):
        job(job_id, deferrable=deferrable, soft_fail=True).execute()


@both_modes
def test_faults_that_pass_do_not_end_the_wait(hub: MediaHub, logged: Callable[[], str], deferrable: bool) -> None:
    job_id = begun(hub)
    for fault in ("429 retry_after=0", "503 retry_after=0", "malformed", "reset", "lost_answer", "expire_token"):
        hub.admin.fault(f"{fault} on=xvid.get_job times=1")
    assert job(job_id, deferrable=deferrable).execute() == job_id
    assert hub.secrets_in(logged()) == []


@both_modes
def test_a_secret_that_is_wrong_fails_the_task_for_good(
    hub: MediaHub, connect: Callable[..., None], refused: Refused, deferrable: bool
) -> None:
    run = job(begun(hub), deferrable=deferrable)
    connect("xvid", password="d3JvbmcrL3NlY3JldA==")
    fault = refused(run.execute, MediaFailError, "log in", "client secret")
    assert "d3JvbmcrL3NlY3JldA" not in str(fault)


@pytest.mark.parametrize("kind", ["upload", "job"])
def test_a_sensor_can_begin_in_the_triggerer_with_the_same_result(hub: MediaHub, kind: str) -> None:
    if kind == "job":
        remote_id = begun(hub)
        run = job(remote_id, deferrable=True, start_from_trigger=True, timeout=60)
    else:
        remote_id = hub.uploaded().id
        run = upload(remote_id, deferrable=True, start_from_trigger=True, timeout=60)
    assert run.operator.start_from_trigger
    arguments = run.operator.start_trigger_args
    module, _, name = arguments.trigger_cls.rpartition(".")
    run.trigger = getattr(import_module(module), name)(**arguments.trigger_kwargs)
    assert set(run.operator.template_fields) <= set(arguments.trigger_kwargs), "Airflow renders them by these names"
    assert hub.secrets_in(str(arguments.trigger_kwargs)) == []
    assert getattr(run.operator, arguments.next_method)(run.context, event=run.wait()) == remote_id
