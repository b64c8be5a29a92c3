"""DAGs whose waits are interfered with."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_media.pixop.operators import PixopProcessOperator, PixopUploadOperator
from airflow_media.pixop.sensors import IngestProgressSensor, ProcessProgressSensor

SETTINGS = {"scaler": "scale", "resolution": {"width": 640, "height": 480}}


def process_dag(dag_id: str, *, deferrable: bool, timeout: float = 300.0) -> DAG:
    with DAG(dag_id, schedule=None, params={"source": ""}) as dag:
        upload = PixopUploadOperator(
            task_id="upload",
            source="{{ params.source }}",
            wait_for_ingest=True,
            deferrable=deferrable,
            poll_interval=1.0,
        )
        PixopProcessOperator(
            task_id="process",
            video_id=upload.output,
            settings=SETTINGS,
            deferrable=deferrable,
            poll_interval=1.0,
            timeout=timeout,
        )
    return dag


process_deferred = process_dag("process_deferred", deferrable=True)
process_poking = process_dag("process_poking", deferrable=False)
process_too_slow = process_dag("process_too_slow", deferrable=True, timeout=3.0)

with DAG("watch_from_trigger", schedule=None, params={"original": "", "processed": ""}) as watch_from_trigger:
    IngestProgressSensor(
        task_id="ingest",
        video_id="{{ params.original }}",
        deferrable=True,
        start_from_trigger=True,
        poll_interval=1.0,
    )
    ProcessProgressSensor(
        task_id="process",
        video_id="{{ params.processed }}",
        deferrable=True,
        start_from_trigger=True,
        poll_interval=1.0,
    )
