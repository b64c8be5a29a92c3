"""Triggers: wait for an Xvid upload or job without occupying a worker."""

from __future__ import annotations

from airflow_media.jobs.trigger import JobTrigger
from airflow_media.xvid.hook import XvidHook
from airflow_media.xvid.kinds import JOB, UPLOAD


class XvidUploadTrigger(JobTrigger):
    """Waits until an uploaded file can be used.

    :param xvid_conn_id: Airflow connection to use.
    :param upload_id: The upload.
    :param kind: ``"upload"``.
    """

    hook = XvidHook
    kinds = {UPLOAD.name: UPLOAD}  # noqa: RUF012 - declared in the base
    job_field = "upload_id"


class XvidJobTrigger(JobTrigger):
    """Waits for a transcoding job.

    :param xvid_conn_id: Airflow connection to use.
    :param job_id: The job.
    :param kind: ``"job"``.
    """

    hook = XvidHook
    kinds = {JOB.name: JOB}  # noqa: RUF012 - declared in the base
    job_field = "job_id"
