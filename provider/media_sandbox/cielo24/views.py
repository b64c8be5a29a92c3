"""Jobs and tasks as the API shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from media_sandbox.cielo24.options import Cielo24Options
from media_sandbox.cielo24.records import Job, Task
from media_sandbox.cielo24.vocabulary import COMPLETE, RETURNED_FIDELITIES

LABELS: Final = {
    "notes": "Notes",
    "speaker_id": "Name the speakers",
    "return_iwp": "Interim versions to call back for",
    "generate_media_intelligence_iwp": "Interim versions with media intelligence",
    "custom_metadata": "Custom metadata",
    "customer_approval_steps": "Customer approval steps",
    "customer_approval_tool": "Customer approval tool",
    "enable_true_verbatim": "True verbatim",
    "first_pass_campaign": "First pass campaign",
    "audio_description": "Audio description",
    "on_screen_text": "On-screen text",
    "music_lyrics": "Music lyrics",
    "custom_special_handling": "Custom special handling",
}
"""What the options of an order are called for people."""


@dataclass(frozen=True)
class Dates:
    """How dates are written: without an offset, in a zone that only the options tell.

    :param unset: what stands for a date that is not known.
    """

    zone: tzinfo
    unset: str | None

    @classmethod
    def of(cls, options: Cielo24Options) -> Dates:
        """Return what the options say."""
        return cls(ZoneInfo(options.zone), None if options.null_for_unset else "")

    def write(self, moment: float | None) -> str | None:
        """Return a moment as ``YYYY-MM-DDTHH:MM:SS.ffffff``."""
        if moment is None:
            return self.unset
        return datetime.fromtimestamp(moment, self.zone).strftime("%Y-%m-%dT%H:%M:%S.%f")


def job_view(job: Job, dates: Dates) -> dict[str, Any]:
    """Return a job; priority and fidelity are left out until they are set."""
    length_ms = job.media.length_ms if job.media else None
    view = {
        "JobId": job.id,
        "JobName": job.name,
        "MediaLengthSeconds": dates.unset if length_ms is None else length_ms / 1000,
        "ExternalID": job.external_id,
        "Priority": job.priority,
        "Fidelity": RETURNED_FIDELITIES[job.fidelity] if job.fidelity else None,
        "JobStatus": job.status,
        "SourceLanguage": job.language,
        "TargetLanguage": job.target_language or job.language,
        "CreationDate": dates.write(job.created),
        "StartDate": dates.write(job.started),
        "DueDate": dates.write(job.due),
        "CompletedDate": dates.write(job.completed),
        "ReturnDate": dates.write(job.completed),
        "AuthorizationDate": dates.write(job.authorized),
        "JobDifficulty": difficulty(job),
        "ReturnTargets": {"url": [{"callback_url": job.callback_url}]} if job.callback_url else {},
        "Options": {name: {"label": LABELS[name], "setting": value} for name, value in job.options.items()},
    }
    ordered = ("Priority", "Fidelity")
    return {name: value for name, value in view.items() if value is not None or name not in ordered}


def difficulty(job: Job) -> str:
    """Return how hard the media were to transcribe, which nobody knows before."""
    return "Good" if job.status == COMPLETE else "Unknown"


def task_view(task: Task, dates: Dates) -> dict[str, Any]:
    """Return a task."""
    return {
        "TaskId": task.id,
        "TaskType": task.type,
        "TaskRequestTime": dates.write(task.requested),
        "TaskCompletionTime": dates.write(task.completed),
        "TaskInfo": task.info,
        "TaskStatus": task.status,
    }
