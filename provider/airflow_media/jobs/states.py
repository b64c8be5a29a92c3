"""What can be said of a remote job, whichever service runs it. Imports no Airflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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


@dataclass(frozen=True, slots=True)
class JobState:
    """One look at a job.

    :param phase: Where it stands.
    :param percent: How much of it is done, 0 to 100, where the service tells.
    :param reason: Why it failed, in the service's words.
    """

    phase: Phase
    percent: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """One kind of remote job, and how to look at it.

    :param name: Its name in trigger rows; part of what must stay the same between releases.
    :param noun: What a person calls it: ``"Pixop processing of video"``.
    :param observe: Flow that looks at one job, by id. "Not found" means that it is gone.
    :param cancel: Call or flow that stops a job, by id; does nothing for one that is gone. ``None``: cannot be stopped.
    :param observe_many: Flow that looks at many jobs in as few requests as the service allows. A job that is
        missing from its result is gone.
    """

    name: str
    noun: str
    observe: Callable[[str], Flow[JobState]]
    cancel: Callable[[str], Flow[Any] | Call[Any]] | None = None
    observe_many: Callable[[Sequence[str]], Flow[Mapping[str, JobState]]] | None = None


class Status(StrEnum):
    """How a wait ended."""

    DONE = "done"
    FAILED = "failed"
    GONE = "gone"
    TIMEOUT = "timeout"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Outcome:
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
