"""Element lists: the transcript word by word, with times. Page 'Element List Format' of the cielo24 API documentation.

All times are milliseconds from the start of the media.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from airflow_media.http.call import Answer
from airflow_media.http.document import Document


class Token(Struct, frozen=True):
    """A word, a mark of punctuation or a sound."""

    value: str
    start_time: int | None = None
    end_time: int | None = None
    type: str | None = None
    display_as: str | None = None
    tags: tuple[str, ...] = ()
    interpolated: bool | None = None

    @classmethod
    def read(cls, document: Document) -> Token:
        return cls(
            document.text("value") or "",
            document.integer("start_time"),
            document.integer("end_time"),
            document.text("type"),
            document.text("display_as"),
            document.texts("tags"),
            document.flag("interpolated"),
        )


class Sequence(Struct, frozen=True):
    """Tokens that belong together."""

    tokens: tuple[Token, ...]
    start_time: int | None = None
    end_time: int | None = None
    confidence_score: float | None = None
    interpolated: bool | None = None

    @classmethod
    def read(cls, document: Document) -> Sequence:
        return cls(
            tuple(Token.read(each) for each in document.objects("tokens")),
            document.integer("start_time"),
            document.integer("end_time"),
            document.number("confidence_score"),
            document.flag("interpolated"),
        )


class Segment(Struct, frozen=True):
    """One sentence of one speaker."""

    sequences: tuple[Sequence, ...]
    start_time: int | None = None
    end_time: int | None = None
    speaker_id: int | None = None
    speaker_change: bool | None = None
    interpolated: bool | None = None

    @classmethod
    def read(cls, document: Document) -> Segment:
        return cls(
            tuple(Sequence.read(each) for each in document.objects("sequences")),
            document.integer("start_time"),
            document.integer("end_time"),
            document.integer("speaker_id"),
            document.flag("speaker_change"),
            document.flag("interpolated"),
        )


class Speaker(Struct, frozen=True):
    """Somebody who speaks; number 0 stands for sounds."""

    id: int | None
    name: str | None = None
    gender: str | None = None

    @classmethod
    def read(cls, document: Document) -> Speaker:
        return cls(document.integer("id"), document.text("name"), document.text("gender"))


class ElementList(Struct, frozen=True):
    """A transcript word by word. ``keywords``, ``topics`` and ``entities`` are as the service sends them."""

    segments: tuple[Segment, ...]
    version: int | None = None
    start_time: int | None = None
    end_time: int | None = None
    language: str | None = None
    speakers: tuple[Speaker, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    topics: Mapping[str, Any] = field(default_factory=dict)
    entities: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, document: Document) -> ElementList:
        if not document.has("segments"):
            raise ValueError("segments is missing: this is not an element list")
        return cls(
            tuple(Segment.read(each) for each in document.objects("segments")),
            document.integer("version"),
            document.integer("start_time"),
            document.integer("end_time"),
            document.text("language"),
            tuple(Speaker.read(each) for each in document.objects("speakers")),
            dict(document.plain("keywords")),
            dict(document.plain("topics")),
            dict(document.plain("entities")),
        )


class ElementListVersion(Struct, frozen=True):
    """One version of the element list of a job."""

    iwp_name: str
    version: str

    @classmethod
    def read(cls, document: Document) -> ElementListVersion:
        return cls(document.text("iwp_name") or "", document.required("version"))


def versions(answer: Answer) -> tuple[ElementListVersion, ...]:
    """Read the list of versions, which is a bare array."""
    listed = answer.json()
    if not isinstance(listed, list):
        raise TypeError("the answer is not a list")
    return tuple(ElementListVersion.read(Document(each, f"[{index}]")) for index, each in enumerate(listed))
