"""Transcode a video with Xvid MediaHub: upload, one job with an output for each preset, download each output.

Trigger it in the UI: the form takes presets by their names. All waits are deferred, so they hold no worker.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from airflow.sdk import Param, dag, task

from airflow_media.xvid.flows import all_presets
from airflow_media.xvid.hook import XvidHook
from airflow_media.xvid.operators import (
    XvidDeleteFileOperator,
    XvidDownloadOperator,
    XvidJobOperator,
    XvidUploadOperator,
)
from airflow_media.xvid.request import job_output

PIPELINE = "{{ params.pipeline_id or '' }}"


@dag(
    schedule=None,
    tags=["media", "xvid", "example"],
    doc_md=__doc__,
    default_args={"retries": 2},
    params={
        "source": Param(
            "s3://my-bucket/incoming/clip.mov",
            type="string",
            minLength=1,
            title="Source",
            description="Path or URI of the video, of at most 5 GiB.",
            section="Media",
        ),
        "target": Param(
            "s3://my-bucket/transcoded/",
            type="string",
            pattern="/$",
            title="Target folder",
            description="Path or URI of a folder, with a slash at its end.",
            section="Media",
        ),
        "presets": Param(
            ["H.264 MP4"],
            type="array",
            items={"type": "string", "minLength": 1},
            minItems=1,
            uniqueItems=True,
            title="Presets",
            description="Names or ids, one a line: system presets and your own. A name that Xvid does not know is "
            "answered with those that it knows.",
            section="Transcoding",
        ),
        "size": Param(
            100,
            type="integer",
            minimum=1,
            maximum=100,
            title="Size (%)",
            description="Width and height, as a percentage of those of the source.",
            section="Transcoding",
        ),
        "thumbnails": Param(
            False,
            type="boolean",
            title="Thumbnails",
            description="An archive of small pictures of each output.",
            section="Transcoding",
        ),
        "pipeline_id": Param(
            None,
            type=["null", "string"],
            title="Pipeline",
            description="Id of the pipeline. Empty: that of the connection.",
            section="Xvid",
        ),
        "delete_upload": Param(
            True,
            type="boolean",
            title="Delete the upload afterwards",
            description="Whether the run succeeds or not. Outputs stay at Xvid until they expire.",
            section="Xvid",
        ),
    },
)
def xvid_transcode() -> None:
    @task(retries=0)
    def outputs(params: dict[str, Any]) -> list[dict[str, Any]]:
        """Find the presets before anything is uploaded, and give an output for each of them."""
        hook = XvidHook()
        found = [*hook.run(all_presets("system")), *hook.run(all_presets("custom"))]
        known = {preset.id: preset for preset in found} | {preset.name: preset for preset in found}
        if unknown := [name for name in params["presets"] if name not in known]:
            names = ", ".join(sorted(preset.name or preset.id for preset in found))
            raise ValueError(f"Xvid knows no preset {', '.join(unknown)}. It knows: {names}")
        stem = PurePosixPath(params["source"]).stem
        size = f"{params['size']}%"
        thumbnails = [{"thumbnail_names": "thumb_{resolution}", "thumbnail_preset": "thumbnails_small"}]
        return [
            job_output(
                f"{stem}-{re.sub('[^a-z0-9]+', '-', name.lower())}",
                known[name].id,
                video={"width": size, "height": size},
                thumbnails=thumbnails if params["thumbnails"] else None,
            )
            for name in params["presets"]
        ]

    @task
    def files(made: list[dict[str, Any]]) -> list[str]:
        """Give the files of all outputs, and the archives of their thumbnails."""
        return [each[kind] for each in made for kind in ("file_id", "thumbnail_file_id") if each[kind]]

    checked = outputs()
    upload = XvidUploadOperator(
        task_id="upload",
        source="{{ params.source }}",
        object_key="airflow/{{ run_id }}/{{ params.source.rpartition('/')[2] }}",
        pipeline_id=PIPELINE,
        deferrable=True,
    )
    transcode = XvidJobOperator(
        task_id="transcode",
        input_name=upload.output,
        outputs=checked,
        output_prefix="{job_id}/",
        pipeline_id=PIPELINE,
        deferrable=True,
    )
    download = XvidDownloadOperator.partial(task_id="download", target="{{ params.target }}").expand(
        file_id=files(transcode.output["outputs"])
    )
    delete = XvidDeleteFileOperator(
        task_id="delete",
        file_id="{{ ti.xcom_pull('upload', key='file_id') if params.delete_upload else '' }}",
    )
    checked >> upload >> transcode >> download >> delete.as_teardown(setups=upload)


xvid_transcode()
