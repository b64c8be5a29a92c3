"""Cielo24JobSensor against the sandbox: deferred or on the worker, with the same outcome."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from airflow_media.cielo24.order import TranscriptionOrder
from airflow_media.cielo24.sensors import Cielo24JobSensor
from airflow_media.jobs.compat import AirflowSensorTimeout, AirflowSkipException, triggers_render_templates
from airflow_media.jobs.failures import JobFailedError, JobGoneError, MediaFailError
from support.captioning import NOBODY, CaptionHouse
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]

both_modes = pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "poking"])


def wait_for(job_id: str, **fields: Any) -> TaskRun:
    return TaskRun(Cielo24JobSensor(task_id="wait", job_id=job_id, poll_interval=0.02, **fields))


@both_modes
def test_a_job_gives_what_the_service_tells_of_it(house: CaptionHouse, deferrable: bool) -> None:
    order = TranscriptionOrder(
        transcription_fidelity="PROFESSIONAL", priority="STANDARD", callback_url="https://me:hidden-word@example.test/"
    )
    run = wait_for(job_id := house.ordered(order), deferrable=deferrable)
    told = run.execute()
    assert (told["job_id"], told["status"], told["fidelity"]) == (job_id, "Complete", "PROFESSIONAL")
    assert told["media_length_seconds"] == pytest.approx(3.0, abs=0.2)
    assert told["completed_date"]
    assert "hidden-word" not in str(told)
    assert run.ti.xcoms["api_url"].endswith(job_id)


def test_a_job_that_is_not_complete_is_waited_for_in_the_triggerer(house: CaptionHouse) -> None:
    house.stick()
    run = wait_for(house.ordered(), deferrable=True)
    deferral = run.defer()
    assert run.trigger is not None
    assert house.secrets_in(str(run.trigger.serialize())) == []
    house.release()
    assert run.resume(deferral, run.wait())["status"] == "Complete"


def test_a_job_that_is_complete_already_is_not_deferred(house: CaptionHouse) -> None:
    run = wait_for(house.completed(), deferrable=True)
    assert run.execute()["status"] == "Complete"
    assert run.trigger is None


def test_a_job_that_nobody_has_ordered_is_waited_for(house: CaptionHouse) -> None:
    run = wait_for(house.created(), deferrable=False)
    assert run.operator.poke(run.context) is False


@both_modes
def test_a_media_failure_fails_the_task_for_good(house: CaptionHouse, refused: Refused, deferrable: bool) -> None:
    house.admin.outcome("transcription", "fail", service="cielo24")
    run = wait_for(house.ordered(), deferrable=deferrable)
    refused(run.execute, JobFailedError, "cielo24 job", "Media Failure")


@both_modes
def test_a_job_that_is_not_there_is_told(house: CaptionHouse, refused: Refused, deferrable: bool) -> None:
    refused(wait_for(NOBODY, deferrable=deferrable).execute, JobGoneError, NOBODY, "not there any more")


@both_modes
def test_a_time_out_is_that_of_a_sensor_and_deletes_nothing(house: CaptionHouse, deferrable: bool) -> None:
    house.stick()
    run = wait_for(job_id := house.ordered(), deferrable=deferrable, timeout=0.3)
    with pytest.raises(AirflowSensorTimeout):
        run.execute()
    assert house.jobs == [job_id]


@both_modes
def test_a_soft_sensor_skips(house: CaptionHouse, deferrable: bool) -> None:
    house.admin.outcome("transcription", "fail", service="cielo24")
    job_id = house.ordered()
    house.until(job_id, "Media Failure")
    with pytest.raises(AirflowSkipException):
        wait_for(job_id, deferrable=deferrable, soft_fail=True).execute()


@both_modes
def test_faults_that_pass_do_not_end_the_wait(house: CaptionHouse, logged: Callable[[], str], deferrable: bool) -> None:
    job_id = house.ordered()
    for fault in ("429 retry_after=0", "503 retry_after=0", "malformed", "reset", "lost_answer", "expire_token"):
        house.admin.fault(f"{fault} on=cielo24.info times=1")
    assert wait_for(job_id, deferrable=deferrable).execute()["status"] == "Complete"
    assert house.secrets_in(logged()) == []


@both_modes
@pytest.mark.parametrize("wrong", [{"password": "wrong-password"}, {"extra": {"api_key": "0123wrong-password"}}])
def test_credentials_that_are_wrong_fail_the_task_for_good(
    house: CaptionHouse, connect: Callable[..., None], refused: Refused, deferrable: bool, wrong: dict[str, Any]
) -> None:
    run = wait_for(house.ordered(), deferrable=deferrable)
    connect("cielo24", **wrong)
    fault = refused(run.execute, MediaFailError, "log in", "LOGIN_INVALID", "Check the credentials of the connection")
    assert "wrong-password" not in str(fault)


# Beginning in the triggerer


def test_a_sensor_can_begin_in_the_triggerer_with_the_same_result(house: CaptionHouse) -> None:
    run = wait_for(house.ordered(), deferrable=True, start_from_trigger=True, timeout=60)
    arguments = run.operator.start_trigger_args
    module, _, name = arguments.trigger_cls.rpartition(".")
    run.trigger = getattr(import_module(module), name)(**arguments.trigger_kwargs)
    assert house.secrets_in(str(arguments.trigger_kwargs)) == []
    result = getattr(run.operator, arguments.next_method)(run.context, event=run.wait())
    assert result["status"] == "Complete"


@pytest.mark.parametrize(
    ("fields", "begins"),
    [
        ({"job_id": "1", "deferrable": True, "start_from_trigger": True}, True),
        ({"job_id": "1", "deferrable": False, "start_from_trigger": True}, False),
        ({"job_id": "1", "deferrable": True}, False),
        ({"job_id": "{{ x }}", "deferrable": True, "start_from_trigger": True}, triggers_render_templates()),
    ],
)
def test_it_begins_there_only_where_that_can_work(fields: dict[str, Any], begins: bool) -> None:
    sensor = Cielo24JobSensor(task_id="wait", **fields)
    assert sensor.start_from_trigger is begins
    assert (getattr(sensor, "start_trigger_args", None) is not None) is begins


def test_the_trigger_has_the_names_that_airflow_renders() -> None:
    sensor = Cielo24JobSensor(task_id="wait", job_id="1", deferrable=True, start_from_trigger=True)
    assert sensor.start_trigger_args is not None
    assert set(sensor.template_fields) <= set(sensor.start_trigger_args.trigger_kwargs or {})
