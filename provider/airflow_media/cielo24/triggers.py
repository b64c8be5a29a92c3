"""The trigger: waits for a cielo24 job without occupying a worker."""

from __future__ import annotations

from airflow_media.cielo24.hook import Cielo24Hook
from airflow_media.cielo24.kinds import TRANSCRIPTION
from airflow_media.jobs.trigger import JobTrigger


class Cielo24Trigger(JobTrigger):
    """Waits for a cielo24 job to be complete.

    :param cielo24_conn_id: Airflow connection to use.
    :param job_id: The job.
    :param kind: ``"transcription"``.
    """

    hook = Cielo24Hook
    kinds = {TRANSCRIPTION.name: TRANSCRIPTION}  # noqa: RUF012 - declared in the base
    job_field = "job_id"
