"""Take videos through all services: enhanced by Pixop, then transcoded by Xvid and captioned by cielo24, and kept.

Trigger it in the UI: the form asks for the sources, the steps, and the settings of each service. Sources and target may
be in S3, where no byte touches a disk on its way.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Param, dag, task

from airflow_media.ingest.deadline import deadline_arguments
from airflow_media.ingest.pipeline import arguments_of, order_from_params, pipeline_params, video
from airflow_media.jobs.retrying import retry_arguments

POLL_INTERVAL = float(os.environ.get("MEDIA_INGEST_POLL_INTERVAL", "10"))
"""Usual seconds between two looks at a job."""

RESULTS = Asset("media_pipeline_results")
"""Updated with each run whose videos are all done."""


@dag(
    schedule=None,
    tags=["media", "pixop", "xvid", "cielo24", "example"],
    doc_md=__doc__,
    default_args=retry_arguments(3) | {"poll_interval": POLL_INTERVAL},
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
            "s3://my-bucket/media/",
            type="string",
            pattern="/$",
            title="Target folder",
            description="Path or URI of a folder, with a slash at its end. Each video gets a folder below it.",
            section="Media",
        ),
    }
    | pipeline_params(
        xvid_preset=os.environ.get("MEDIA_INGEST_XVID_PRESET", ""),
        scaler="pabsr1",
        resolution="hd_1080p",
        codec="h264",
        container="mp4",
    ),
    **deadline_arguments(timedelta(hours=4)),
)
def media_pipeline() -> None:
    @task(multiple_outputs=True, retries=0)
    def order(params: dict[str, Any]) -> dict[str, Any]:
        """Check the form before anything is uploaded."""
        return order_from_params(params)

    @task
    def plan(ordered: dict[str, Any], params: dict[str, Any], run_id: str) -> list[dict[str, str]]:
        """See that each source can be read, and say where its results go."""
        return arguments_of(params["sources"], params["target"], ordered, salt=run_id)

    @task(outlets=[RESULTS], trigger_rule="none_failed")
    def publish(planned: list[dict[str, str]], outlet_events: Any) -> list[dict[str, str]]:
        """Tell those who wait for the results what there is now."""
        made = [
            {name: each[name] for name in ("name", "enhanced", "transcoded", "captions") if each[name]}
            for each in planned
        ]
        outlet_events[RESULTS].extra = {"videos": len(made), "results": made}
        return made

    ordered = order()
    planned = plan(ordered)
    video.partial(settings=ordered["settings"]).expand_kwargs(planned) >> publish(planned)


media_pipeline()
