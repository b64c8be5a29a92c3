"""What reaches Airflow of a fault: for good or for a retry, and in which words."""

from __future__ import annotations

import pytest

from airflow_media.http.errors import MediaError, NetworkFaultError, NotFoundError, RateLimitedError
from airflow_media.jobs.compat import AirflowException, AirflowFailException
from airflow_media.jobs.failures import (
    AGAIN,
    JobFailedError,
    JobGoneError,
    JobTimeoutError,
    MediaFailError,
    MediaRetryError,
    raise_for,
    told,
)
from airflow_media.jobs.states import Outcome, Status

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotFoundError("there is no such loaf", service="Bakery", operation="eat", subject="loaf 7"), MediaFailError),
        (NetworkFaultError("no answer"), MediaRetryError),
        (RateLimitedError("slow down", retry_after=5.0), MediaRetryError),
    ],
)
def test_what_may_pass_is_left_to_retries_and_what_may_not_fails_for_good(
    error: MediaError, kind: type[AirflowException]
) -> None:
    with pytest.raises(kind) as raised, told():
        raise error
    assert str(raised.value) == str(error)
    assert raised.value.cause is error  # type: ignore[attr-defined]
    assert raised.value.__suppress_context__, "a traceback from the depths says nothing to a DAG author"
    assert isinstance(raised.value, AirflowFailException) is not error.retryable


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(ZeroDivisionError), told():
        raise ZeroDivisionError


def test_a_job_that_is_done_raises_nothing() -> None:
    raise_for(Outcome(Status.DONE, "7"), "Bakery loaf", cancelled=False)


@pytest.mark.parametrize(
    ("outcome", "cancelled", "kind", "words"),
    [
        (Outcome(Status.FAILED, "7", "burnt."), False, JobFailedError, "Bakery loaf 7 failed: burnt. Look at it"),
        (Outcome(Status.FAILED, "7"), False, JobFailedError, "failed and the service gives no reason"),
        (Outcome(Status.GONE, "7", "eaten"), False, JobGoneError, r"somebody deleted it .* \(eaten\)\.$"),
        (Outcome(Status.TIMEOUT, "7", "too slow"), True, JobTimeoutError, "too slow. It was cancelled. Raise"),
        (Outcome(Status.TIMEOUT, "7", "too slow"), False, JobTimeoutError, "too slow. It goes on at the service"),
        (Outcome(Status.ERROR, "7", "no bread", True), False, MediaRetryError, "no bread. It goes on at the service"),
        (Outcome(Status.ERROR, "7", "no bread", False), False, MediaFailError, "no bread. It goes on at the service"),
    ],
)
def test_each_end_has_an_exception_of_its_own_that_says_what_to_do(
    outcome: Outcome, cancelled: bool, kind: type[AirflowException], words: str
) -> None:
    with pytest.raises(kind, match=words) as raised:
        raise_for(outcome, "Bakery loaf", cancelled=cancelled)
    assert type(raised.value) is kind
    assert ".." not in str(raised.value)


@pytest.mark.parametrize("status", [Status.FAILED, Status.GONE])
def test_who_has_the_job_done_is_told_how_to_have_it_done_again(status: Status) -> None:
    with pytest.raises(AirflowFailException, match=r"\. Clear the task"):
        raise_for(Outcome(status, "7"), "Bakery loaf", cancelled=False, again=AGAIN)


@pytest.mark.parametrize("kind", [JobFailedError, JobGoneError, JobTimeoutError])
def test_an_end_of_the_job_spends_no_retries(kind: type[AirflowException]) -> None:
    assert issubclass(kind, AirflowFailException)
