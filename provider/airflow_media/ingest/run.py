"""What a run of Airflow says of itself: the interval it is about, who it is, how its tasks went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_media.ingest.claims import Holder
from airflow_media.ingest.interval import Interval

if TYPE_CHECKING:
    from airflow.sdk import Context

ACTIVE = frozenset({"queued", "running"})
"""States of runs that have yet to end."""
UNSUCCESSFUL = frozenset({"failed", "upstream_failed"})
MANIFESTS = "manifests/"
"""Folder of manifests and claims below the target."""


def interval_of(context: Context, day: str | None, timezone: str) -> Interval:
    """Give the interval that a run is about.

    :param context: The task's context.
    :param day: A day that was asked for, as ``2026-01-31``. Default: the data interval of the run; of a run without
        one, which was started by hand, the day before.
    :param timezone: Time zone whose days count.
    :raises InvalidRequestError: The day is no date, or the data interval has no length.
    """
    if day:
        return Interval.day(day, timezone)
    start, end = context.get("data_interval_start"), context.get("data_interval_end")
    if start is not None and end is not None:
        return Interval.between(start, end, timezone)
    return Interval.day_before(context["dag_run"].run_after, timezone)


def holder_of(context: Context) -> Holder:
    """Give the run as the holder of a claim."""
    return Holder(context["ti"].dag_id, context["ti"].run_id)


def is_active(context: Context, holder: Holder) -> bool:
    """Ask Airflow whether a run has yet to end. One that it does not know has ended."""
    from airflow.sdk.exceptions import AirflowRuntimeError

    try:
        return context["ti"].get_dagrun_state(holder.dag_id, holder.run_id) in ACTIVE
    except AirflowRuntimeError as error:
        if _is_missing(error):
            return False
        raise


def task_states(context: Context) -> dict[str, str]:
    """Give the states of all tasks of the run, by task id; of mapped ones with ``_`` and the map index behind it."""
    ti = context["ti"]
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
    return {task: str(getattr(state, "value", state)) for task, state in states.items() if state is not None}


def _is_missing(error: Exception) -> bool:
    detail = getattr(getattr(error, "error", None), "detail", None) or {}
    return detail.get("status_code") == 404
