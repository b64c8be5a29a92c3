"""What Xvid MediaHub answers, as records.

Each record reads itself from a :class:`~airflow_media.http.document.Document` and holds what is of use to a workflow.
Pipelines keep their storage addresses to themselves: those have the keys of the storage in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from airflow_media.http.document import Document
from airflow_media.http.redact import Discreet

T = TypeVar("T")

MILLISECONDS = 10**11
"""An epoch time above this is in milliseconds: in seconds it would be the year 5138."""

UPLOADING = "UPLOADING"
UPLOAD_ACTIVE = frozenset({UPLOADING, "COMPLETING"})
"""Statuses of an upload whose file cannot be used yet: the two that are documented."""
UPLOAD_FAILURES = ("FAIL", "ERROR", "CANCEL")
"""Parts of the words for an upload that came to nothing. Any other word is taken for the end: it is not documented."""

JOB_WAITING, JOB_RUNNING, JOB_DONE, JOB_FAILED = "QUEUED", "PROCESSING", "SUCCESS", "FAILURE"
"""The documented statuses of a job; no other is known."""

_MD5 = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)


class TokenGrant(Discreet, frozen=True):
    """A token, and the seconds that it is good for where the service tells."""

    unsaid = ("token",)

    token: str
    life: float | None = None

    @classmethod
    def read(cls, document: Document) -> TokenGrant:
        # The life comes as a number or as a text.
        return cls(document.required("access_token"), document.number("expires_in"))


class UploadSession(Discreet, frozen=True, kw_only=True):
    """An upload that was begun ('POST /files/uploads'): where the file goes, and with which form.

    :param form_post_params: Fields of the form, to be sent unchanged: they are the key to the storage for half an hour.
    """

    unsaid = ("form_post_params",)

    id: str
    object_key: str
    form_post_url: str
    form_post_params: Mapping[str, str]
    status: str = UPLOADING
    pipeline_id: str | None = None
    file_id: str | None = None

    @classmethod
    def read(cls, document: Document) -> UploadSession:
        return cls(
            id=document.required("id"),
            object_key=document.required("object_key"),
            form_post_url=document.required("form_post_url"),
            form_post_params=_form_fields(document.plain("form_post_params")),
            status=document.text("status") or UPLOADING,
            pipeline_id=_reference(document, "pipeline"),
            file_id=_reference(document, "file"),
        )


class Upload(Struct, frozen=True, kw_only=True):
    """An upload ('PUT /files/uploads/ID', 'GET /files/uploads/ID')."""

    id: str
    status: str
    object_key: str | None = None
    pipeline_id: str | None = None
    file_id: str | None = None
    nb_chunks: int | None = None

    @classmethod
    def read(cls, document: Document) -> Upload:
        return cls(
            id=document.required("id"),
            status=document.required("status").upper(),
            object_key=document.text("object_key"),
            pipeline_id=_reference(document, "pipeline"),
            file_id=_reference(document, "file"),
            nb_chunks=document.integer("nb_chunks"),
        )

    @property
    def active(self) -> bool:
        """Whether the file cannot be used yet."""
        return self.status in UPLOAD_ACTIVE

    @property
    def failed(self) -> bool:
        """Whether it came to nothing."""
        return not self.active and any(part in self.status for part in UPLOAD_FAILURES)


class File(Struct, frozen=True, kw_only=True):
    """A file that Xvid keeps ('GET /files/ID'): an upload, an output, an archive of thumbnails."""

    id: str
    name: str | None = None
    title: str | None = None
    type: str | None = None
    subtype: str | None = None
    container: str | None = None
    mime_type: str | None = None
    size: int | None = None
    md5_checksum: str | None = None
    duration_ms: int | None = None
    pipeline_id: str | None = None
    job_id: str | None = None
    user_data: str | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None

    @classmethod
    def read(cls, document: Document) -> File:
        checksum = document.text("md5_checksum") or ""
        return cls(
            id=document.required("id"),
            name=document.text("name"),
            title=document.text("title"),
            type=document.text("type"),
            subtype=document.text("subtype"),
            container=document.text("container"),
            mime_type=document.text("mime_type"),
            size=document.integer("size"),
            md5_checksum=checksum.lower() if _MD5.fullmatch(checksum) else None,
            duration_ms=document.integer("duration"),
            pipeline_id=_reference(document, "pipeline"),
            job_id=_reference(document, "job"),
            user_data=document.text("user_data"),
            created_at=_moment(document, "created_at"),
            finished_at=_moment(document, "finished_at"),
            expires_at=_moment(document, "expires_at"),
        )


class JobOutput(Struct, frozen=True, kw_only=True):
    """One output of a job. Its file is there when the whole job has succeeded, whatever its own percentage says."""

    output_name: str
    file_id: str | None = None
    preset_id: str | None = None
    percent: float | None = None
    thumbnail_file_id: str | None = None

    @classmethod
    def read(cls, document: Document) -> JobOutput:
        return cls(
            output_name=document.text("output_name") or "",
            file_id=_reference(document, "file"),
            preset_id=_reference(document, "preset"),
            percent=document.number("percentage_completed"),
            thumbnail_file_id=_id_of(document.plain("thumbnail_zip").get("file")),
        )

    def record(self) -> dict[str, Any]:
        """Give what other tasks need of it, small enough for an XCom."""
        return {
            "output_name": self.output_name,
            "file_id": self.file_id,
            "thumbnail_file_id": self.thumbnail_file_id,
        }


class Job(Struct, frozen=True, kw_only=True):
    """A transcoding job ('GET /jobs/ID').

    :param user_data: As Xvid keeps it, with the mark of the task that submitted the job, if one did:
        see :func:`airflow_media.xvid.request.unmarked`.
    """

    id: str
    status: str
    percent: float | None = None
    outputs: tuple[JobOutput, ...] = ()
    pipeline_id: str | None = None
    output_prefix: str | None = None
    user_data: str | None = None
    error_code: str | None = None
    error_msg: str | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None

    @classmethod
    def read(cls, document: Document) -> Job:
        return cls(
            id=document.required("id"),
            status=document.required("status").upper(),
            percent=document.number("percentage_completed"),
            outputs=tuple(JobOutput.read(output) for output in document.objects("outputs")),
            pipeline_id=_reference(document, "pipeline"),
            output_prefix=document.text("output_prefix"),
            user_data=document.text("user_data"),
            error_code=document.text("error_code"),
            error_msg=document.text("error_msg"),
            created_at=_moment(document, "created_at"),
            finished_at=_moment(document, "finished_at"),
        )

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.status in {JOB_WAITING, JOB_RUNNING}


class Pipeline(Struct, frozen=True, kw_only=True):
    """A pipeline ('GET /pipelines/ID'), without the addresses of its storage and the URLs that it pings."""

    id: str
    name: str | None = None
    description: str | None = None
    cancel_timeout: int | None = None
    default_object_timeout: int | None = None

    @classmethod
    def read(cls, document: Document) -> Pipeline:
        return cls(
            id=document.required("id"),
            name=document.text("name"),
            description=document.text("description"),
            cancel_timeout=document.integer("cancel_timeout"),
            default_object_timeout=document.integer("default_object_timeout"),
        )


class Preset(Struct, frozen=True, kw_only=True):
    """A preset ('GET /presets/ID'): the id is what an output of a job names."""

    id: str
    name: str | None = None
    description: str | None = None
    extension: str | None = None
    container: str | None = None

    @classmethod
    def read(cls, document: Document) -> Preset:
        target = document.object("target_format")
        return cls(
            id=document.required("id"),
            name=document.text("name"),
            description=document.text("description"),
            extension=target.text("extension") if target else None,
            container=target.text("container") if target else None,
        )


class Page(Struct, Generic[T], frozen=True):
    """A part of a listing.

    :param items: What is on it, as far as it was to be read.
    :param listed: How many are on it, read or not.
    :param total: How many there are in all, where the service tells.
    """

    items: tuple[T, ...]
    listed: int
    total: int | None = None

    @classmethod
    def read(
        cls, document: Document, name: str, read: Callable[[Document], T], only: Container[str | None] | None = None
    ) -> Page[T]:
        """Read a listing.

        :param name: Plural name of what is listed.
        :param read: Reads one item.
        :param only: Ids of the items to read; default: all.
        """
        if not document.has(name):
            raise ValueError(f"{name} is missing")  # an answer about something else is no empty listing
        listed = document.objects(name)
        wanted = listed if only is None else [item for item in listed if item.text("id") in only]
        return cls(tuple(read(item) for item in wanted), len(listed), document.integer("total"))


def _form_fields(fields: Mapping[str, Any]) -> dict[str, str]:
    """Take the fields of a form, whatever they are called, also empty ones."""
    odd = [name for name, value in fields.items() if not isinstance(value, str | int) or isinstance(value, bool)]
    if odd or not fields:
        raise TypeError(f"form_post_params is {'not made of texts: ' + ', '.join(odd) if odd else 'missing or empty'}")
    return {name: str(value) for name, value in fields.items()}


def _reference(document: Document, name: str) -> str | None:
    """Give the id of ``{"id": ..., "href": ...}``, or of the whole object where the service was asked to expand it."""
    return _id_of(document.plain(name))


def _id_of(value: object) -> str | None:
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str) and found else None


def _moment(document: Document, name: str) -> datetime | None:
    """Give a time: Xvid answers in milliseconds since the epoch."""
    value = document.integer(name)
    if not value:
        return None
    try:
        return datetime.fromtimestamp(value / 1000 if value > MILLISECONDS else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
