"""Each operator and sensor in each of its modes: for the tests."""

from __future__ import annotations

from airflow.sdk import Param, dag

from airflow_media.pixop.operators import (
    PixopDeleteOperator,
    PixopDownloadOperator,
    PixopProcessOperator,
    PixopUploadOperator,
)
from airflow_media.pixop.sensors import IngestProgressSensor, ProcessProgressSensor

SETTINGS = {
    "mediaContainerCodec": {"container": "mov", "codec": "prores"},
    "appleProresProfile": "proxy",
    "scaler": "scale",
    "resolution": {"width": "{{ params.width }}", "height": "{{ params.height }}"},
}


@dag(
    schedule=None,
    params={
        "source": Param("", type="string"),
        "target": Param("", type="string"),
        "width": Param(240, type="integer"),
        "height": Param(180, type="integer"),
    },
)
def every_mode() -> None:
    upload = PixopUploadOperator(task_id="upload", source="{{ params.source }}", project_name="every mode")
    waits = [
        IngestProgressSensor(task_id="poke", video_id=upload.output, poll_interval=0.1),
        IngestProgressSensor(task_id="reschedule", video_id=upload.output, poll_interval=0.1, mode="reschedule"),
        IngestProgressSensor(task_id="defer", video_id=upload.output, poll_interval=0.1, deferrable=True),
    ]
    deferred = PixopProcessOperator(
        task_id="process_deferred", video_id=upload.output, settings=SETTINGS, poll_interval=0.1, deferrable=True
    )
    here = PixopProcessOperator(
        task_id="process_here", video_id=upload.output, settings=SETTINGS, poll_interval=0.1, deferrable=False
    )
    watch = ProcessProgressSensor(task_id="watch", video_id=here.output, poll_interval=0.1, deferrable=True)
    downloads = [
        PixopDownloadOperator(
            task_id=f"download_{name}", video_id=made.output, target=f"{{{{ params.target }}}}{name}/"
        )
        for name, made in (("deferred", deferred), ("here", watch))
    ]
    delete = PixopDeleteOperator(task_id="delete", video_id=upload.output)
    upload >> waits >> deferred
    waits[0] >> here >> watch
    downloads >> delete.as_teardown(setups=upload)


every_mode()
