"""What the waiting code sees of uploads and jobs."""

from __future__ import annotations

import logging

import pytest
from xvid_script import JOB, Script, job, listing, upload

from airflow_media.jobs.states import JobState, Phase
from airflow_media.xvid import kinds


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("UPLOADING", Phase.RUNNING),
        ("COMPLETING", Phase.RUNNING),
        ("COMPLETED", Phase.DONE),
        ("STORED", Phase.DONE),
        ("FAILED", Phase.FAILED),
    ],
)
def test_where_an_upload_stands(status: str, phase: Phase) -> None:
    assert Script(upload(status)).run(kinds.UPLOAD.look("1")).phase is phase


def test_an_upload_that_came_to_nothing_says_how() -> None:
    assert Script(upload("UPLOAD_FAILED")).run(kinds.UPLOAD.look("1")).reason == "Xvid reports the status UPLOAD_FAILED"


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("QUEUED", Phase.WAITING),
        ("PROCESSING", Phase.RUNNING),
        ("SUCCESS", Phase.DONE),
        ("FAILURE", Phase.FAILED),
        ("SUSPENDED", Phase.RUNNING),
    ],
)
def test_where_a_job_stands(status: str, phase: Phase) -> None:
    look = Script(job(status, percentage_completed=42.5)).run(kinds.JOB.look(JOB))
    assert look == JobState(phase, 42.5)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"error_code": "0x77", "error_msg": "no video stream"}, "0x77: no video stream"),
        ({"error_msg": "no video stream"}, "no video stream"),
        ({}, ""),
        ({"error_msg": "cannot read s3://AKIA:s3cr3t@eu/bucket/a.mp4"}, "cannot read s3://***@eu/bucket/a.mp4"),
    ],
)
def test_why_a_job_failed_is_told_without_the_login_of_its_input(fields: dict[str, str], reason: str) -> None:
    assert Script(job("FAILURE", **fields)).run(kinds.JOB.look(JOB)).reason == reason


def test_many_jobs_are_looked_at_together() -> None:
    ids = [f"job{number}" for number in range(20)]
    script = Script(listing("jobs", *({"id": job_id, "status": "PROCESSING"} for job_id in ids)))
    states = script.run(kinds.JOB.look_at_all(ids))
    assert states == {job_id: JobState(Phase.RUNNING) for job_id in ids}
    assert len(script.calls) == 1


def test_a_word_that_is_not_known_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        Script(job("HIBERNATING")).run(kinds.JOB.look(JOB))
        Script(upload("HIBERNATED")).run(kinds.UPLOAD.look("1"))
    assert caplog.text.count("HIBERNATING") == caplog.text.count("HIBERNATED") == 1


def test_a_job_can_be_cancelled_and_an_upload_cannot() -> None:
    assert kinds.JOB.cancel is not None
    assert kinds.UPLOAD.cancel is None
