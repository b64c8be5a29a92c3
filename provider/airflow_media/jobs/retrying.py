"""When Airflow tries a task again: after as long as the service asked for, where it did."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_media.jobs.compat import RetryDecision, RetryPolicy
from airflow_media.jobs.failures import MediaRetryError

if TYPE_CHECKING:
    from airflow.sdk import Context


class MediaRetryPolicy(RetryPolicy):
    """Lets a task wait for as long as the service asked before it is tried again (Airflow 3.3 and later).

    A service that is overloaded says with ``Retry-After`` when to come back. Short waits are spent inside of the try;
    this policy is for those that are longer than a try may last. All other passing faults are tried again after the
    task's own ``retry_delay``; permanent ones are not tried again in any case.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide on a failure.

        :param exception: What the task failed with.
        :param try_number: The try that failed, from 1.
        :param max_tries: Most tries.
        :param context: The task's context.
        """
        cause = exception.cause if isinstance(exception, MediaRetryError) else None
        if cause is None or cause.retry_after is None:
            return RetryDecision.default()
        asked = timedelta(seconds=cause.retry_after)
        return RetryDecision.retry(asked, f"{cause.service or 'The service'} asked to wait for {asked}")


def retry_arguments(retries: int = 3) -> dict[str, Any]:
    """Give the arguments about retries for ``default_args`` of a DAG: the policy is left out before Airflow 3.3.

    :param retries: How often a task is tried again.
    """
    return {"retries": retries} | ({} if RetryDecision is None else {"retry_policy": MediaRetryPolicy()})
