"""How failures reach Airflow: what cannot heal fails the task for good, what can is left to its retries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow_media.http.errors import MediaError
from airflow_media.jobs.compat import AirflowException, AirflowFailException
from airflow_media.jobs.states import Outcome, Status


class MediaFailError(AirflowFailException):
    """A fault that trying again cannot heal: the task fails without spending its retries.

    :param message: What happened and what to do.
    :param cause: The error of the service or the transfer, where there is one.
    """

    def __init__(self, message: str, cause: MediaError | None = None) -> None:
        super().__init__(message)
        self.cause = cause


class MediaRetryError(AirflowException):
    """A fault that may pass: the task goes by its retries.

    :param message: What happened.
    :param cause: The error of the service or the transfer; its ``retry_after`` tells how long the service asks to wait.
    """

    def __init__(self, message: str, cause: MediaError | None = None) -> None:
        super().__init__(message)
        self.cause = cause


class JobFailedError(MediaFailError):
    """The remote job ended in failure. Trying again would pay again, so that is left to a person."""


class JobGoneError(MediaFailError):
    """The remote job is not there any more: somebody deleted it."""


class JobTimeoutError(MediaFailError):
    """The remote job had not ended when the time-out of the task was reached."""


@contextmanager
def told() -> Iterator[None]:
    """Turn a :class:`MediaError` into an Airflow exception of the right kind, without a traceback from the depths."""
    try:
        yield
    except MediaError as error:
        kind = MediaRetryError if error.retryable else MediaFailError
        raise kind(str(error), error) from None


AGAIN = "Clear the task to have it done again, which the service may charge again."
"""What a person can do about a job of the task's own that came to nothing."""


def raise_for(outcome: Outcome, noun: str, *, cancelled: bool, again: str = "") -> None:
    """Raise the exception that an outcome calls for, if it calls for one.

    :param outcome: How the wait ended.
    :param noun: What a person calls the job.
    :param cancelled: Whether the job was stopped after a time-out.
    :param again: How a person has the job done again; empty: that is not for this task to say.
    :raises AirflowException: The job did not end well.
    """
    job = f"{noun} {outcome.job_id}"
    reason = outcome.reason.rstrip(".")
    match outcome.status:
        case Status.DONE:
            return
        case Status.FAILED:
            raise JobFailedError(
                f"{job} failed{': ' + reason if reason else ' and the service gives no reason'}. "
                f"Look at it at the service. {again}".rstrip()
            )
        case Status.GONE:
            raise JobGoneError(
                f"{job} is not there any more: somebody deleted it while this task waited"
                f"{' (' + reason + ')' if reason else ''}. {again}".rstrip()
            )
        case Status.TIMEOUT:
            then = "It was cancelled." if cancelled else "It goes on at the service."
            raise JobTimeoutError(f"{job}: {reason}. {then} Raise the task's timeout if it needs longer.")
        case Status.ERROR:
            kind = MediaRetryError if outcome.retryable else MediaFailError
            raise kind(f"Could not go on waiting for {job}: {reason}. It goes on at the service.")
