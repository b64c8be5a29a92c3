"""The sensors against the sandbox: deferred or on the worker, with the same outcome."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from airflow_media.jobs.compat import AirflowSensorTimeout, AirflowSkipException, triggers_render_templates
from airflow_media.jobs.failures import JobFailedError, JobGoneError, MediaFailError
from airflow_media.media_storage.sensors import MediaStorageJobSensor, MediaStorageMediaSensor
from media_sandbox.media_storage import fixtures
from support.storeroom import Storeroom
from support.tasks import TaskRun

pytestmark = pytest.mark.airflow

Refused = Callable[..., BaseException]
Connect = Callable[..., None]
NOBODY = "00000000-0000-7000-8000-000000000000"
NAME = "a b+ü%.mp4"

both_modes = pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "poking"])


def job(job_id: str | None = None, **fields: Any) -> TaskRun:
    return TaskRun(MediaStorageJobSensor(task_id="wait", job_id=job_id, poll_interval=0.02, **fields))


def media(resource: str = NAME, **fields: Any) -> TaskRun:
    return TaskRun(MediaStorageMediaSensor(task_id="wait", resource=resource, poll_interval=0.02, **fields))


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens, one after the other, each time that a wait has looked and is not over."""
    from airflow_media.jobs.progress import ProgressLog

    work: list[Callable[[], object]] = []

    def told(self: ProgressLog, *arguments: Any) -> None:
        if work:
            work.pop(0)()

    monkeypatch.setattr(ProgressLog, "job", told)
    return work


# One job


@both_modes
@pytest.mark.parametrize("status", ["completed", "done"])
def test_a_job_that_is_done_gives_its_attributes(store: Storeroom, deferrable: bool, status: str) -> None:
    job_id = store.job(status=status, progress=1.0, error="of an earlier try", arguments={"resource": NAME})
    run = job(job_id, deferrable=deferrable)
    attributes = run.execute()
    assert attributes == json.loads(json.dumps(attributes))
    assert (attributes["id"], attributes["status"], attributes["arguments"]) == (job_id, status, {"resource": NAME})
    assert run.ti.xcoms["api_url"] == f"{store.host}/jobs/{job_id}"
    assert run.trigger is None, "it is done already"


@both_modes
def test_a_real_job_is_waited_for_whatever_its_progress_does(
    store: Storeroom, deferrable: bool, meanwhile: list[Callable[[], object]]
) -> None:
    store.options(jobs_from_uploads=True)
    store.admin.outcome("probe", "stuck", service="media_storage")
    store.upload(NAME)
    [found] = store.all_jobs
    store.until(lambda: store.all_jobs[0].status == "running")
    meanwhile += [lambda: None, lambda: store.admin.release(service="media_storage")]
    attributes = job(found.id, deferrable=deferrable).execute()
    assert (attributes["status"], attributes["progress"]) == ("completed", 1.0)
    assert {each.key for each in store.all_media} >= {"", "thumbnail.jpg", "master.m3u8"}


@both_modes
def test_progress_is_no_sign_of_the_end_and_may_fall(
    store: Storeroom, deferrable: bool, meanwhile: list[Callable[[], object]]
) -> None:
    job_id = store.job(status="running", progress=1.0)
    meanwhile += [
        lambda: store.change(job_id, status="pending", progress=0.0, retry_count=1, error="x"),
        lambda: store.change(job_id, status="running", progress=0.5),
        lambda: store.change(job_id, status="completed", progress=1.0),
    ]
    assert job(job_id, deferrable=deferrable).execute()["status"] == "completed"
    assert meanwhile == [], "it looked again after each of them"


@both_modes
@pytest.mark.parametrize("error", ["it broke", None])
def test_a_job_that_failed_fails_the_task_for_good(
    store: Storeroom, refused: Refused, deferrable: bool, error: str | None
) -> None:
    job_id = store.job(status="errored", progress=0.0, error=error)
    refused(
        job(job_id, deferrable=deferrable).execute,
        JobFailedError,
        f"media storage job {job_id} failed",
        "its status is errored" + (f": {error}" if error else ""),
    )


@both_modes
def test_a_job_that_fails_during_the_wait(
    store: Storeroom, refused: Refused, deferrable: bool, meanwhile: list[Callable[[], object]]
) -> None:
    job_id = store.job(status="running")
    meanwhile += [lambda: store.change(job_id, status="errored")]
    refused(job(job_id, deferrable=deferrable).execute, JobFailedError, "its status is errored")


@both_modes
@pytest.mark.parametrize("job_id", [NOBODY, "no uuid"])
def test_a_job_that_is_not_there_is_told(store: Storeroom, refused: Refused, deferrable: bool, job_id: str) -> None:
    refused(job(job_id, deferrable=deferrable).execute, JobGoneError, job_id, "not there any more")


@both_modes
def test_a_job_that_is_deleted_in_the_middle_of_a_wait_is_a_failure_with_a_clear_word(
    store: Storeroom, refused: Refused, deferrable: bool, meanwhile: list[Callable[[], object]]
) -> None:
    job_id = store.job(status="running")
    meanwhile += [lambda: store.admin._call("DELETE", f"media_storage/jobs/{job_id}")]
    refused(
        job(job_id, deferrable=deferrable).execute, JobGoneError, job_id, "somebody deleted it while this task waited"
    )


@both_modes
def test_a_job_that_never_ends_meets_the_time_out(store: Storeroom, deferrable: bool) -> None:
    job_id = store.job(status="running", progress=1.0)
    with pytest.raises(AirflowSensorTimeout):
        job(job_id, deferrable=deferrable, timeout=0.3).execute()
    [found] = store.all_jobs
    assert found.status == "running"


@both_modes
def test_a_job_without_a_sign_of_life_can_count_as_failed(store: Storeroom, refused: Refused, deferrable: bool) -> None:
    job_id = store.job(status="running")
    fields: dict[str, Any] = {"stall_timeout": -3600.0}  # the sandbox's clock and ours are the same one
    refused(job(job_id, deferrable=deferrable, **fields).execute, JobFailedError, "running without a change for")


@both_modes
@pytest.mark.parametrize("strict", [True, False])
def test_an_unknown_status_is_waited_for_or_a_failure(
    store: Storeroom, refused: Refused, deferrable: bool, strict: bool, meanwhile: list[Callable[[], object]]
) -> None:
    job_id = store.job(status="paused")
    meanwhile += [lambda: store.change(job_id, status="completed")]
    run = job(job_id, deferrable=deferrable, fail_on_unknown_status=strict)
    if strict:
        refused(run.execute, JobFailedError, "its status is paused, which is not known")
    else:
        assert run.execute()["status"] == "completed"


@both_modes
@pytest.mark.parametrize("by", ["connection", "task"])
def test_what_statuses_mean_can_be_said(
    store: Storeroom, connect: Connect, refused: Refused, deferrable: bool, by: str
) -> None:
    words = {"success_statuses": "ready", "failure_statuses": "dead,completed"}
    if by == "connection":
        connect("media_storage", words)
    fields: dict[str, Any] = {} if by == "connection" else {name: value.split(",") for name, value in words.items()}
    assert job(store.job(status="ready"), deferrable=deferrable, **fields).execute()["status"] == "ready"
    for status in ("dead", "completed"):
        run = job(store.job(status=status), deferrable=deferrable, **fields)
        refused(run.execute, JobFailedError, f"its status is {status}")


@both_modes
def test_a_soft_sensor_skips(store: Storeroom, deferrable: bool) -> None:
    for fields in ({"status": "errored"}, {"status": "running"}):
        run = job(store.job(**fields), deferrable=deferrable, soft_fail=True, timeout=0.1)
        with pytest.raises(AirflowSkipException):
            run.execute()


@both_modes
def test_faults_that_pass_do_not_end_the_wait(
    store: Storeroom, logged: Callable[[], str], deferrable: bool, meanwhile: list[Callable[[], object]]
) -> None:
    job_id = store.job(status="running")
    meanwhile += [lambda: store.change(job_id, status="completed")]
    for fault in ("429 retry_after=0", "503 retry_after=0", "500", "malformed", "reset", "lost_answer", "expire_token"):
        store.admin.fault(f"{fault} on=media_storage.{'index_jobs' if deferrable else 'show_job'} times=1")
    assert job(job_id, deferrable=deferrable).execute()["status"] == "completed"
    assert store.secrets_in(logged()) == []


@both_modes
def test_a_token_that_is_refused_fails_the_task_for_good(
    store: Storeroom, connect: Connect, refused: Refused, deferrable: bool
) -> None:
    job_id = store.job(status="running")
    connect("media_storage", {"api_key": None}, password="wrong-token")
    fault = refused(job(job_id, deferrable=deferrable).execute, MediaFailError, "401", "token (password)")
    assert "wrong-token" not in str(fault)


def test_what_travels_to_the_triggerer_is_small_and_holds_no_secret(store: Storeroom) -> None:
    run = job(store.job(status="running"), deferrable=True, success_statuses=("ready", "done"), stall_timeout=60)
    run.defer()
    assert run.trigger is not None
    _, kwargs = run.trigger.serialize()
    assert store.secrets_in(str(kwargs)) == []
    assert json.loads(kwargs["options"]) == {"success_statuses": ["done", "ready"], "stall_timeout": 60}


# All jobs that match


@both_modes
def test_all_jobs_that_match_are_waited_for(
    store: Storeroom, deferrable: bool, meanwhile: list[Callable[[], object]]
) -> None:
    first = store.job(job_class="Alpha", status="running")
    late: list[str] = []
    store.job(job_class="Beta", status="errored")
    meanwhile += [
        lambda: late.append(store.job(job_class="Alpha", status="running")),
        lambda: store.change(first, status="completed"),
        lambda: store.change(late[0], status="completed"),
    ]
    jobs = job(filters={"job_class": "Alpha"}, deferrable=deferrable).execute()
    assert [each["id"] for each in jobs] == [first, *late]
    assert meanwhile == []


@both_modes
def test_no_job_that_matches_is_not_all_jobs_done(
    store: Storeroom, deferrable: bool, meanwhile: list[Callable[[], object]]
) -> None:
    meanwhile += [lambda: None, lambda: store.job(job_class="Alpha", status="completed")]
    run = job(filters={"job_class": "Alpha"}, deferrable=deferrable)
    assert len(run.execute()) == 1
    assert run.ti.xcoms["api_url"] == f"{store.host}/jobs"


@both_modes
def test_the_jobs_of_a_resource_are_waited_for(store: Storeroom, deferrable: bool) -> None:
    store.options(jobs_from_uploads=True)
    store.job(arguments={"resource": "else"}, status="errored")
    store.upload(NAME)
    [done] = job(resource=NAME, filters={"created_at__gte": "2020-01-01"}, deferrable=deferrable).execute()
    assert (done["status"], done["arguments"]["resource"]) == ("completed", NAME)


@both_modes
def test_one_failure_among_them_fails_the_task(store: Storeroom, refused: Refused, deferrable: bool) -> None:
    failed = store.job(job_class="Alpha", status="errored", error="it broke")
    store.job(job_class="Alpha", status="running")
    run = job(filters={"job_class": "Alpha"}, deferrable=deferrable)
    refused(run.execute, JobFailedError, "media storage jobs with job_class=Alpha", failed, "it broke")


@both_modes
def test_waiting_for_jobs_that_never_come_meets_the_time_out(store: Storeroom, deferrable: bool) -> None:
    with pytest.raises(AirflowSensorTimeout):
        job(filters={"job_class": "Alpha"}, deferrable=deferrable, timeout=0.2).execute()


def test_filters_travel_to_the_triggerer_as_json(store: Storeroom) -> None:
    from datetime import UTC, datetime

    moment = datetime(2026, 1, 1, 1, tzinfo=UTC)
    run = job(filters={"created_at__gte": moment, "job_class": ("Alpha", "Beta")}, resource=NAME, deferrable=True)
    run.defer()
    assert run.trigger is not None
    _, kwargs = run.trigger.serialize()
    assert json.loads(kwargs["options"]) == {
        "filters": {"created_at__gte": "2026-01-01T01:00:00Z", "job_class": ["Alpha", "Beta"]},
        "resource": NAME,
    }
    assert kwargs["kind"] == "matching"


@both_modes
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ("neither a job_id nor filters", "Give a job_id; or filters")),
        ({"job_id": NOBODY, "filters": {"priority": 1}}, ("both a job_id and filters",)),
        ({"job_id": NOBODY, "resource": "r"}, ("both a job_id and filters",)),
        ({"job_id": "", "filters": {}}, ("neither",)),
        ({"filters": {"statuz": "x"}}, ("jobs have no filter 'statuz'", "Did you mean 'status'?")),
        ({"filters": {"status": "running"}}, ("waited for by status", "created_at__gte")),
        ({"filters": {"progress": 0.5, "status__in": ["running"]}}, ("waited for by progress, status__in",)),
        ({"filters": {"priority": "high"}}, ("filter[priority] is 'high'",)),
        ({"filters": "x"}, ("not names with values",)),
        ({"job_id": ".."}, ("the job '..' is a step in a path",)),
        ({"job_id": "a/b"}, ("has a slash in it",)),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_asked(
    store: Storeroom, refused: Refused, deferrable: bool, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    refused(job(**{"job_id": None, **fields}, deferrable=deferrable).execute, MediaFailError, *words)
    assert store.admin.requests() == []


# A file that is to come


@both_modes
@pytest.mark.parametrize("key", [None, "thumbnail.jpg"])
def test_a_file_is_waited_for_until_it_is_there(
    store: Storeroom, deferrable: bool, key: str | None, meanwhile: list[Callable[[], object]]
) -> None:
    meanwhile += [lambda: None, lambda: store.upload(NAME, key=key)]
    run = media(key=key, deferrable=deferrable)
    record = run.execute()
    assert (record["resource"], record["key"], record["size"]) == (NAME, key or "", store.clip.stat().st_size)
    assert record == store.all_media[0].plain()
    assert run.ti.xcoms["api_url"].startswith(f"{store.host}/medias/files/a%20b")


@both_modes
def test_what_a_job_makes_can_be_waited_for(store: Storeroom, deferrable: bool) -> None:
    store.options(jobs_from_uploads=True)
    store.upload(NAME)
    record = media(key="master.m3u8", deferrable=deferrable).execute()
    assert (record["key"], record["created_role"], record["created_by"]) == ("master.m3u8", "processor", None)


@both_modes
def test_a_file_that_never_comes_meets_the_time_out(store: Storeroom, deferrable: bool) -> None:
    with pytest.raises(AirflowSensorTimeout):
        media(deferrable=deferrable, timeout=0.2).execute()


@both_modes
def test_info_without_content_means_that_it_is_there(store: Storeroom, deferrable: bool, clip: Path) -> None:
    store.upload(NAME)
    store.options(info_no_content=True)
    assert media(deferrable=deferrable).execute()["size"] == clip.stat().st_size
    store.admin.fault("error status=404 on=media_storage.index_medias")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"resource": ""}, ("the resource '' is empty",)),
        ({"resource": "../x"}, ("has a slash",)),
        ({"key": ".."}, ("the key '..' is a step in a path",)),
    ],
)
@both_modes
def test_names_that_cannot_be_are_told_before_anything_is_asked(
    store: Storeroom, refused: Refused, deferrable: bool, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    refused(media(**{"resource": NAME, **fields}, deferrable=deferrable).execute, MediaFailError, *words)
    assert store.admin.requests() == []


def test_whoever_may_not_see_it_waits_as_if_it_were_not_there(store: Storeroom, connect: Connect) -> None:
    store.upload(NAME)
    connect("media_storage", {"api_key": fixtures.OTHER.api_key})
    run = media(deferrable=False)
    assert run.operator.poke(run.context) is False


# Beginning in the triggerer


def started(run: TaskRun) -> Any:
    """Begin the task as the scheduler does, with nothing but the sensor's class attributes."""
    arguments = run.operator.start_trigger_args
    module, _, name = arguments.trigger_cls.rpartition(".")
    run.trigger = getattr(import_module(module), name)(**arguments.trigger_kwargs)
    return arguments


def test_each_sensor_can_begin_in_the_triggerer_with_the_same_result(store: Storeroom) -> None:
    store.upload(NAME, key="k")
    job_id = store.job(status="completed", job_class="Alpha")
    for run, expected in (
        (job(job_id, deferrable=True, start_from_trigger=True), store.all_jobs[0].plain()),
        (
            job(filters={"job_class": "Alpha"}, deferrable=True, start_from_trigger=True),
            [store.all_jobs[0].plain()],
        ),
        (media(key="k", deferrable=True, start_from_trigger=True), store.all_media[0].plain()),
    ):
        assert run.operator.start_from_trigger
        arguments = started(run)
        method = getattr(run.operator, arguments.next_method)
        assert method(run.context, event=run.wait()) == expected


@pytest.mark.parametrize(
    ("make", "begins"),
    [
        (lambda: job(NOBODY, deferrable=True), False),
        (lambda: job(NOBODY, deferrable=False, start_from_trigger=True), False),
        (lambda: job("{{ x }}", deferrable=True, start_from_trigger=True), triggers_render_templates()),
        (lambda: job(filters={"unicity": "{{ x }}"}, deferrable=True, start_from_trigger=True), False),
        (lambda: job(resource="{{ x }}", deferrable=True, start_from_trigger=True), False),
        (lambda: media("{{ x }}", deferrable=True, start_from_trigger=True), triggers_render_templates()),
        (lambda: media("r", key="{{ x }}", deferrable=True, start_from_trigger=True), False),
    ],
)
def test_it_begins_there_only_where_that_can_work(make: Callable[[], TaskRun], begins: bool) -> None:
    sensor = make().operator
    assert sensor.start_from_trigger is begins
    assert (getattr(sensor, "start_trigger_args", None) is not None) is begins


def test_the_output_of_another_task_can_be_any_argument() -> None:
    from airflow.sdk import DAG, task

    @task
    def other() -> Any:
        return {}

    with DAG("waits", schedule=None):
        output: Any = other()
        sensors = [
            MediaStorageJobSensor(task_id="one", job_id=output, deferrable=True, start_from_trigger=True),
            MediaStorageJobSensor(task_id="all", filters=output, deferrable=True, start_from_trigger=True),
            MediaStorageJobSensor(task_id="of", resource=output, deferrable=True, start_from_trigger=True),
            MediaStorageMediaSensor(task_id="file", resource=output, key=output, deferrable=True),
        ]
    assert [sensor.upstream_task_ids for sensor in sensors] == [{"other"}] * 4
