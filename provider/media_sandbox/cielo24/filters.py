"""Filters of the job list; their names are case-sensitive, all bounds are inclusive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final

from media_sandbox.cielo24.options import Cielo24Options
from media_sandbox.cielo24.parameters import MOMENT, TEXT, Parameter, integer, one_of
from media_sandbox.cielo24.records import Job
from media_sandbox.cielo24.views import Dates, difficulty
from media_sandbox.cielo24.vocabulary import (
    DIFFICULTIES,
    FIDELITIES,
    JOB_STATUSES,
    PRIORITIES,
    RETURNED_FIDELITIES,
    TURNAROUND_HOURS,
)

DATES: Final = {
    "CreationDate": "created",
    "StartDate": "started",
    "DueDate": "due",
    "CompleteDate": "completed",
    "ReturnDate": "completed",
    "AuthorizationDate": "authorized",
}
"""By the beginning of a filter's name, the job's field that it is for."""

FILTERS: Final = (
    *(Parameter(name + bound, MOMENT) for name in DATES for bound in ("From", "To")),
    Parameter("JobStatus", one_of(JOB_STATUSES)),
    Parameter("Fidelity", one_of(dict.fromkeys([*FIDELITIES, *RETURNED_FIDELITIES.values()]))),
    Parameter("Priority", one_of(PRIORITIES)),
    Parameter("TurnaroundTimeHoursFrom", integer()),
    Parameter("TurnaroundTimeHoursTo", integer()),
    Parameter("JobName", TEXT),
    Parameter("ExternalID", TEXT, other_name="ExternalId"),
    Parameter("Username", TEXT),
    Parameter("JobDifficulty", one_of(DIFFICULTIES)),
)


EQUAL: Final[Mapping[str, Callable[[Job, str], bool]]] = {
    "JobStatus": lambda job, value: job.status == value,
    "Priority": lambda job, value: job.priority == value,
    "JobName": lambda job, value: _matches(job.name, value),
    "ExternalID": lambda job, value: job.external_id == value,
    "JobDifficulty": lambda job, value: difficulty(job) == value,
}
"""The filters that one word decides."""


def select(job: Job, values: Mapping[str, Any], dates: Dates, options: Cielo24Options) -> bool:
    """Return whether a job passes all filters."""
    return (
        all(_in_time(getattr(job, field), name, values, dates) for name, field in DATES.items())
        and _in_hours(job, values)
        and all(name not in values or fits(job, values[name]) for name, fits in EQUAL.items())
        and ("Fidelity" not in values or _has_fidelity(job, values["Fidelity"], options))
    )


def turnaround_hours(job: Job) -> int | None:
    """Return the hours that a job may take, ``None`` before it is ordered."""
    return job.turnaround_hours or (TURNAROUND_HOURS[job.priority] if job.priority else None)


def _in_time(moment: float | None, name: str, values: Mapping[str, Any], dates: Dates) -> bool:
    first, last = values.get(f"{name}From"), values.get(f"{name}To")
    if first is None and last is None:
        return True
    if moment is None:
        return False
    # As it is written, which is less exact than it is kept.
    shown = datetime.fromtimestamp(moment, dates.zone)
    return (first is None or first.first(dates.zone) <= shown) and (last is None or shown <= last.last(dates.zone))


def _in_hours(job: Job, values: Mapping[str, Any]) -> bool:
    least, most = values.get("TurnaroundTimeHoursFrom"), values.get("TurnaroundTimeHoursTo")
    if least is None and most is None:
        return True
    hours = turnaround_hours(job)
    return hours is not None and (least is None or least <= hours) and (most is None or hours <= most)


def _has_fidelity(job: Job, value: str, options: Cielo24Options) -> bool:
    if job.fidelity is None:
        return False
    ordered = options.filter_by_ordered_fidelity and job.fidelity == value
    return ordered or RETURNED_FIDELITIES[job.fidelity] == value


def _matches(name: str, pattern: str) -> bool:
    # Only the star is a wildcard here.
    return fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]"))
