"""What a status means, and when a wait is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from media_storage_script import (
    JOB_ID,
    Script,
    document,
    job_document,
    media_document,
    refusal,
    single,
    values,
)

from airflow_media.http.errors import InvalidRequestError, NotFoundError, ProtocolError
from airflow_media.jobs.states import JobState, Phase
from airflow_media.media_storage.kinds import JOB, MATCHING, MEDIA, Rules, _warn
from airflow_media.media_storage.models import Job
from airflow_media.media_storage.service import StorageSettings

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
USUAL = Rules.of(StorageSettings())


def job(**attributes: Any) -> Job:
    return Job(**{"id": JOB_ID, "status": "running", **attributes})


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("completed", Phase.DONE),
        ("done", Phase.DONE),
        ("errored", Phase.FAILED),
        ("failed", Phase.FAILED),
        ("error", Phase.FAILED),
        ("cancelled", Phase.FAILED),
        ("canceled", Phase.FAILED),
        ("pending", Phase.WAITING),
        ("running", Phase.RUNNING),
        ("paused", Phase.RUNNING),
        ("Completed", Phase.RUNNING),
    ],
)
def test_only_the_status_tells_the_end(status: str, phase: Phase) -> None:
    for attributes in ({}, {"progress": 1.0}, {"progress": 0.0, "error": "an old failure"}):
        assert USUAL.judge(job(status=status, **attributes), NOW).phase is phase


def test_progress_is_told_and_never_trusted() -> None:
    assert USUAL.judge(job(progress=1.0), NOW) == JobState(Phase.RUNNING, 100.0)
    assert USUAL.judge(job(status="pending", progress=0.0), NOW) == JobState(Phase.WAITING, 0.0)


def test_why_a_job_failed_is_told_with_its_status_and_text() -> None:
    assert USUAL.judge(job(status="errored", error="no\nspace " * 200), NOW).reason.startswith(
        "its status is errored: no space no space"
    )
    assert len(USUAL.judge(job(status="errored", error="x" * 9000), NOW).reason) < 400
    assert USUAL.judge(job(status="errored"), NOW).reason == "its status is errored"


def test_a_job_without_a_status_is_none() -> None:
    with pytest.raises(ProtocolError, match="no status"):
        USUAL.judge(job(status=None), NOW)


def test_the_connection_says_what_statuses_mean_and_the_task_says_it_louder() -> None:
    settings = StorageSettings(success_statuses=frozenset({"ready"}), failure_statuses=frozenset({"dead"}))
    of_connection = Rules.of(settings)
    assert of_connection.judge(job(status="ready"), NOW).phase is Phase.DONE
    assert of_connection.judge(job(status="dead"), NOW).phase is Phase.FAILED
    assert of_connection.judge(job(status="completed"), NOW).phase is Phase.RUNNING
    of_task = Rules.of(settings, success_statuses=["errored"], failure_statuses=["ready"])
    assert of_task.judge(job(status="errored"), NOW).phase is Phase.DONE
    assert of_task.judge(job(status="ready"), NOW).phase is Phase.FAILED


def test_an_unknown_status_is_warned_of_once_or_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    _warn.cache_clear()
    for _ in range(3):
        USUAL.judge(job(status="paused"), NOW)
    assert [record.getMessage() for record in caplog.records if "'paused'" in record.getMessage()] == [
        "Media storage: jobs have the status 'paused', which is not known, and are waited for. Name it in "
        "success_statuses or failure_statuses of the connection if it is an end."
    ]
    strict = Rules.of(StorageSettings(), fail_on_unknown=True)
    assert strict.judge(job(status="paused"), NOW).phase is Phase.FAILED
    assert strict.judge(job(status="pending"), NOW).phase is Phase.WAITING


@pytest.mark.parametrize(
    ("status", "age", "phase"),
    [("running", 59, Phase.RUNNING), ("running", 61, Phase.FAILED), ("pending", 61, Phase.WAITING)],
)
def test_a_job_that_has_begun_and_stands_still_can_count_as_failed(status: str, age: int, phase: Phase) -> None:
    rules = Rules.of(StorageSettings(), stall_timeout=60.0)
    state = rules.judge(job(status=status, updated_at=NOW - timedelta(seconds=age)), NOW)
    assert state.phase is phase
    if phase is Phase.FAILED:
        assert state.reason == "it has been running without a change for 61 s"
    assert USUAL.judge(job(status=status, updated_at=NOW - timedelta(days=9)), NOW).phase.active
    assert rules.judge(job(status=status), NOW).phase.active


# The kinds


def test_a_job_is_asked_for_in_few_bytes() -> None:
    script = Script(single(job_document(status="completed")))
    assert script.run(JOB.look(JOB_ID)) == JobState(Phase.DONE)
    assert values(script.calls[0], "fields[media:jobs][]") == ["status", "progress", "error", "updated_at"]


def test_a_job_that_is_not_there_is_gone() -> None:
    with pytest.raises(NotFoundError):
        Script(refusal(404)).run(JOB.look(JOB_ID))
    assert Script(document()).run(JOB.look_at_all([JOB_ID])) == {}


def test_many_jobs_are_looked_at_together_by_the_rules_of_the_task() -> None:
    other = str(UUID(int=1))
    script = Script(document(job_document(status="ready"), job_document(other, status="errored")))
    states = script.run(JOB.with_options({"success_statuses": ["ready"]}).look_at_all([JOB_ID, other]))
    assert {job_id: state.phase for job_id, state in states.items()} == {JOB_ID: Phase.DONE, other: Phase.FAILED}
    assert values(script.calls[0], "fields[media:jobs][]") == ["status", "progress", "error", "updated_at"]


@pytest.mark.parametrize(
    ("statuses", "phase", "reason"),
    [
        ([], Phase.WAITING, "there is no such job yet"),
        (["pending", "pending"], Phase.WAITING, "0 of 2 jobs have ended"),
        (["completed", "pending"], Phase.RUNNING, "1 of 2 jobs have ended"),
        (["running", "pending"], Phase.RUNNING, "0 of 2 jobs have ended"),
        (["completed", "done"], Phase.DONE, ""),
        (["completed", "errored"], Phase.FAILED, f"job {UUID(int=1)}, its status is errored"),
        (["errored", "errored"], Phase.FAILED, f"job {UUID(int=0)}, its status is errored, and 1 more"),
        (["running", "errored"], Phase.FAILED, f"job {UUID(int=1)}, its status is errored"),
    ],
)
def test_all_jobs_that_match_must_be_done_and_one_must_be_there(statuses: list[str], phase: Phase, reason: str) -> None:
    jobs = [job_document(str(UUID(int=number)), status=status) for number, status in enumerate(statuses)]
    script = Script(document(*jobs))
    kind = MATCHING.with_options({"filters": {"job_class": "Processor::Job"}, "resource": None})
    assert script.run(kind.look("all")) == JobState(phase, reason=reason)
    assert script.asked_for("filter[job_class]") == ["Processor::Job"]


def test_a_resource_is_compared_here() -> None:
    jobs = [job_document(status="completed"), job_document(str(UUID(int=1)), arguments={"resource": "else"})]
    kind = MATCHING.with_options({"filters": {}, "resource": "46df.mov"})
    assert Script(document(*jobs)).run(kind.look("all")).phase is Phase.DONE


def test_a_filter_that_is_unknown_is_refused_here() -> None:
    kind = MATCHING.with_options({"filters": {"statuz": "x"}})
    with pytest.raises(InvalidRequestError, match="statuz"):
        Script().run(kind.look("all"))


def test_a_file_is_waited_for_until_it_is_there() -> None:
    script = Script(refusal(404))
    assert script.run(MEDIA.with_options({"key": "k"}).look("r")) == JobState(Phase.WAITING)
    assert script.asked == ["GET /medias/info/r/k"]
    assert Script(single(media_document())).run(MEDIA.look("r")) == JobState(Phase.DONE)
