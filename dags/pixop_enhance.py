"""Enhance video with Pixop: upload, ingest, process, download, for one source or many.

Trigger it in the UI: the form offers every setting that Pixop knows. All waits are deferred, so they hold no worker.
"""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import Any

from airflow.sdk import Param, dag, task, task_group

from airflow_media.pixop.operators import (
    PixopDeleteOperator,
    PixopDownloadOperator,
    PixopProcessOperator,
    PixopUploadOperator,
)
from airflow_media.pixop.params import process_params, settings_from_params
from airflow_media.pixop.sensors import IngestProgressSensor


@dag(
    schedule=None,
    tags=["media", "pixop", "example"],
    doc_md=__doc__,
    default_args={"retries": 2},
    params={
        "sources": Param(
            ["s3://my-bucket/incoming/clip.mov"],
            type="array",
            items={"type": "string"},
            minItems=1,
            title="Sources",
            description="Paths or URIs of the videos, one a line.",
            section="Media",
        ),
        "target": Param(
            "s3://my-bucket/enhanced/",
            type="string",
            pattern="/$",
            title="Target folder",
            description="Path or URI of a folder, with a slash at its end.",
            section="Media",
        ),
        "project_name": Param(
            "Airflow",
            type="string",
            minLength=1,
            title="Pixop project",
            description="Created where there is none of this name.",
            section="Media",
        ),
        "delete_at_pixop": Param(
            False,
            type="boolean",
            title="Delete at Pixop afterwards",
            description="The uploaded videos and all that was made of them, whether the run succeeds or not.",
            section="Media",
        ),
    }
    | process_params(scaler="pabsr1", resolution="hd_1080p", clarity_boost="medium"),
)
def pixop_enhance() -> None:
    @task(retries=0)
    def settings(params: dict[str, Any]) -> dict[str, Any]:
        """Check the form before anything is uploaded."""
        return settings_from_params(params)

    @task(retries=0)
    def sources(params: dict[str, Any]) -> list[str]:
        """Give each source once; two whose results would have the same name in the target folder are refused."""
        found = list(dict.fromkeys(params["sources"]))
        stems = Counter(PurePosixPath(source).stem for source in found)
        if doubles := [stem for stem, times in stems.items() if times > 1]:
            raise ValueError(f"Several sources are called {', '.join(doubles)}: use a run for each of them")
        return found

    @task_group
    def enhance(source: str, settings: dict[str, Any]) -> None:
        upload = PixopUploadOperator(
            task_id="upload",
            source=source,
            project_name="{{ params.project_name }}",
            deferrable=True,
        )
        ingest = IngestProgressSensor(task_id="ingest", video_id=upload.output, deferrable=True)
        process = PixopProcessOperator(
            task_id="process",
            video_id=upload.output,
            settings=settings,
            deferrable=True,
        )
        download = PixopDownloadOperator(
            task_id="download",
            video_id=process.output,
            target="{{ params.target }}",
        )
        delete = PixopDeleteOperator(
            task_id="delete",
            video_id="{{ ti.xcom_pull('enhance.upload', map_indexes=ti.map_index) if params.delete_at_pixop else '' }}",
        )
        upload >> ingest >> process >> download >> delete.as_teardown(setups=upload)

    checked = settings()
    found = sources()
    checked >> found
    enhance.partial(settings=checked).expand(source=found)


pixop_enhance()
