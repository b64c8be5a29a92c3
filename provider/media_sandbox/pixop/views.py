"""A video as the API shows it."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from typing import Any, Final

from media_sandbox.media.probe import MediaInfo
from media_sandbox.pixop.records import DONE, Video

Word = Callable[[str], str]

MIME_TYPES: Final = {".mts": "video/mp2t", ".mxf": "application/mxf", ".mov": "video/quicktime", ".mp4": "video/mp4"}
UNKNOWN_MIME_TYPE: Final = "application/octet-stream"


def video_view(video: Video, word: Word) -> dict[str, Any]:
    """Return the ``video`` object; groups that do not apply yet are ``None``.

    :param word: tells a status in the words that the options choose.
    """
    return {
        "id": video.id,
        "name": video.name,
        "description": None,
        "projectId": video.project_id,
        "userId": video.user_id,
        "teamId": video.team_id,
        "upload": _upload(video, word),
        "ingestion": _ingestion(video, word),
        "processing": _processing(video, word),
        "attributes": {},
        "dateCreated": video.created,
        "timeLastUpdated": video.updated,
    }


def file_type(name: str) -> str:
    """Return the MIME type that a file's name suggests."""
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    return MIME_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or UNKNOWN_MIME_TYPE


def _upload(video: Video, word: Word) -> dict[str, Any] | None:
    if video.upload is None:
        return None
    return {
        "uploadState": {"updatedAt": video.upload.updated, "uploadStatus": word(video.upload.status)},
        "hasFinishedUploading": video.upload.status == DONE,
        "fileName": video.file.name if video.file else None,
        "fileSize": video.file.size if video.file else None,
        "fileType": file_type(video.file.name) if video.file else None,
        "fileContainerName": video.media["long_container_name"] if video.media else None,
    }


def _ingestion(video: Video, word: Word) -> dict[str, Any] | None:
    if video.ingestion is None:
        return None
    return {
        "ingestionState": {
            "updatedAt": video.ingestion.updated,
            "ingestionStatus": word(video.ingestion.status),
            "videoMetadataAvailable": video.media is not None,
            "videoMetadataCommitted": video.ingestion.status == DONE,
            "processingProgressPercent": video.ingestion.percent,
        },
        "metadata": _metadata(MediaInfo.from_json(video.media), video.heuristics) if video.media else None,
        "qualityAssessment": video.quality,
    }


def _metadata(media: MediaInfo, heuristics: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "containerName": media.container_name,
        "longContainerName": media.long_container_name,
        "codecName": media.codec_name,
        "longCodecName": media.long_codec_name,
        "pixelFormat": {
            "name": media.pixel_format,
            "chromaSubsampling": {"yuv": media.yuv, "bits": media.bits},
        },
        "frameWidth": media.width,
        "frameHeight": media.height,
        "scanning": {"metadata": scanning(media.field_order), "heuristics": heuristics},
        "averageFramerate": round(float(media.frame_rate), 3),
        "durationInMillis": media.duration_ms,
        "totalFrames": media.total_frames,
        "size": media.size,
        "videoStreamSize": media.video_stream_size,
    }


def scanning(field_order: str | None) -> dict[str, Any]:
    """Return how fields are told: a type, and an order when there are fields."""
    return {
        "scanningType": "interlaced" if field_order else "progressive",
        "interlacedFieldOrder": field_order,
    }


def _processing(video: Video, word: Word) -> dict[str, Any] | None:
    if video.processing is None:
        return None
    return {
        "processingState": {
            "updatedAt": video.processing.updated,
            "processingStatus": word(video.processing.status),
            "processingProgressPercent": video.processing.percent,
        },
        "processingParameters": video.parameters,
    }
