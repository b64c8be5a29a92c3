"""The trigger: waits for a Pixop ingestion or processing without occupying a worker."""

from __future__ import annotations

from airflow_media.jobs.trigger import JobTrigger
from airflow_media.pixop.hook import PixopHook
from airflow_media.pixop.kinds import INGESTION, METADATA, PROCESSING


class PixopTrigger(JobTrigger):
    """Waits for a Pixop video to be ingested or processed.

    :param pixop_conn_id: Airflow connection to use.
    :param video_id: The original that is ingested, or the processed video that is being made.
    :param kind: ``"ingestion"``, ``"metadata"`` (the first metadata are there) or ``"processing"``.
    """

    hook = PixopHook
    kinds = {kind.name: kind for kind in (INGESTION, METADATA, PROCESSING)}  # noqa: RUF012 - declared in the base
    job_field = "video_id"
