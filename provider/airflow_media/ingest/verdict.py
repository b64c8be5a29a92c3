"""Whether an interval went well: told by a task of its own, at the end."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk import get_current_context

from airflow_media.ingest.run import task_states
from airflow_media.jobs.failures import MediaFailError

log = logging.getLogger(__name__)


def pass_verdict(summary: Mapping[str, Any] | None, manifest_task_id: str = "manifest") -> None:
    """Fail the task that calls this if a video failed, and say which and where.

    Make that task a teardown of the claim, with ``on_failure_fail_dagrun=True``, behind the manifest. The manifest is
    written by a task of its own, which succeeds: its assets are updated by what was made of the other videos.

    :param summary: What :class:`~airflow_media.ingest.operators.IngestManifestOperator` returned, if it did.
    :param manifest_task_id: That task.
    :raises MediaFailError: A video failed, or there is no manifest.
    """
    if not summary:
        state = task_states(get_current_context()).get(manifest_task_id)
        if state != "skipped":
            raise MediaFailError(f"What came of the videos is not known: task {manifest_task_id} is {state}.")
        log.info("Nothing was done, and nothing is missing")
        return
    failed = [f"{name} ({', '.join(tasks)})" for name, tasks in summary["failed"].items()]
    if failed:
        raise MediaFailError(
            f"{len(failed)} of {summary['videos']} videos of {summary['label']} failed: {'; '.join(failed)}. "
            "The logs of these tasks say why. Run the interval again, as a backfill for instance: only what is "
            "missing will be done."
        )
    log.info("All %s videos of %s are done: %s", summary["videos"], summary["label"], summary["manifest"])
