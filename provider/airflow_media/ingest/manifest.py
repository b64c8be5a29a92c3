"""The record of an interval: which videos there were, what was made of each and where, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct, field, to_builtins
from msgspec.structs import replace

from airflow_media.http.document import Document
from airflow_media.http.errors import InvalidRequestError
from airflow_media.ingest.interval import Interval

VERSION = 1

State = Literal["done", "failed"]
STATES: Mapping[str, State] = {"done": "done", "failed": "failed"}


class Output(Struct, frozen=True):
    """A file that was made.

    :param uri: Where it is.
    :param size: Bytes.
    :param etag: The store's ETag.
    :param written_at: When it was written, as ISO 8601.
    :param checksum: The store's checksum, as ``CRC32:uB2VxA==``; ``None`` where it keeps none.
    """

    uri: str
    size: int
    etag: str
    written_at: str
    checksum: str | None = None


class Video(Struct, frozen=True):
    """What became of one source.

    :param source: Its URI.
    :param etag: Its ETag at that time.
    :param size: Its bytes.
    :param name: What it is called at the services and among the results: the name of the file and a short key.
    :param state: Whether all that was wanted is there.
    :param outputs: What was made, by step.
    :param ids: Ids at the services, by what they are.
    :param planned_at: When work on it was begun, as ISO 8601.
    :param ended_at: When it was over.
    :param failed: The tasks that failed.
    """

    source: str
    etag: str
    size: int
    name: str
    state: State
    outputs: Mapping[str, Output] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    planned_at: str = ""
    ended_at: str = ""
    failed: tuple[str, ...] = ()


class Manifest(Struct, frozen=True):
    """The record of an interval.

    :param label: What the interval is called.
    :param start: Its first moment, as ISO 8601 in UTC.
    :param end: The first moment after it.
    :param videos: Its videos, in the order in which they came to be known.
    :param dag_id: The DAG that wrote it last,
    :param run_id: and the run.
    :param written_at: When, as ISO 8601.
    """

    label: str
    start: str
    end: str
    videos: tuple[Video, ...] = ()
    dag_id: str = ""
    run_id: str = ""
    written_at: str = ""

    @classmethod
    def of(cls, interval: Interval) -> Manifest:
        """Begin the record of an interval."""
        return cls(interval.label, interval.start.isoformat(), interval.end.isoformat())

    @classmethod
    def from_json(cls, value: object) -> Manifest:
        """Read what :meth:`to_json` gave.

        :raises InvalidRequestError: It is something else, or of a later version.
        """
        try:
            document = Document(value)
            version = document.integer("version")
            if version != VERSION:
                raise ValueError(f"version is {version}, and this release reads {VERSION}")
            return cls(
                label=document.required("label"),
                start=document.required("start"),
                end=document.required("end"),
                videos=tuple(_video(each) for each in document.objects("videos")),
                dag_id=document.text("dag_id") or "",
                run_id=document.text("run_id") or "",
                written_at=document.text("written_at") or "",
            )
        except (TypeError, ValueError) as error:
            raise InvalidRequestError(f"this is no manifest: {error}") from None

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values."""
        return {"version": VERSION, **to_builtins(self)}

    def find(self, source: str) -> Video | None:
        """Give what became of a source, if it is known."""
        return next((video for video in self.videos if video.source == source), None)

    def with_videos(self, videos: Iterable[Video]) -> Manifest:
        """Take in what became of some sources: in the place of what was known of them, or at the end."""
        news = {video.source: video for video in videos}
        known = [news.pop(video.source, video) for video in self.videos]
        return replace(self, videos=(*known, *news.values()))


def _video(document: Document) -> Video:
    state = STATES.get(document.required("state"))
    if state is None:
        raise ValueError(f"{document.path('state')} is neither of {', '.join(STATES)}")
    outputs = document.required_object("outputs")
    return Video(
        source=document.required("source"),
        etag=document.required("etag"),
        size=document.integer("size") or 0,
        name=document.required("name"),
        state=state,
        outputs={step: _output(outputs.required_object(step)) for step in document.plain("outputs")},
        ids={name: str(value) for name, value in document.plain("ids").items()},
        planned_at=document.text("planned_at") or "",
        ended_at=document.text("ended_at") or "",
        failed=document.texts("failed"),
    )


def _output(document: Document) -> Output:
    return Output(
        uri=document.required("uri"),
        size=document.integer("size") or 0,
        etag=document.required("etag"),
        written_at=document.text("written_at") or "",
        checksum=document.text("checksum"),
    )
