"""A video in full, with the states of its upload, ingestion and processing.

Sections 'Retrieve video item details', 'Check progress of a video currently being processed' and 'Check progress of
a video currently being ingested' of the Pixop API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from airflow_media.http.document import Document
from airflow_media.pixop.models import Phase


class State(Struct, frozen=True):
    """A status and when it was last looked at.

    :param status: The service's own word.
    :param updated_at: When it was set.
    :param percent: Progress, 0 to 100. 100 is not yet done: only the phase tells.
    """

    status: str | None = None
    updated_at: datetime | None = None
    percent: float | None = None

    @property
    def phase(self) -> Phase:
        """What the status means."""
        return Phase.of(self.status)

    @classmethod
    def read(cls, document: Document | None, key: str) -> State:
        """Read a state; one that is missing has not begun."""
        if document is None:
            return cls()
        return cls(document.text(key), document.time("updatedAt"), document.number("processingProgressPercent"))


class IngestionState(State, frozen=True):
    """A :class:`State` of an ingestion.

    :param metadata_available: Whether first metadata are there; processing still waits for the phase ``DONE``.
    :param metadata_committed: Whether all metadata are final.
    """

    metadata_available: bool | None = None
    metadata_committed: bool | None = None

    @classmethod
    def read(cls, document: Document | None, key: str = "ingestionStatus") -> IngestionState:
        if document is None:
            return cls()
        return cls(
            document.text(key),
            document.time("updatedAt"),
            document.number("processingProgressPercent"),
            document.flag("videoMetadataAvailable"),
            document.flag("videoMetadataCommitted"),
        )


class ProcessState(Struct, frozen=True):
    """How far a processing job is; ``video_id`` is the processed video's."""

    video_id: str
    project_id: str | None
    state: State

    @property
    def phase(self) -> Phase:
        """What the status means."""
        return self.state.phase

    @classmethod
    def read(cls, document: Document) -> ProcessState:
        state = State.read(document.object("processingState"), "processingStatus")
        return cls(document.required("videoId"), document.text("projectId"), state)


class IngestState(Struct, frozen=True):
    """How far an ingestion is; ``video_id`` is the original's."""

    video_id: str
    project_id: str | None
    state: IngestionState

    @property
    def phase(self) -> Phase:
        """What the status means."""
        return self.state.phase

    @classmethod
    def read(cls, document: Document) -> IngestState:
        state = IngestionState.read(document.object("ingestionState"))
        return cls(document.required("videoId"), document.text("projectId"), state)


class Upload(Struct, frozen=True, kw_only=True):
    """The file that was uploaded; ``file_size`` in bytes."""

    state: State = field(default_factory=State)
    finished: bool | None = None
    file_name: str | None = None
    file_size: int | None = None
    file_type: str | None = None
    container_name: str | None = None

    @classmethod
    def read(cls, document: Document) -> Upload:
        return cls(
            state=State.read(document.object("uploadState"), "uploadStatus"),
            finished=document.flag("hasFinishedUploading"),
            file_name=document.text("fileName", "filename"),
            file_size=document.integer("fileSize"),
            file_type=document.text("fileType"),
            container_name=document.text("fileContainerName"),
        )


class PixelFormat(Struct, frozen=True):
    """A pixel format: FFmpeg's name, chroma subsampling such as ``4:2:0``, bits per pixel."""

    name: str | None = None
    chroma: str | None = None
    bits: int | None = None

    @classmethod
    def read(cls, document: Document | None) -> PixelFormat:
        chroma = document.object("chromaSubsampling") if document else None
        return cls(
            document.text("name") if document else None,
            chroma.text("yuv") if chroma else None,
            chroma.integer("bits") if chroma else None,
        )


class Scanning(Struct, frozen=True):
    """How frames are scanned: ``progressive`` or ``interlaced``, and ``top_field`` or ``bottom_field`` first."""

    type: str | None = None
    field_order: str | None = None

    @classmethod
    def read(cls, document: Document | None) -> Scanning | None:
        if document is None:
            return None
        order = (document.text("interlacedFieldOrder") or "").strip().lower()
        # Answers may say top_first where requests say top_field.
        return cls(_word(document, "scanningType"), order.replace("_first", "_field") or None)


class VideoMetadata(Struct, frozen=True, kw_only=True):
    """What ingestion found in a file.

    Sizes are bytes, ``duration_ms`` milliseconds, ``frame_rate`` frames per second. ``scanning_told`` comes from the
    container, ``scanning_seen`` from the analysis that only a full ingestion makes.
    """

    container_name: str | None = None
    long_container_name: str | None = None
    codec_name: str | None = None
    long_codec_name: str | None = None
    pixel_format: PixelFormat = field(default_factory=PixelFormat)
    frame_width: int | None = None
    frame_height: int | None = None
    scanning_told: Scanning | None = None
    scanning_seen: Scanning | None = None
    frame_rate: float | None = None
    duration_ms: int | None = None
    total_frames: int | None = None
    size: int | None = None
    video_stream_size: int | None = None

    @property
    def interlaced(self) -> bool:
        """Whether the container or the analysis says that frames are made of two fields."""
        return any(each is not None and each.type == "interlaced" for each in (self.scanning_told, self.scanning_seen))

    @classmethod
    def read(cls, document: Document) -> VideoMetadata:
        scanning = document.object("scanning")
        return cls(
            container_name=document.text("containerName"),
            long_container_name=document.text("longContainerName"),
            codec_name=document.text("codecName"),
            long_codec_name=document.text("longCodecName"),
            pixel_format=PixelFormat.read(document.object("pixelFormat")),
            frame_width=document.integer("frameWidth"),
            frame_height=document.integer("frameHeight"),
            scanning_told=Scanning.read(scanning.object("metadata")) if scanning else None,
            scanning_seen=Scanning.read(scanning.object("heuristics")) if scanning else None,
            frame_rate=document.number("averageFramerate"),
            duration_ms=document.integer("durationInMillis"),
            total_frames=document.integer("totalFrames"),
            size=document.integer("size"),
            video_stream_size=document.integer("videoStreamSize"),
        )


class QualityMetric(Struct, frozen=True):
    """One measured quality, with a human score from 0 to 5."""

    name: str | None = None
    sample_mean: float | None = None
    label: str | None = None
    score: float | None = None

    @classmethod
    def read(cls, document: Document) -> QualityMetric:
        return cls(
            document.text("name"),
            document.number("sampleMean"),
            document.text("subjectiveLabel"),
            document.number("subjectiveScore"),
        )


class Quality(Struct, frozen=True):
    """The quality assessment that a full ingestion makes; ``score`` is the mean of all, 0 to 5."""

    metrics: tuple[QualityMetric, ...] = ()
    score: float | None = None

    @classmethod
    def read(cls, document: Document) -> Quality:
        metrics = tuple(QualityMetric.read(metric) for metric in document.objects("metrics"))
        return cls(metrics, document.number("overallSubjectiveScore"))


class Ingestion(Struct, frozen=True):
    """What became of an upload."""

    state: IngestionState
    metadata: VideoMetadata | None = None
    quality: Quality | None = None

    @classmethod
    def read(cls, document: Document) -> Ingestion:
        metadata, quality = document.object("metadata"), document.object("qualityAssessment")
        return cls(
            IngestionState.read(document.object("ingestionState")),
            VideoMetadata.read(metadata) if metadata else None,
            Quality.read(quality) if quality else None,
        )


class Component(Struct, frozen=True):
    """A container, codec or filter of a processed video, by its short name, and how it was set up."""

    name: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, document: Document | None) -> Component:
        return cls(_word(document, "name"), document.plain("properties")) if document else cls()


class ProcessingParameters(Struct, frozen=True, kw_only=True):
    """What a processed video was or is made with.

    Positions are milliseconds in the source, ``bitrate`` is bits per second, ``filters`` are in the order of work.
    """

    start_ms: int | None = None
    end_ms: int | None = None
    preset: str | None = None
    container: Component = field(default_factory=Component)
    codec: Component = field(default_factory=Component)
    pixel_format: PixelFormat = field(default_factory=PixelFormat)
    bitrate: int | None = None
    frame_width: int | None = None
    frame_height: int | None = None
    filters: tuple[Component, ...] = ()

    @classmethod
    def read(cls, document: Document) -> ProcessingParameters:
        source = document.object("sourceVideo") or Document({})
        target = document.object("targetVideo") or Document({})
        preset = target.object("preset")
        return cls(
            start_ms=source.integer("startPositionMilliseconds"),
            end_ms=source.integer("endPositionMilliseconds"),
            preset=preset.text("name") if preset else None,
            container=Component.read(target.object("container")),
            codec=Component.read(target.object("codec")),
            pixel_format=PixelFormat.read(target.object("pixelFormat")),
            bitrate=target.integer("bitrate"),
            frame_width=target.integer("frameWidth"),
            frame_height=target.integer("frameHeight"),
            filters=tuple(Component.read(item) for item in target.objects("videoFilters")),
        )


class Processing(Struct, frozen=True):
    """What a processed video is made with, and how far the job is."""

    state: State
    parameters: ProcessingParameters | None = None

    @classmethod
    def read(cls, document: Document) -> Processing:
        parameters = document.object("processingParameters")
        return cls(
            State.read(document.object("processingState"), "processingStatus"),
            ProcessingParameters.read(parameters) if parameters else None,
        )


class Video(Struct, frozen=True, kw_only=True):
    """A video. Groups that do not apply yet are ``None``; only processed videos have ``processing``."""

    id: str
    name: str | None = None
    description: str | None = None
    project_id: str | None = None
    user_id: str | None = None
    team_id: str | None = None
    upload: Upload | None = None
    ingestion: Ingestion | None = None
    processing: Processing | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    date_created: datetime | None = None
    time_last_updated: datetime | None = None

    @property
    def metadata(self) -> VideoMetadata | None:
        """What ingestion found in the file, as far as it is known."""
        return self.ingestion.metadata if self.ingestion else None

    @classmethod
    def read(cls, document: Document) -> Video:
        upload, ingestion = document.object("upload"), document.object("ingestion")
        processing = document.object("processing")
        return cls(
            id=document.required("id"),
            name=document.text("name"),
            description=document.text("description"),
            project_id=document.text("projectId"),
            user_id=document.text("userId"),
            team_id=document.text("teamId"),
            upload=Upload.read(upload) if upload else None,
            ingestion=Ingestion.read(ingestion) if ingestion else None,
            processing=Processing.read(processing) if processing else None,
            attributes=document.plain("attributes"),
            date_created=document.time("dateCreated"),
            time_last_updated=document.time("timeLastUpdated"),
        )


def _word(document: Document, key: str) -> str | None:
    """A word of a fixed vocabulary, in lower case."""
    return (document.text(key) or "").strip().lower() or None
