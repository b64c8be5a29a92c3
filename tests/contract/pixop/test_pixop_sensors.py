"""The sensors against the sandbox: deferred or on the worker, with the same outcome."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from airflow_media.jobs.compat import (
    AirflowSensorTimeout,
    AirflowSkipException,
    triggers_render_templates,
)
from airflow_media.jobs.failures import JobFailedError, JobGoneError, MediaFailError
from airflow_media.pixop import api
from airflow_media.pixop.models import Phase
from airflow_media.pixop.sensors import IngestProgressSensor, ProcessProgressSensor
from airflow_media.pixop.settings import ProcessSettings
from support.studio import SETTINGS, Studio
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]
NOBODY = "00000000-0000-0000-0000-000000000000"

both_modes = pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "poking"])


def ingest(video_id: str, **fields: Any) -> TaskRun:
    return TaskRun(IngestProgressSensor(task_id="ingest", video_id=video_id, poll_interval=0.02, **fields))


def processing(video_id: str, **fields: Any) -> TaskRun:
    return TaskRun(ProcessProgressSensor(task_id="process", video_id=video_id, poll_interval=0.02, **fields))


def begun(studio: Studio) -> str:
    """Have somebody else begin a processing."""
    return studio.hook.run(api.process_video(studio.ingested(), ProcessSettings.parse(SETTINGS))).processed_video_id


@both_modes
def test_an_ingested_video_gives_its_metadata(studio: Studio, deferrable: bool) -> None:
    run = ingest(video_id := studio.uploaded(), deferrable=deferrable)
    metadata = run.execute()
    assert (metadata["frame_width"], metadata["frame_height"], metadata["duration_ms"]) == (160, 120, 400)
    assert metadata == studio.metadata(video_id)
    assert run.ti.xcoms["api_url"].endswith(video_id)


def test_a_job_that_is_not_done_yet_is_waited_for_in_the_triggerer(studio: Studio) -> None:
    studio.admin.outcome("ingest", "stuck")
    run = ingest(video_id := studio.uploaded(), deferrable=True)
    deferral = run.defer()
    assert run.trigger is not None
    assert studio.secrets_in(str(run.trigger.serialize())) == []
    studio.release(video_id)
    assert run.resume(deferral, run.wait()) == studio.metadata(video_id)


def test_a_job_that_is_done_already_is_not_deferred(studio: Studio) -> None:
    run = ingest(video_id := studio.ingested(), deferrable=True)
    assert run.execute() == studio.metadata(video_id)
    assert run.trigger is None


@both_modes
def test_metadata_are_enough_where_that_was_asked(studio: Studio, deferrable: bool) -> None:
    studio.admin.outcome("ingest", "stuck", percent=90)
    video_id = studio.uploaded()
    studio.until(video_id, lambda video: video.metadata is not None)
    assert ingest(video_id, until="metadata", deferrable=deferrable).execute()["codec_name"] == "h264"
    studio.admin.release()


@both_modes
def test_a_processing_gives_the_processed_video(studio: Studio, deferrable: bool) -> None:
    video_id = begun(studio)
    assert processing(video_id, deferrable=deferrable).execute() == video_id


def test_a_video_without_media_is_waited_for(studio: Studio) -> None:
    run = ingest(studio.created(), deferrable=False)
    assert run.operator.poke(run.context) is False


@both_modes
def test_an_ingestion_that_fails_fails_the_task_for_good(studio: Studio, refused: Refused, deferrable: bool) -> None:
    studio.admin.outcome("ingest", "fail")
    run = ingest(studio.uploaded(), deferrable=deferrable)
    refused(run.execute, JobFailedError, "Pixop ingestion of video", "ERROR")


@both_modes
def test_a_processing_that_fails_fails_the_task_for_good(studio: Studio, refused: Refused, deferrable: bool) -> None:
    studio.admin.outcome("process", "fail")
    run = processing(begun(studio), deferrable=deferrable)
    refused(run.execute, JobFailedError, "Pixop processing of video", "ERROR")


@both_modes
@pytest.mark.parametrize("make", [ingest, processing])
def test_a_video_that_is_not_there_is_told(
    studio: Studio, refused: Refused, make: Callable[..., TaskRun], deferrable: bool
) -> None:
    refused(make(NOBODY, deferrable=deferrable).execute, JobGoneError, NOBODY, "not there any more")


@both_modes
def test_a_time_out_is_that_of_a_sensor_and_stops_nothing(studio: Studio, deferrable: bool) -> None:
    studio.admin.outcome("process", "stuck")
    run = processing(begun(studio), deferrable=deferrable, timeout=0.3)
    with pytest.raises(AirflowSensorTimeout):
        run.execute()
    assert len(studio.processed) == 1
    studio.release()


@both_modes
def test_a_soft_sensor_skips_where_the_job_has_failed(studio: Studio, deferrable: bool) -> None:
    studio.admin.outcome("process", "fail")
    video_id = begun(studio)
    studio.until(video_id, lambda video: video.processing is not None and video.processing.state.phase is Phase.FAILED)
    run = processing(video_id, deferrable=deferrable, soft_fail=True)
    with pytest.raises(AirflowSkipException):
        run.execute()


@both_modes
def test_a_soft_sensor_that_times_out_skips(studio: Studio, deferrable: bool) -> None:
    studio.admin.outcome("process", "stuck")
    run = processing(begun(studio), deferrable=deferrable, timeout=0.1, soft_fail=True)
    with pytest.raises(AirflowSkipException):
        run.execute()
    studio.release()


@both_modes
def test_faults_that_pass_do_not_end_the_wait(studio: Studio, logged: Callable[[], str], deferrable: bool) -> None:
    video_id = studio.uploaded()
    for fault in ("429 retry_after=0", "503 retry_after=0", "malformed", "reset", "lost_answer", "expire_token"):
        studio.admin.fault(f"{fault} on=pixop.check_ingest_progress times=1")
    assert ingest(video_id, deferrable=deferrable).execute()["frame_width"] == 160
    assert studio.secrets_in(logged()) == []


@both_modes
def test_a_password_that_is_wrong_fails_the_task_for_good(
    studio: Studio, connect: Callable[..., None], refused: Refused, deferrable: bool
) -> None:
    run = ingest(studio.uploaded(), deferrable=deferrable)
    connect("pixop", password="wrong-password")
    fault = refused(run.execute, MediaFailError, "log in", "credentials of the connection")
    assert "wrong-password" not in str(fault)


def test_another_end_of_the_wait_is_refused_when_the_dag_is_read() -> None:
    with pytest.raises(ValueError, match="use 'done' or 'metadata'"):
        IngestProgressSensor(task_id="ingest", video_id="1", until="over")  # type: ignore[arg-type]


# Beginning in the triggerer


def started(run: TaskRun) -> Any:
    """Begin the task as the scheduler does, with nothing but the sensor's class attributes."""
    arguments = run.operator.start_trigger_args
    module, _, name = arguments.trigger_cls.rpartition(".")
    run.trigger = getattr(import_module(module), name)(**arguments.trigger_kwargs)
    return arguments


def test_a_sensor_can_begin_in_the_triggerer_with_the_same_result(studio: Studio) -> None:
    video_id = studio.uploaded()
    run = ingest(video_id, deferrable=True, start_from_trigger=True, timeout=60)
    assert run.operator.start_from_trigger
    arguments = started(run)
    assert arguments.trigger_kwargs["deadline"] is None
    assert arguments.timeout.total_seconds() == 60
    assert studio.secrets_in(str(arguments.trigger_kwargs)) == []
    method = getattr(run.operator, arguments.next_method)
    assert method(run.context, event=run.wait()) == studio.metadata(video_id)
    assert run.ti.xcoms["api_url"].endswith(video_id)


@pytest.mark.parametrize(
    ("fields", "begins"),
    [
        ({"video_id": "1", "deferrable": True, "start_from_trigger": True}, True),
        ({"video_id": "1", "deferrable": False, "start_from_trigger": True}, False),
        ({"video_id": "1", "deferrable": True}, False),
        ({"video_id": "{{ x }}", "deferrable": True, "start_from_trigger": True}, triggers_render_templates()),
    ],
)
def test_it_begins_there_only_where_that_can_work(fields: dict[str, Any], begins: bool) -> None:
    sensor = IngestProgressSensor(task_id="ingest", **fields)
    assert sensor.start_from_trigger is begins
    assert (getattr(sensor, "start_trigger_args", None) is not None) is begins


def test_the_trigger_has_the_names_that_airflow_renders() -> None:
    sensor = IngestProgressSensor(task_id="ingest", video_id="1", deferrable=True, start_from_trigger=True)
    assert sensor.start_trigger_args is not None
    assert set(sensor.template_fields) <= set(sensor.start_trigger_args.trigger_kwargs or {})


def test_where_a_sensor_begins_survives_the_serialisation_of_its_dag() -> None:
    from airflow.sdk import DAG
    from airflow.serialization import serialized_objects

    with DAG("waits", schedule=None) as dag:
        sensor = IngestProgressSensor(task_id="ingest", video_id="1", deferrable=True, start_from_trigger=True)
    # Until Airflow 3.2 a serialised DAG was what serialises one, too.
    dags = getattr(serialized_objects, "DagSerialization", serialized_objects.SerializedDAG)
    again = dags.deserialize_dag(dags.serialize_dag(dag)).get_task("ingest")
    assert again.start_from_trigger
    kwargs = again.start_trigger_args.trigger_kwargs
    assert sensor.start_trigger_args is not None
    assert kwargs.get("__var", kwargs) == sensor.start_trigger_args.trigger_kwargs
