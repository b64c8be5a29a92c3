"""What a task that defers and its trigger agree on."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_media.jobs.trigger import JobTrigger

JOB_ID_KEY = "job_id"
"""XCom under which an operator keeps the id of its job while it waits."""

BACKSTOP = 300.0
"""Seconds after the deadline at which Airflow's own time-out ends a wait that did not end itself."""


def trigger_class(path: str) -> type[JobTrigger]:
    """Import a trigger when it is needed: to read a DAG file, none is, and Airflow's part of it takes long to import.

    :param path: Its class, as a dotted name.
    """
    found: type[JobTrigger] = resolve_name(path)
    return found
