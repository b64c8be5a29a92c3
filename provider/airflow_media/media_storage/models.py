"""What the storage answers, as records: jobs, media, and pages of either.

Attributes are tolerant: one that a sparse request left out, or that cannot be read, is ``None``. Types and ids decide
what happens next and must be there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from msgspec import Struct, field, to_builtins

from airflow_media.http.call import Answer
from airflow_media.http.document import Document

T = TypeVar("T")

ORIGINAL = ""
"""The key of the file as it was uploaded; a resource without a key means the same."""

_ZONE = re.compile(r" ?(?:UTC|GMT|(?P<offset>[+-]\d\d:?\d\d))$")


class Record(Protocol):
    """A resource object of the service."""

    TYPE: ClassVar[str]

    @property
    def id(self) -> str:
        """Its id."""

    @classmethod
    def read(cls, document: Document) -> Self:
        """Read it from a resource object."""


R = TypeVar("R", bound=Record)


class Job(Struct, frozen=True, kw_only=True):
    """A ``media:jobs``: work that the storage does on its own accord.

    :param progress: From 0 to 1. It falls back to 0 at a retry and stands at 1 before the end: no sign of completion.
    :param error: Text of the last failure; a job that ended well may have one, and one that failed may have none.
    :param unicity: What keeps a second job of the same kind from being made.
    """

    TYPE: ClassVar[str] = "media:jobs"

    id: str
    job_class: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    priority: int | None = None
    status: str | None = None
    progress: float | None = None
    retry_count: int | None = None
    error: str | None = None
    unicity: str | None = None
    scheduled_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @classmethod
    def read(cls, document: Document) -> Job:
        attributes = document.required_object("attributes")
        return cls(
            id=document.required("id"),
            job_class=attributes.text("job_class"),
            arguments=attributes.plain("arguments"),
            priority=attributes.integer("priority"),
            status=attributes.text("status"),
            progress=attributes.number("progress"),
            retry_count=attributes.integer("retry_count"),
            error=attributes.text("error"),
            unicity=attributes.text("unicity"),
            scheduled_at=moment(attributes.text("scheduled_at")),
            created_at=moment(attributes.text("created_at")),
            updated_at=moment(attributes.text("updated_at")),
        )

    @property
    def resource(self) -> str | None:
        """The resource that it works on, where its arguments name one."""
        named = self.arguments.get("resource")
        return named if isinstance(named, str) else None

    @property
    def percent(self) -> float | None:
        """Its progress from 0 to 100."""
        return None if self.progress is None else 100.0 * min(max(self.progress, 0.0), 1.0)

    def plain(self) -> dict[str, Any]:
        """Give id and attributes as JSON values, times as RFC 3339 text."""
        values: dict[str, Any] = to_builtins(self)
        return values


class Media(Struct, frozen=True, kw_only=True):
    """A ``media:medias``: one file, named by its resource and key; there is one at most of each pair.

    :param id: An id of the storage's own making, which no other operation takes.
    :param key: Which variant of the resource it is; :data:`ORIGINAL`: the file as it was uploaded.
    :param size: Bytes.
    :param created_by: Who uploaded it; ``None`` for what a job made.
    :param meta: What the service found out about the file; older releases of it have none.
    """

    TYPE: ClassVar[str] = "media:medias"

    id: str
    resource: str | None = None
    key: str | None = None
    filename: str | None = None
    size: int | None = None
    mime_type: str | None = None
    created_by: str | None = None
    created_role: str | None = None
    public: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    project_id: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, document: Document) -> Media:
        attributes = document.required_object("attributes")
        resource = attributes.text("resource")
        return cls(
            id=document.required("id"),
            resource=resource,
            # A key that is null is that of the original; one that was not asked for is unknown.
            key=attributes.text("key") or (ORIGINAL if resource is not None else None),
            filename=attributes.text("filename"),
            size=attributes.integer("size"),
            mime_type=attributes.text("mime_type"),
            created_by=attributes.text("created_by"),
            created_role=attributes.text("created_role"),
            public=attributes.flag("public"),
            created_at=moment(attributes.text("created_at")),
            updated_at=moment(attributes.text("updated_at")),
            project_id=attributes.text("project_id"),
            meta=attributes.plain("meta"),
        )

    def plain(self) -> dict[str, Any]:
        """Give id and attributes as JSON values, times as RFC 3339 text; without ``meta``, which may be large."""
        values: dict[str, Any] = to_builtins(self)
        del values["meta"]
        return values


class Page(Struct, Generic[T], frozen=True):
    """A page of a listing. The service gives no links: whether there is another page, only its length tells.

    :param items: What it holds.
    :param count: How many there are up to the end of the 1,000 items from this page's first one on, where that was
        asked for: a total only where ``more`` is ``False``.
    :param more: Whether there are more than ``count``.
    """

    items: tuple[T, ...]
    count: int | None = None
    more: bool | None = None

    @property
    def total(self) -> int | None:
        """How many there are in all; ``None`` where this page does not tell.

        A page past the end counts everything before itself, there or not.
        """
        return self.count if self.items and self.more is False else None


class Uploaded(Struct, frozen=True):
    """What came of an upload. Newer services answer with several media, or with what they would not take.

    :param medias: The media that were made.
    :param refused: Names and reasons of what was not taken, in words.
    """

    medias: tuple[Media, ...]
    refused: tuple[str, ...] = ()

    @classmethod
    def of(cls, answer: Answer) -> Uploaded:
        """Read the answer to an upload."""
        document = Document(answer.json())
        meta = document.object("meta")
        refused = [*meta.objects("skipped"), *meta.objects("errored")] if meta else []
        words = tuple(f"{each.text('filename') or 'a file'}: {each.text('message') or 'no reason'}" for each in refused)
        data = answer.json().get("data", ...)
        if data is ... and not words:
            raise ValueError("data is missing: this is not a document")
        single = isinstance(data, Mapping)
        found = [document.required_object("data")] if single else document.objects("data")
        return cls(tuple(_typed(Media, each) for each in found), words)


def one(record: type[R]) -> Callable[[Answer], R]:
    """Make a reader of documents that hold one resource object."""
    return lambda answer: _typed(record, Document(answer.json()).required_object("data"))


def many(record: type[R]) -> Callable[[Answer], Page[R]]:
    """Make a reader of documents that hold a collection."""

    def read(answer: Answer) -> Page[R]:
        document = Document(answer.json())
        if not document.has("data"):
            # An empty collection would tell "there is no such job", and somebody would act upon that.
            raise ValueError("data is missing: this is not a collection")
        meta = document.object("meta")
        items = tuple(_typed(record, each) for each in document.objects("data"))
        return Page(items, meta.integer("count") if meta else None, meta.flag("more") if meta else None)

    return read


def moment(text: str | None) -> datetime | None:
    """Read a time: RFC 3339, or as the service prints it, ``2026-01-01 00:00:00 +0000`` or ``... UTC``.

    :param text: The time; without a zone it is UTC.
    :return: An aware time in UTC, or ``None`` where it cannot be read.
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(_ZONE.sub(lambda zone: zone["offset"] or "+00:00", text.strip()))
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _typed(record: type[R], document: Document) -> R:
    found = document.required("type")
    if found != record.TYPE:
        raise ValueError(f"{document.path('type')} is {found!r} and not {record.TYPE!r}")
    return record.read(document)
