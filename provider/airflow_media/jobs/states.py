"""What can be said of a remote job, whichever service runs it. Imports no Airflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from airflow_media.http.call import Call, Flow


class Phase(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"

    @property
    def active(self) -> bool:
        """Whether the job has not ended yet."""
        return self in (Phase.WAITING, Phase.RUNNING)


class JobState(Struct, frozen=True):
    """One look at a job.

    :param phase: Where it stands.
    :param percent: How much of it is done, 0 to 100, where the service tells.
    :param reason: Why it failed, in the service's words; while it runs, what it waits for, where that is a person.
    :param due_in: Seconds until the service itself expects its end; below 0 when that is past.
    """

    phase: Phase
    percent: float | None = None
    reason: str = ""
    due_in: float | None = None


class JobKind(Struct, frozen=True, kw_only=True):
    """One kind of remote job, and how to look at it.

    :param name: Its name in trigger rows; part of what must stay the same between releases.
    :param noun: What a person calls it: ``"Pixop processing of video"``.
    :param observe: Flow that looks at one job, by id. "Not found" means that it is gone.
    :param cancel: Call or flow that stops a job, by id; does nothing for one that is gone. ``None``: cannot be stopped.
    :param observe_many: Flow that looks at many jobs in as few requests as the service allows. A job that is
        missing from its result is gone.
    :param spread: For jobs that take hours to days: the longest pause between two looks, in seconds. Looks become rarer
        with the age of the wait, and frequent again around the time at which the service expects the end.
    :param options: Keyword arguments for the three functions, as JSON values: what a task asks beyond the id.
    """

    name: str
    noun: str
    observe: Callable[..., Flow[JobState]]
    cancel: Callable[..., Flow[Any] | Call[Any]] | None = None
    observe_many: Callable[..., Flow[Mapping[str, JobState]]] | None = None
    spread: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def with_options(self, options: Mapping[str, Any]) -> JobKind:
        """Give this kind with what a task asks beyond the id."""
        return replace(self, options=options) if options else self

    def look(self, job_id: str) -> Flow[JobState]:
        """Look at a job."""
        return self.observe(job_id, **self.options)

    def look_at_all(self, job_ids: Sequence[str]) -> Flow[Mapping[str, JobState]]:
        """Look at many jobs together; only where :attr:`observe_many` is set."""
        assert self.observe_many is not None
        return self.observe_many(job_ids, **self.options)

    def stop(self, job_id: str) -> Flow[Any] | Call[Any]:
        """Stop a job; only where :attr:`cancel` is set."""
        assert self.cancel is not None
        return self.cancel(job_id, **self.options)


class Status(StrEnum):
    """How a wait ended."""

    DONE = "done"
    FAILED = "failed"
    GONE = "gone"
    TIMEOUT = "timeout"
    ERROR = "error"


class Outcome(Struct, frozen=True):
    """The end of a wait: all that an event carries.

    :param status: How it ended.
    :param job_id: The job.
    :param reason: Why, for a person.
    :param retryable: For :attr:`Status.ERROR`: whether trying again later can help.
    """

    status: Status
    job_id: str
    reason: str = ""
    retryable: bool = False

    def event(self) -> dict[str, Any]:
        """Give the outcome as the payload of a trigger event."""
        return {
            "status": self.status.value,
            "job_id": self.job_id,
            "reason": self.reason,
            "retryable": self.retryable,
        }

    @classmethod
    def from_event(cls, event: Mapping[str, Any] | None) -> Outcome:
        """Read the payload of a trigger event, of this release or of an older one.

        :param event: The payload.
        """
        event = event or {}
        job_id = str(event.get("job_id", ""))
        try:
            status = Status(event.get("status", ""))
        except ValueError:
            return cls(Status.ERROR, job_id, f"the trigger sent an unknown event: {event!r}", retryable=True)
        return cls(status, job_id, str(event.get("reason", "")), bool(event.get("retryable")))
