"""Sensors: wait for an ingestion or a processing that somebody else began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import to_builtins

from airflow_media.jobs.compat import conf
from airflow_media.jobs.sensor import JobSensor
from airflow_media.jobs.states import JobKind
from airflow_media.pixop.api import get_video
from airflow_media.pixop.hook import PixopHook
from airflow_media.pixop.kinds import INGESTION, METADATA, PROCESSING

if TYPE_CHECKING:
    from airflow.sdk import Context


class PixopSensor(JobSensor):
    """Base of the sensors of Pixop."""

    hook_class = PixopHook
    trigger_cls = "airflow_media.pixop.triggers.PixopTrigger"
    hook: PixopHook

    def object_url(self, job_id: str) -> str:
        """Give the address of the video at Pixop's API."""
        return self.hook.video_url(job_id)


class IngestProgressSensor(PixopSensor):
    """Wait until an uploaded video is ingested (section 'Check progress of a video currently being ingested').

    A video that has no media yet is waited for as well. Returns the metadata of the video as a dictionary: frame size,
    frame rate, duration in milliseconds, codec, scanning and so on.

    :param video_id: The original.
    :param until: ``"done"``: ingested and fit to be processed; ``"metadata"``: first metadata are there.
    :param pixop_conn_id: Airflow connection to use.
    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param start_from_trigger: With ``deferrable``: begin in the triggerer, without a worker before the wait. A
        ``video_id`` that is a template needs Airflow 3.3 for it.
    :param kwargs: Of every sensor: ``timeout`` in seconds, ``mode``, ``soft_fail`` and so on.
    :raises JobFailedError: Ingestion failed.
    :raises JobGoneError: There is no such video, or not any more.
    """

    template_fields = ("video_id", "pixop_conn_id")

    def __init__(
        self,
        *,
        video_id: str,
        until: Literal["done", "metadata"] = "done",
        pixop_conn_id: str = PixopHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 5.0,
        start_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            deferrable=deferrable, poll_interval=poll_interval, start_from_trigger=start_from_trigger, **kwargs
        )
        if until not in ("done", "metadata"):
            raise ValueError(f"until={until!r} is not allowed: use 'done' or 'metadata'")
        self.video_id = video_id
        self.until = until
        self.pixop_conn_id = pixop_conn_id
        self.arrange_start()

    @property
    def kind(self) -> JobKind:
        """The kind of job that is waited for."""
        return METADATA if self.until == "metadata" else INGESTION

    def result(self, context: Context, job_id: str) -> dict[str, Any]:
        """Give the metadata of the video."""
        metadata = self.hook.run(get_video(job_id)).metadata
        told: dict[str, Any] = to_builtins(metadata) if metadata else {}
        return told


class ProcessProgressSensor(PixopSensor):
    """Wait until a video is processed (section 'Check progress of a video currently being processed').

    Returns the id of the processed video. It stops nothing when it is killed: somebody else began the processing.

    :param video_id: The processed video, not its source.
    :param pixop_conn_id: Airflow connection to use.
    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param start_from_trigger: With ``deferrable``: begin in the triggerer, without a worker before the wait. A
        ``video_id`` that is a template needs Airflow 3.3 for it.
    :param kwargs: Of every sensor: ``timeout`` in seconds, ``mode``, ``soft_fail`` and so on.
    :raises JobFailedError: Processing failed.
    :raises JobGoneError: There is no such processed video, or not any more.
    """

    template_fields = ("video_id", "pixop_conn_id")

    def __init__(
        self,
        *,
        video_id: str,
        pixop_conn_id: str = PixopHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 10.0,
        start_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            deferrable=deferrable, poll_interval=poll_interval, start_from_trigger=start_from_trigger, **kwargs
        )
        self.video_id = video_id
        self.pixop_conn_id = pixop_conn_id
        self.arrange_start()

    @property
    def kind(self) -> JobKind:
        """The kind of job that is waited for."""
        return PROCESSING
