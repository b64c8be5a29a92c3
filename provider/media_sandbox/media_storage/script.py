"""Scripts of jobs that nobody works on: which state follows which, and when."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, Final

from media_sandbox.media_storage.records import MICROSECONDS, Job

SETTABLE: Final[Mapping[str, type | UnionType]] = {
    "status": str,
    "progress": int | float,
    "retry_count": int,
    "error": str | None,
    "priority": int,
}
"""The attributes of a job that a step or a control may set, and their types."""


@dataclass(frozen=True)
class Step:
    """One change of a job.

    :param after: seconds on the sandbox's clock since the step before, or since the job was made.
    :param changes: the attributes that get another value.
    :param delete: whether the job is gone.
    """

    after: float
    changes: dict[str, Any]
    delete: bool = False


def read_steps(steps: Any) -> list[dict[str, Any]]:
    """Check a script that came as JSON, a list of ``{"after": seconds, <attribute>: value ..., "delete": bool}``.

    :return: the steps as they are kept in a job.
    :raises ValueError: saying what is wrong with it.
    """
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise ValueError("a script is a list of objects")
    return [dataclasses.asdict(_read_step(dict(step))) for step in steps]


def check_changes(changes: dict[str, Any]) -> dict[str, Any]:
    """Check new values of a job's attributes and return them.

    :raises ValueError: for an attribute that cannot be set, or a value of the wrong type.
    """
    for name, value in changes.items():
        if name not in SETTABLE:
            raise ValueError(f"a job's {name} cannot be set; these can: {', '.join(SETTABLE)}")
        if isinstance(value, bool) or not isinstance(value, SETTABLE[name]):
            raise ValueError(f"{name} cannot be {value!r}")
    if not 0 <= changes.get("progress", 0) <= 1:
        raise ValueError("progress must be between 0 and 1")
    return changes


def due(script: Sequence[dict[str, Any]], since: int) -> int | None:
    """Return when the first step of a script is due.

    :param since: when the step before was.
    """
    return since + int(script[0]["after"] * MICROSECONDS) if script else None


def play(job: Job, now: int) -> Job | None:
    """Return what has become of a job by now, or ``None`` when its script deletes it."""
    while job.script and job.due_at is not None and job.due_at <= now:
        step, *rest = job.script
        if step["delete"]:
            return None
        changed: dict[str, Any] = {"updated_at": job.due_at, "script": rest, "due_at": due(rest, job.due_at)}
        job = dataclasses.replace(job, **step["changes"], **changed)
    return job


def _read_step(step: dict[str, Any]) -> Step:
    after, delete = step.pop("after", 0), step.pop("delete", False)
    if isinstance(after, bool) or not isinstance(after, int | float) or after < 0:
        raise ValueError(f"after must be seconds, not {after!r}")
    if not isinstance(delete, bool):
        raise ValueError(f"delete must be a boolean, not {delete!r}")
    return Step(after, check_changes(step), delete)
