"""DAGs that are interrupted, or late."""

from __future__ import annotations

import time
from datetime import timedelta

from airflow.sdk import DAG, task

from airflow_media.ingest.deadline import deadline_arguments
from airflow_media.media_storage.operators import MediaStorageDownloadOperator, MediaStorageUploadOperator

with DAG("fetch_to_s3", schedule=None, params={"source": "", "target": ""}) as fetch_to_s3:
    keep = MediaStorageUploadOperator(task_id="keep", source="{{ params.source }}", resource="{{ run_id }}")
    fetch = MediaStorageDownloadOperator(task_id="fetch", resource="{{ run_id }}", target="{{ params.target }}")
    keep >> fetch

with DAG("late", schedule=None, params={"seconds": 0}, **deadline_arguments(timedelta(seconds=1))) as late:

    @task
    def sleep(params: dict[str, float]) -> None:
        time.sleep(params["seconds"])

    sleep()
