"""What the operators have done, each so that doing it again does no harm: upload, process, find again, take back."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from airflow_media.http.bodies import Readable
from airflow_media.http.call import Flow
from airflow_media.http.errors import ConflictError, NotFoundError
from airflow_media.http.once import create_once
from airflow_media.pixop.api import UploadKind, delete_video, get_video, upload_media
from airflow_media.pixop.flows import all_videos, find_processing, process_once
from airflow_media.pixop.models import Phase, ProcessingReceipt
from airflow_media.pixop.settings import ProcessSettings
from airflow_media.pixop.video import Upload, Video


def upload_once(
    video_id: str,
    content: Readable,
    *,
    filename: str,
    media_type: str,
    kind: UploadKind = "light",
    anew: bool = False,
) -> Flow[Video]:
    """Upload a file unless it has arrived; after a lost answer, look before 10 GB are sent again.

    :param video_id: The original, as created.
    :param content: Where the bytes come from.
    :param filename: Name of the file.
    :param media_type: Content type of the file.
    :param kind: Kind of ingestion.
    :param anew: Replace what an earlier upload brought.
    :return: The video, its upload complete.
    """
    replaced: Upload | None = None
    first = True

    def look() -> Flow[Video | None]:
        nonlocal replaced, first
        video = yield from get_video(video_id)
        if anew and first:
            replaced = video.upload
        first = False
        if anew and video.upload == replaced:  # what is there is what is to be replaced
            return None
        return video if _has_arrived(video, content.size) else None

    def send() -> Flow[Video]:
        call = upload_media(video_id, content, filename=filename, kind=kind, media_type=media_type)
        yield from replace(call, repeatable=False)  # repeated by create_once, with a look in between
        return (yield from get_video(video_id))

    return create_once(look, send)


def start_processing(video_id: str, settings: ProcessSettings, *, check_source: bool = True) -> Flow[ProcessingReceipt]:
    """Start a processing once, after a look at whether the source suits it.

    :param video_id: The source.
    :param settings: What to do.
    :param check_source: Whether to compare the settings with the source's metadata before anything is paid for.
    :raises ConflictError: The source is not ingested yet, or its ingestion failed.
    :raises SettingsError: The settings do not suit the source.
    """
    source = yield from get_video(video_id)
    _must_be_ready(source)
    if check_source and source.metadata is not None:
        settings.check_source(source.metadata)
    parent_id = yield from _original_of(source)
    return (yield from process_once(video_id, settings, parent_id=parent_id))


def find_processing_of(video_id: str, settings: ProcessSettings, *, since: datetime | None) -> Flow[Video | None]:
    """Find a processing that was begun before: active or done, with the same settings; the newest.

    :param video_id: The source.
    :param settings: What was asked for.
    :param since: Only jobs begun at this time or later; an aware time.
    """
    source = yield from get_video(video_id)
    parent_id = yield from _original_of(source)
    return (yield from find_processing(video_id, settings, since=since, parent_id=parent_id))


def delete_unless_uploaded(video_id: str) -> Flow[bool]:
    """Delete a video whose file has not arrived; one with a file is left alone.

    :return: Whether it was deleted.
    """
    try:
        video = yield from get_video(video_id)
    except NotFoundError:
        return False
    if video.upload is not None and video.upload.state.phase is Phase.DONE:
        return False
    yield from delete_video(video_id, missing_ok=True)
    return True


def _has_arrived(video: Video, size: int) -> bool:
    upload, ingestion = video.upload, video.ingestion
    if upload is None or upload.state.phase is not Phase.DONE or upload.file_size != size:
        return False
    return ingestion is None or ingestion.state.phase is not Phase.FAILED


def _must_be_ready(source: Video) -> None:
    """Refuse a source that Pixop would refuse, in words that tell what to do."""
    if source.processing is not None:
        phase, what = source.processing.state.phase, "processing"
    elif source.ingestion is not None:
        phase, what = source.ingestion.state.phase, "ingestion"
    else:
        phase, what = Phase.PENDING, "ingestion"
    if phase is Phase.DONE:
        return
    failed = phase is Phase.FAILED
    raise ConflictError(
        f"its {what} {'failed' if failed else 'is not done'}",
        service="Pixop",
        operation="process video",
        subject=f"video {source.id}",
        hint="Upload it again." if failed else "Wait for it, with IngestProgressSensor for instance, before this task.",
    )


def _original_of(video: Video) -> Flow[str | None]:
    """Find the original of a processed video, under which Pixop files what is made of it; ``None`` for an original."""
    if video.processing is None:
        return None
    videos = yield from all_videos(project_id=video.project_id)
    return next((each.parent_id for each in videos if each.id == video.id), None)
