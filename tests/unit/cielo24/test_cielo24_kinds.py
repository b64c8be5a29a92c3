"""How a job is seen by whoever waits for it, and how often it is looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum
import pytest
from cielo24_script import JOB, Script, job, job_document, refusal, task

from airflow_media.cielo24.kinds import SPREAD, TRANSCRIPTION, state_of
from airflow_media.cielo24.models import Job
from airflow_media.cielo24.service import TOKEN_IDLE, Cielo24Settings
from airflow_media.http.auth import DEFAULT_LEAD
from airflow_media.http.document import Document
from airflow_media.http.errors import NotFoundError
from airflow_media.jobs.progress import ProgressLog
from airflow_media.jobs.states import Outcome, Phase, Status
from airflow_media.jobs.watch import Watch

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
IN_UTC = Cielo24Settings(pendulum.timezone("UTC"))


def seen(status: str, settings: Cielo24Settings | None = None, **keys: Any) -> Any:
    return state_of(Job.read(Document(job_document(status, **keys))), settings, NOW)


@pytest.mark.parametrize(
    ("status", "phase", "told"),
    [
        ("Authorizing", Phase.WAITING, "somebody to authorize it at cielo24"),
        ("Pending", Phase.WAITING, ""),
        ("In Process", Phase.RUNNING, ""),
        ("Reviewing", Phase.RUNNING, "somebody to approve the transcript"),
        ("Complete", Phase.DONE, ""),
        ("Media Failure", Phase.FAILED, "could not get the media or could not read them"),
        ("Something New", Phase.RUNNING, "the status 'Something New', which is unknown here"),
        ("", Phase.RUNNING, "the status ''"),
    ],
)
def test_each_status_is_told_with_what_a_person_has_to_do(status: str, phase: Phase, told: str) -> None:
    state = seen(status)
    assert state.phase is phase
    assert told in state.reason
    assert bool(state.reason) is bool(told)
    assert state.percent is None


@pytest.mark.parametrize(
    ("settings", "due", "due_in"),
    [
        (IN_UTC, "2026-01-15T14:00:00.000000", 7200.0),
        (IN_UTC, "2026-01-15T11:00:00.000000", -3600.0),
        (Cielo24Settings(pendulum.timezone("America/Los_Angeles")), "2026-01-15T06:00:00.000000", 7200.0),
        (Cielo24Settings(), "2026-01-15T14:00:00.000000", None),
        (None, "2026-01-15T14:00:00.000000", None),
        (None, "2026-01-15T14:00:00+00:00", 7200.0),
        (IN_UTC, "", None),
        (IN_UTC, "tomorrow", None),
    ],
)
def test_the_due_date_counts_only_where_its_zone_is_known(
    settings: Cielo24Settings | None, due: str, due_in: float | None
) -> None:
    assert seen("In Process", settings, DueDate=due).due_in == due_in


def test_the_due_date_of_a_job_that_has_ended_does_not_matter() -> None:
    assert seen("Complete", IN_UTC, DueDate="2026-01-15T14:00:00.000000").due_in is None


def test_a_look_is_one_request_and_knows_what_the_connection_says() -> None:
    script = Script(job("In Process", DueDate="2999-01-01T00:00:00.000000"), settings=IN_UTC)
    assert (script.run(TRANSCRIPTION.look(JOB)).due_in or 0) > 0
    assert script.asked == ["GET /api/job/info"]
    assert Script(job("Pending")).run(TRANSCRIPTION.look(JOB)).phase is Phase.WAITING
    with pytest.raises(NotFoundError):
        Script(refusal("ITEM_NOT_FOUND")).run(TRANSCRIPTION.look(JOB))


def test_a_job_is_stopped_by_deleting_it() -> None:
    script = Script(task())
    script.run(TRANSCRIPTION.stop(JOB))
    assert script.asked == ["GET /api/job/delete"]
    Script(refusal("ITEM_NOT_FOUND")).run(TRANSCRIPTION.stop(JOB))


class Days:
    """A wait in a time of its own.

    :param length: Seconds until the job is complete.
    :param due: Seconds until it is due; ``None``: not known.
    """

    def __init__(self, length: float, due: float | None) -> None:
        self.now = 0.0
        self.looks: list[float] = []
        self.pauses: list[tuple[float, float]] = []
        self.lines: list[str] = []
        watch = Watch(
            kind=TRANSCRIPTION,
            job_id=JOB,
            interval=60.0,
            deadline=None,
            progress=ProgressLog(self.lines.append, clock=lambda: self.now),
            wall=lambda: self.now,
            jitter=lambda low, high: (low + high) / 2,
        )
        self.outcome: Outcome | None = None
        while self.outcome is None:
            pause = watch.pause()
            self.pauses.append((self.now, pause))
            self.now += pause
            self.looks.append(self.now)
            keys = {"DueDate": (NOW + timedelta(seconds=due)).isoformat()} if due is not None else {}
            document = job_document("Complete" if self.now >= length else "In Process", **keys)
            at = NOW + timedelta(seconds=self.now)
            self.outcome = watch.seen(state_of(Job.read(Document(document)), IN_UTC, at))


DAY = 86400.0


@pytest.mark.parametrize("due", [None, 2 * DAY, 3 * DAY, 3.5 * DAY])
def test_a_wait_of_three_days_costs_tens_of_requests(due: float | None) -> None:
    wait = Days(3 * DAY, due)
    assert wait.outcome == Outcome(Status.DONE, JOB)
    logins = sum(pause > TOKEN_IDLE - DEFAULT_LEAD for _, pause in wait.pauses)
    assert len(wait.looks) + logins <= 100
    assert wait.looks[-1] - 3 * DAY < 1.1 * SPREAD


def test_a_job_that_ends_when_it_is_due_is_seen_within_minutes() -> None:
    wait = Days(2 * DAY, 2 * DAY)
    assert wait.looks[-1] - 2 * DAY < 300


def test_a_job_of_minutes_is_seen_within_minutes() -> None:
    wait = Days(600.0, None)
    assert wait.looks[-1] - 600 < 180
