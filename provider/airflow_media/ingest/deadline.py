"""A deadline for the runs of a DAG, where this Airflow knows such a thing (3.1 and later)."""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from airflow_media.jobs.compat import AsyncCallback, DeadlineAlert, DeadlineReference

log = logging.getLogger(__name__)

RUNS = 10
"""Of how many successful runs the average counts."""


async def tell_deadline(context: Mapping[str, Any] | None = None) -> None:
    """Write into the triggerer's log that a run is late. Use a notifier of yours in its place.

    :param context: What Airflow tells of the run.
    """
    run = (context or {}).get("dag_run") or {}
    log.error("Run %s of DAG %s is late: its deadline has passed", run.get("dag_run_id"), run.get("dag_id"))


def deadline_arguments(after: timedelta, callback: Callable[..., Awaitable[Any]] = tell_deadline) -> dict[str, Any]:
    """Give the argument of a DAG that tells when a run is late. Before Airflow 3.1 there is none to give.

    :param after: How much longer than the last successful ones a run may take. The first one has no deadline.
    :param callback: An async function, or a notifier; it is called in the triggerer.
    """
    # "airflow dags test" of Airflow 3.3.2 breaks at the end of a run that has a deadline, when all of it is done.
    if DeadlineAlert is None or sys.argv[1:3] == ["dags", "test"]:
        return {}
    # Not from when the run was queued: Airflow 3.3.2 cannot clear a failed run with such a deadline (TypeError in
    # _recalculate_dagrun_queued_at_deadlines), which every repair of a failed day has to do.
    reference = DeadlineReference.AVERAGE_RUNTIME(max_runs=RUNS, min_runs=1)
    return {"deadline": DeadlineAlert(reference=reference, interval=after, callback=AsyncCallback(callback))}
