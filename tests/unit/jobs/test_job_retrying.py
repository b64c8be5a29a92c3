"""When Airflow tries a task again: what the policy makes of each kind of failure."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_media.http.errors import InvalidRequestError, RateLimitedError, ServerFaultError
from airflow_media.jobs.compat import RetryDecision
from airflow_media.jobs.failures import MediaFailError, MediaRetryError
from airflow_media.jobs.retrying import MediaRetryPolicy, retry_arguments

pytestmark = pytest.mark.airflow


if RetryDecision is not None:

    def test_a_task_waits_for_as_long_as_the_service_asked() -> None:
        cause = RateLimitedError("too many requests", service="Pixop", retry_after=90.0)
        decision = MediaRetryPolicy().evaluate(MediaRetryError(str(cause), cause), 1, 3)
        assert decision == RetryDecision.retry(timedelta(seconds=90), "Pixop asked to wait for 0:01:30")

    @pytest.mark.parametrize(
        "exception",
        [
            MediaRetryError("out of order", ServerFaultError("out of order")),
            MediaRetryError("the wait gave up"),
            MediaFailError("wrong", InvalidRequestError("wrong", retry_after=5.0)),
            ValueError("of the DAG author's own"),
        ],
        ids=str,
    )
    def test_all_else_goes_by_the_task(exception: Exception) -> None:
        assert MediaRetryPolicy().evaluate(exception, 1, 3) == RetryDecision.default()


def test_a_dag_can_ask_for_it_on_every_airflow() -> None:
    from airflow.sdk import DAG, BaseOperator

    with DAG("archive", schedule=None, default_args=retry_arguments(4)):
        task = BaseOperator(task_id="upload")
    assert task.retries == 4
    policy = getattr(task, "retry_policy", None)
    assert isinstance(policy, MediaRetryPolicy) is (RetryDecision is not None)
