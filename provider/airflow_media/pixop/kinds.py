"""The kinds of jobs that Pixop runs, as the shared code for waiting sees them."""

from __future__ import annotations

from airflow_media.http.call import Flow
from airflow_media.http.errors import NotFoundError
from airflow_media.jobs.states import JobKind, JobState
from airflow_media.jobs.states import Phase as JobPhase
from airflow_media.pixop.api import get_video, ingest_state, process_state
from airflow_media.pixop.flows import cancel_processing
from airflow_media.pixop.models import Phase
from airflow_media.pixop.video import IngestState

PHASES = {
    Phase.PENDING: JobPhase.WAITING,
    Phase.RUNNING: JobPhase.RUNNING,
    Phase.DONE: JobPhase.DONE,
    Phase.FAILED: JobPhase.FAILED,
}


def _processing(video_id: str) -> Flow[JobState]:
    answer = yield from process_state(video_id)
    reason = f"Pixop reports the status {answer.state.status}" if answer.phase is Phase.FAILED else ""
    return JobState(PHASES[answer.phase], answer.state.percent, reason)


def _ingestion(video_id: str) -> Flow[JobState]:
    answer = yield from _ingest_state(video_id)
    return _told(answer)


def _metadata(video_id: str) -> Flow[JobState]:
    answer = yield from _ingest_state(video_id)
    if answer and answer.state.metadata_available and answer.phase.active:
        return JobState(JobPhase.DONE)
    return _told(answer)


def _ingest_state(video_id: str) -> Flow[IngestState | None]:
    try:
        return (yield from ingest_state(video_id))
    except NotFoundError:
        yield from get_video(video_id)  # raises when the video is gone; else it only has no media yet
        return None


def _told(answer: IngestState | None) -> JobState:
    if answer is None:
        return JobState(JobPhase.WAITING)
    reason = ""
    if answer.phase is Phase.FAILED:
        reason = f"Pixop reports the status {answer.state.status}, as for a file that it cannot read as a video"
    return JobState(PHASES[answer.phase], answer.state.percent, reason)


PROCESSING = JobKind(
    name="processing",
    noun="Pixop processing of video",
    observe=_processing,
    cancel=cancel_processing,
)
INGESTION = JobKind(name="ingestion", noun="Pixop ingestion of video", observe=_ingestion)
METADATA = JobKind(name="metadata", noun="Pixop metadata of video", observe=_metadata)
