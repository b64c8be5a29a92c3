"""What cielo24 answers, as records; each reads itself from a :class:`~airflow_media.http.document.Document`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from msgspec import Struct, field

from airflow_media.cielo24.vocabulary import AUTHORIZING, PENDING, RETURNED_FIDELITIES
from airflow_media.http.document import Document
from airflow_media.http.redact import Discreet


class JobReceipt(Struct, frozen=True):
    """A job that has been created."""

    job_id: str
    task_id: str | None = None

    @classmethod
    def read(cls, document: Document) -> JobReceipt:
        return cls(document.required("JobId"), document.text("TaskId"))


class Media(Discreet, frozen=True):
    """The media of a job. ``url`` is ``None`` for media that were uploaded."""

    unsaid = ("url",)  # it may hold a signature

    url: str | None = None

    @classmethod
    def read(cls, document: Document) -> Media:
        return cls(document.text("MediaUrl") or None)


class Job(Discreet, frozen=True, kw_only=True):
    """A job as job/info and job/list tell it.

    Dates are texts as the service writes them: they name no time zone (see :func:`moment`). What is empty, null or
    missing is ``None``.

    :param status: One of :data:`~airflow_media.cielo24.vocabulary.JOB_STATUSES`, or another word.
    :param fidelity: By the name under which it is ordered; the service tells two of them by another name.
    :param media_length_seconds: Known when the media have been looked into, some time after they were added.
    :param callback_urls: They may hold a login.
    :param options: What was ordered, as ``name -> {"label": ..., "setting": ...}``.
    :param username: Whose job it is; in listings only.
    """

    unsaid = ("callback_urls",)

    job_id: str
    job_name: str | None = None
    status: str = ""
    external_id: str | None = None
    fidelity: str | None = None
    priority: str | None = None
    source_language: str | None = None
    target_language: str | None = None
    media_length_seconds: float | None = None
    creation_date: str | None = None
    start_date: str | None = None
    due_date: str | None = None
    completed_date: str | None = None
    return_date: str | None = None
    authorization_date: str | None = None
    difficulty: str | None = None
    callback_urls: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    username: str | None = None

    @classmethod
    def read(cls, document: Document) -> Job:
        def text(*names: str) -> str | None:
            return document.text(*names) or None

        fidelity = text("Fidelity")
        return cls(
            job_id=document.required("JobId"),
            job_name=text("JobName"),
            status=text("JobStatus") or "",
            external_id=text("ExternalID", "ExternalId"),
            fidelity=RETURNED_FIDELITIES.get(fidelity, fidelity) if fidelity else None,
            priority=text("Priority"),
            source_language=text("SourceLanguage", "JobLanguage", "Language"),
            target_language=text("TargetLanguage"),
            media_length_seconds=document.number("MediaLengthSeconds"),
            creation_date=text("CreationDate", "CreationTime"),
            start_date=text("StartDate", "StartTime"),
            due_date=text("DueDate"),
            completed_date=text("CompletedDate", "CompletedTime"),
            return_date=text("ReturnDate"),
            authorization_date=text("AuthorizationDate"),
            difficulty=text("JobDifficulty"),
            callback_urls=_callback_urls(document),
            options=dict(document.plain("Options")),
            username=text("Username"),
        )

    @property
    def has_begun(self) -> bool:
        """Whether its transcription is certainly ordered: it is past the two states before that."""
        return self.status not in {"", AUTHORIZING, PENDING}

    @property
    def terms(self) -> tuple[object, ...]:
        """What an order of a transcription changes."""
        return self.fidelity, self.priority, self.target_language, self.due_date, self.callback_urls, self.options


class JobList(Struct, frozen=True):
    """A listing of jobs, the newest first; it has no pages."""

    username: str | None
    jobs: tuple[Job, ...]

    @classmethod
    def read(cls, document: Document) -> JobList:
        if not document.has("ActiveJobs"):
            # An empty listing would tell "there is no such job", and a second one would be made.
            raise ValueError("ActiveJobs is missing: this is not a listing of jobs")
        return cls(document.text("Username"), tuple(Job.read(each) for each in document.objects("ActiveJobs")))


def task_id(document: Document) -> str:
    """Read the id of the task that a call has begun."""
    return document.required("TaskId")


def moment(text: str | None, zone: tzinfo | None) -> datetime | None:
    """Read a date of the service.

    :param text: The date; usually without a time zone, and the service does not say which it means.
    :param zone: The zone that it means; ``None``: not known.
    :return: An aware time; ``None`` where there is no date, or none that can be placed in time.
    """
    try:
        when = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    if when.tzinfo is not None:
        return when
    return when.replace(tzinfo=zone) if zone is not None else None


def _callback_urls(document: Document) -> tuple[str, ...]:
    """Read ``ReturnTargets``; one of another shape tells none, since nothing is decided by it."""
    targets = document.plain("ReturnTargets").get("url")
    listed = targets if isinstance(targets, list) else []
    return tuple(str(each["callback_url"]) for each in listed if isinstance(each, dict) and each.get("callback_url"))
