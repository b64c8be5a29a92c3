"""What the operators of cielo24 share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_media.cielo24.hook import Cielo24Hook
from airflow_media.jobs.attempts import fingerprint
from airflow_media.jobs.compat import task_identity
from airflow_media.jobs.operator import MediaOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class Cielo24Operator(MediaOperator):
    """Base of the operators of cielo24."""

    hook_class = Cielo24Hook
    hook: Cielo24Hook
    template_fields_renderers = dict.fromkeys(
        ("transcription_options", "caption_options", "transcript_options"), "json"
    )

    def object_url(self, job_id: str) -> str:
        """Give the address of a job at cielo24's API."""
        return self.hook.job_url(job_id)


def own_id(context: Context, asked: Mapping[str, Any]) -> str:
    """Make an external id that is the same for each try, and another one once the task is cleared.

    Clearing raises the number of tries that a task has; nothing else does.

    :param context: The task's context.
    :param asked: What is asked, as JSON values.
    """
    ti = context["ti"]
    return f"airflow-{fingerprint([task_identity(ti), ti.max_tries, asked])}"
