"""What earlier tries of a task left behind, so that no work is paid twice.

The record lives in Airflow's task state store, which outlives tries and clearing. It is written before a job is
submitted (the intent), after it (the job id) and once more when its result has been taken. A job whose result was
never taken is unfinished business, and the next try takes it up, even if the job has ended in the meantime; a job
whose result was taken is over, and whoever clears the task wants it done anew.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pendulum
from msgspec import Struct

from airflow_media.jobs.compat import StateStore, state_store, task_identity

if TYPE_CHECKING:
    from airflow.sdk import Context

STORE_KEY = "airflow_media.job"


class Attempt(Struct):
    """The record of one task instance, whatever its try.

    :param key: What tells this task instance from every other one, whatever its try.
    :param request: Fingerprint of what is asked; a record about another request does not count.
    :param job_id: The job of an earlier try, when its result has not been taken.
    :param intended_at: Since when a job may exist at the service without our knowing its id; ``None``: none can.
    :param again: Whether a person cleared the task after it had succeeded, and so wants it done anew.
    :param attached: Whether this try took up the job of an earlier one.
    """

    key: str
    request: str
    job_id: str | None = None
    intended_at: datetime | None = None
    again: bool = False
    attached: bool = False
    _store: StateStore | None = None

    @classmethod
    def load(cls, context: Context, request: Any) -> Attempt:
        """Read what earlier tries left.

        :param context: The task's context.
        :param request: What is asked, as JSON values; it is kept as a hash only.
        """
        attempt = cls(task_key(context), fingerprint(request), _store=state_store(context))
        if attempt._store is None:
            attempt._without_store(context)
            return attempt
        record = attempt._store.get(STORE_KEY) or {}
        if record.get("request") != attempt.request:
            return attempt
        # A result that was taken by a try which died before it could say so is not asked for anew.
        attempt.again = bool(record.get("taken")) and _was_cleared(context)
        if not attempt.again:
            attempt.job_id = record.get("job_id")
            attempt.attached = bool(record.get("attached"))
            attempt.intended_at = pendulum.parse(record["intended_at"]) if record.get("intended_at") else None  # type: ignore[assignment]
        return attempt

    def intend(self) -> None:
        """Write down that a job is about to be submitted."""
        self.intended_at = self.intended_at or pendulum.now("UTC")
        self._save()

    def submitted(self, job_id: str, *, attached: bool = False) -> None:
        """Write down the job.

        :param job_id: Its id.
        :param attached: Whether an earlier try had submitted it.
        """
        self.job_id, self.attached = job_id, attached
        self._save()

    def taken(self) -> None:
        """Write down that the result has been taken."""
        self._save(taken=True)

    def forget(self) -> None:
        """Write down that the job is gone and counts for nothing."""
        self.job_id, self.intended_at, self.attached = None, None, False
        self._save()

    def _save(self, *, taken: bool = False) -> None:
        if self._store is None:
            return
        record = {
            "request": self.request,
            "job_id": self.job_id,
            "intended_at": self.intended_at.isoformat() if self.intended_at else None,
            "attached": self.attached,
            "taken": taken,
        }
        self._store.set(STORE_KEY, record)

    def _without_store(self, context: Context) -> None:
        self.again = _was_cleared(context)
        if context["ti"].try_number > 1 and not self.again:
            self.intended_at = context["dag_run"].start_date


def _was_cleared(context: Context) -> bool:
    """Tell a clearing from a retry: clearing grants the task its retries once more."""
    ti = context["ti"]
    return bool(ti.max_tries > (ti.task.retries or 0))


def fingerprint(request: Any) -> str:
    """Give a short hash of JSON values that does not depend on the order of keys.

    :param request: JSON values; others count by their text.
    """
    text = json.dumps(request, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def task_key(context: Context) -> str:
    """Give a short key that is the same for each try of a task instance and of no other one.

    :param context: The task's context.
    """
    return fingerprint(task_identity(context["ti"]))[:8]
