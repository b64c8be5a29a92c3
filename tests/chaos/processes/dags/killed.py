"""DAGs whose processes are killed, and whose tasks are interfered with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

from airflow_media.cielo24.operators import Cielo24TranscribeOperator
from airflow_media.media_storage.sensors import MediaStorageJobSensor
from airflow_media.pixop.operators import PixopDownloadOperator, PixopProcessOperator, PixopUploadOperator
from airflow_media.xvid.operators import XvidJobOperator

FIFTY = 50
RETRIES = {"retries": 3, "retry_delay": timedelta(seconds=1)}


def settings(height: int) -> dict[str, Any]:
    return {"scaler": "scale", "resolution": {"width": 160, "height": height}}


def process_dag(dag_id: str, *, deferrable: bool, **arguments: Any) -> DAG:
    with DAG(dag_id, schedule=None, params={"video_id": ""}, default_args=RETRIES) as dag:
        PixopProcessOperator(
            task_id="task",
            video_id="{{ params.video_id }}",
            settings=settings(120),
            deferrable=deferrable,
            poll_interval=1.0,
            **arguments,
        )
    return dag


process_deferred = process_dag("process_deferred", deferrable=True)
process_poking = process_dag("process_poking", deferrable=False)
process_deferred_kept = process_dag("process_deferred_kept", deferrable=True, cancel_on_kill=False)
process_poking_kept = process_dag("process_poking_kept", deferrable=False, cancel_on_kill=False)
process_poking_too_slow = process_dag("process_poking_too_slow", deferrable=False, timeout=3.0)
process_poking_too_long = process_dag(
    "process_poking_too_long", deferrable=False, execution_timeout=timedelta(seconds=5), retries=0
)

with DAG("upload", schedule=None, params={"source": ""}, default_args=RETRIES) as upload:
    PixopUploadOperator(task_id="task", source="{{ params.source }}")

with DAG("download", schedule=None, params={"video_id": "", "target": ""}, default_args=RETRIES) as download:
    PixopDownloadOperator(
        task_id="task", video_id="{{ params.video_id }}", target="{{ params.target }}", rendition="original"
    )

with DAG("transcode", schedule=None, params={"file": "", "preset": ""}, default_args=RETRIES) as transcode:
    XvidJobOperator(
        task_id="task",
        input_name="{{ params.file }}",
        outputs=[{"output_name": "small", "preset": {"id": "{{ params.preset }}"}}],
        deferrable=True,
        poll_interval=1.0,
    )

with DAG("transcribe", schedule=None, params={"job_id": ""}, default_args=RETRIES) as transcribe:
    Cielo24TranscribeOperator(
        task_id="task",
        job_id="{{ params.job_id }}",
        fidelity="PREMIUM",
        deferrable=True,
        poll_interval=1.0,
        cancel_on_kill=True,
    )

with DAG("watch", schedule=None, params={"job_id": ""}, default_args=RETRIES) as watch:
    MediaStorageJobSensor(task_id="task", job_id="{{ params.job_id }}", deferrable=True, poll_interval=1.0)

with DAG("fifty", schedule=None, params={"video_id": ""}, default_args=RETRIES) as fifty:
    for number in range(FIFTY):
        PixopProcessOperator(
            task_id=f"task_{number}",
            video_id="{{ params.video_id }}",
            settings=settings(120 + 2 * number),
            deferrable=True,
            poll_interval=2.0,
        )
