"""Sensors: wait for an upload or a job that somebody else began."""

from __future__ import annotations

from typing import Any

from airflow_media.jobs.compat import conf
from airflow_media.jobs.sensor import JobSensor
from airflow_media.jobs.states import JobKind
from airflow_media.xvid.hook import XvidHook
from airflow_media.xvid.kinds import JOB, UPLOAD


class XvidUploadSensor(JobSensor):
    """Wait until an uploaded file can be used ('GET /files/uploads/ID').

    One whose file has not arrived yet is waited for as well. Returns the id of the upload.

    :param upload_id: The upload.
    :param xvid_conn_id: Airflow connection to use.
    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param start_from_trigger: With ``deferrable``: begin in the triggerer, without a worker before the wait. An
        ``upload_id`` that is a template needs Airflow 3.3 for it.
    :param kwargs: Of every sensor: ``timeout`` in seconds, ``mode``, ``soft_fail`` and so on.
    :raises JobFailedError: The upload came to nothing.
    :raises JobGoneError: There is no such upload, or not any more.
    """

    template_fields = ("upload_id", "xvid_conn_id")
    hook_class = XvidHook
    trigger_cls = "airflow_media.xvid.triggers.XvidUploadTrigger"
    hook: XvidHook

    def __init__(
        self,
        *,
        upload_id: str,
        xvid_conn_id: str = XvidHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 5.0,
        start_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            deferrable=deferrable, poll_interval=poll_interval, start_from_trigger=start_from_trigger, **kwargs
        )
        self.upload_id = upload_id
        self.xvid_conn_id = xvid_conn_id
        self.arrange_start()

    @property
    def kind(self) -> JobKind:
        """The kind of job that is waited for."""
        return UPLOAD

    def object_url(self, job_id: str) -> str:
        """Give the address of the upload at Xvid's API."""
        return self.hook.url("files/uploads", job_id)


class XvidJobSensor(JobSensor):
    """Wait until a transcoding job has succeeded ('GET /jobs/ID').

    Returns the id of the job. It stops nothing when it is killed: somebody else submitted the job.

    :param job_id: The job.
    :param xvid_conn_id: Airflow connection to use.
    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Usual pause between two looks, in seconds.
    :param start_from_trigger: With ``deferrable``: begin in the triggerer, without a worker before the wait. A
        ``job_id`` that is a template needs Airflow 3.3 for it.
    :param kwargs: Of every sensor: ``timeout`` in seconds, ``mode``, ``soft_fail`` and so on.
    :raises JobFailedError: The job failed.
    :raises JobGoneError: There is no such job, or not any more: one that is cancelled is gone.
    """

    template_fields = ("job_id", "xvid_conn_id")
    hook_class = XvidHook
    trigger_cls = "airflow_media.xvid.triggers.XvidJobTrigger"
    hook: XvidHook

    def __init__(
        self,
        *,
        job_id: str,
        xvid_conn_id: str = XvidHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 10.0,
        start_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            deferrable=deferrable, poll_interval=poll_interval, start_from_trigger=start_from_trigger, **kwargs
        )
        self.job_id = job_id
        self.xvid_conn_id = xvid_conn_id
        self.arrange_start()

    @property
    def kind(self) -> JobKind:
        """The kind of job that is waited for."""
        return JOB

    def object_url(self, job_id: str) -> str:
        """Give the address of the job at Xvid's API."""
        return self.hook.url("jobs", job_id)
