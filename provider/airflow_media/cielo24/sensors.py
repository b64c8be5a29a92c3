"""The sensor: waits for a cielo24 job whose transcription somebody else ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from airflow_media.cielo24.api import get_job
from airflow_media.cielo24.hook import Cielo24Hook
from airflow_media.cielo24.kinds import TRANSCRIPTION
from airflow_media.jobs.compat import conf
from airflow_media.jobs.sensor import JobSensor
from airflow_media.jobs.states import JobKind

if TYPE_CHECKING:
    from airflow.sdk import Context


class Cielo24JobSensor(JobSensor):
    """Wait until a cielo24 job is complete (page 'Job Info').

    A job that nobody has ordered a transcription for is waited for as well. Returns what the service tells of the job
    as a dictionary: name, fidelity, length of the media in seconds, dates and so on, without the callback URLs. It
    stops nothing when it is killed: somebody else ordered the transcription.

    :param job_id: The job.
    :param cielo24_conn_id: Airflow connection to use.
    :param deferrable: Wait in the triggerer instead of on a worker.
    :param poll_interval: Pause between two looks, in seconds. With ``deferrable`` the shortest one: pauses grow up to
        three hours; where the connection tells the service's time zone, they are short again around the time at which
        the job is due.
    :param start_from_trigger: With ``deferrable``: begin in the triggerer, without a worker before the wait. A
        ``job_id`` that is a template needs Airflow 3.3 for it.
    :param kwargs: Of every sensor: ``timeout`` in seconds, ``mode``, ``soft_fail`` and so on.
    :raises JobFailedError: cielo24 could not get the media, or could not read them.
    :raises JobGoneError: There is no such job, or not any more.
    """

    template_fields = ("job_id", "cielo24_conn_id")
    hook_class = Cielo24Hook
    trigger_cls = "airflow_media.cielo24.triggers.Cielo24Trigger"
    hook: Cielo24Hook

    def __init__(
        self,
        *,
        job_id: str,
        cielo24_conn_id: str = Cielo24Hook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = 30.0,
        start_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            deferrable=deferrable, poll_interval=poll_interval, start_from_trigger=start_from_trigger, **kwargs
        )
        self.job_id = job_id
        self.cielo24_conn_id = cielo24_conn_id
        self.arrange_start()

    @property
    def kind(self) -> JobKind:
        """The kind of job that is waited for."""
        return TRANSCRIPTION

    def object_url(self, job_id: str) -> str:
        """Give the address of the job at cielo24's API."""
        return self.hook.job_url(job_id)

    def result(self, context: Context, job_id: str) -> dict[str, Any]:
        """Give what the service tells of the job."""
        told: dict[str, Any] = to_builtins(self.hook.run(get_job(job_id)))
        del told["callback_urls"]  # a login may stand in them
        return told
