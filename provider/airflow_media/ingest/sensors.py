"""The sensor that begins an ingest."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pendulum

from airflow_media.ingest.claims import Claim
from airflow_media.ingest.run import MANIFESTS, holder_of, interval_of, is_active
from airflow_media.ingest.shelf import Shelf
from airflow_media.jobs.compat import BaseSensorOperator, PokeReturnValue
from airflow_media.jobs.failures import told

if TYPE_CHECKING:
    from airflow.sdk import Context


class IngestClaimSensor(BaseSensorOperator):
    """Wait until an interval is over and no other run works on it, and claim it for this run. Use it as a setup.

    The claim is a small object beside the manifest. It is given back by
    :class:`~airflow_media.ingest.operators.IngestReleaseOperator`, and taken over from a run that has ended without
    that. S3 decides between two runs that ask at once; a store without conditional writes cannot, and the log says so.

    :param target: Prefix of results and manifests: ``s3://bucket/folder/``.
    :param day: A day as ``2026-01-31``; default: the data interval of the run, and the day before for a run without.
    :param timezone: Time zone whose days count.
    :param settle: Seconds to wait after the end of the interval: what was being uploaded at its end may turn up then.
    :param aws_conn_id: Airflow connection of type Amazon Web Services.
    :param mode: ``"reschedule"`` gives the worker back between two looks.
    :param poke_interval: Seconds between two looks.
    :param timeout: Longest wait, in seconds.
    :raises MediaFailError: S3 refuses.
    """

    template_fields = ("target", "day", "timezone", "aws_conn_id")

    def __init__(
        self,
        *,
        target: str,
        day: str | None = None,
        timezone: str = "UTC",
        settle: float = 0.0,
        aws_conn_id: str | None = None,
        mode: str = "reschedule",
        poke_interval: float = 15.0,
        timeout: float = timedelta(days=7).total_seconds(),
        **kwargs: Any,
    ) -> None:
        super().__init__(mode=mode, poke_interval=poke_interval, timeout=timeout, **kwargs)
        self.target = target
        self.day = day
        self.timezone = timezone
        self.settle = settle
        self.aws_conn_id = aws_conn_id

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look whether the interval can be claimed, and claim it."""
        with told():
            interval = interval_of(context, self.day, self.timezone)
            settled = interval.end.add(seconds=self.settle)
            if pendulum.now("UTC") < settled:
                self.log.info("%s is not over for good before %s", interval, settled)
                return False
            claim = Claim(Shelf(self.target, self.aws_conn_id), f"{MANIFESTS}{interval.label}.claim")
            other = claim.take(holder_of(context), lambda holder: is_active(context, holder))
        if other is not None:
            self.log.info("Waiting, for %s works on %s", other, interval.label)
            return False
        self.log.info("This run works on %s now", interval)
        return PokeReturnValue(True, interval.label)
