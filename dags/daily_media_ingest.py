"""Ingest the videos of each day: those that arrived in S3 in the data interval, through all services, back into S3.

What was made stands in the manifest of the day, a JSON document in S3. It is read first: a run of a day that was
ingested before, as of a backfill, does only what is missing. Where videos arrive and results go is said by the
environment of Airflow, or by the constants below.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import Asset, Param, dag, task
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_media.ingest.arrivals import DATE_PATTERN
from airflow_media.ingest.deadline import deadline_arguments
from airflow_media.ingest.operators import (
    IngestManifestOperator,
    IngestPlanOperator,
    IngestReleaseOperator,
)
from airflow_media.ingest.pipeline import IDS, order_from_params, pipeline_params, video
from airflow_media.ingest.sensors import IngestClaimSensor
from airflow_media.ingest.verdict import pass_verdict
from airflow_media.jobs.retrying import retry_arguments

SOURCE = os.environ.get("MEDIA_INGEST_SOURCE", "s3://my-bucket/incoming/")
TARGET = os.environ.get("MEDIA_INGEST_TARGET", "s3://my-bucket/media/")
XVID_PRESET = os.environ.get("MEDIA_INGEST_XVID_PRESET", "")
POLL_INTERVAL = float(os.environ.get("MEDIA_INGEST_POLL_INTERVAL", "10"))
"""Usual seconds between two looks at a job."""
TIMEZONE = "UTC"
SETTLE_SECONDS = 900
"""How long after midnight a day is begun: uploads that were under way then get into their day."""

MANIFEST = Asset("daily_media_manifest")
"""Updated with each day that brought something."""

DAY = "{{ params.day or '' if dag_run.run_type != 'backfill' else '' }}"
"""That of the form. The runs of a backfill share one form, and have days of their own."""
PLACE = {"target": "{{ params.target }}", "day": DAY, "timezone": TIMEZONE}


@dag(
    schedule=CronDataIntervalTimetable("@daily", timezone=TIMEZONE),
    start_date=pendulum.datetime(2026, 1, 1, tz=TIMEZONE),
    catchup=False,
    max_active_runs=4,
    tags=["media", "ingest", "example"],
    doc_md=__doc__,
    default_args=retry_arguments(3) | {"poll_interval": POLL_INTERVAL},
    params={
        "source": Param(
            SOURCE,
            type="string",
            pattern="^s3://.+/$",
            title="Source prefix",
            description="Where videos arrive, with a slash at its end.",
            section="Day",
        ),
        "target": Param(
            TARGET,
            type="string",
            pattern="^s3://.+/$",
            title="Target prefix",
            description="Results go to a folder per day below it, manifests into its folder manifests.",
            section="Day",
        ),
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description="For a single run. Empty: its data interval, else yesterday. Not looked at in a backfill.",
            section="Day",
        ),
        "dated": Param(
            "name",
            type="string",
            enum=["name", "modified"],
            values_display={"name": "by the date in its key", "modified": "by the time at which it was written"},
            title="An object belongs to a day",
            section="Day",
        ),
        "date_pattern": Param(
            DATE_PATTERN,
            type="string",
            title="Date pattern",
            description="Regular expression for dates in keys, with the groups year, month and day.",
            section="Day",
        ),
        "force": Param(
            False,
            type="boolean",
            title="Do everything again",
            description="Also what has been made before, which the services charge again.",
            section="Day",
        ),
    }
    | pipeline_params(xvid_preset=XVID_PRESET, scaler="pabsr1", resolution="hd_1080p", codec="h264", container="mp4"),
    **deadline_arguments(timedelta(hours=8)),
)
def daily_media_ingest() -> None:
    @task(multiple_outputs=True, retries=0)
    def order(params: dict[str, Any]) -> dict[str, Any]:
        """Check the form before anything is uploaded."""
        return order_from_params(params)

    @task(retries=0)
    def verdict(summary: dict[str, Any] | None) -> None:
        """Fail if a video failed, and say which."""
        pass_verdict(summary)

    ordered = order()
    claim = IngestClaimSensor(task_id="claim", settle=SETTLE_SECONDS, **PLACE)
    plan = IngestPlanOperator(
        task_id="plan",
        source="{{ params.source }}",
        steps=ordered["steps"],
        suffixes=ordered["suffixes"],
        dated="{{ params.dated }}",
        date_pattern="{{ params.date_pattern }}",
        force="{{ params.force }}",
        **PLACE,
    )
    videos = video.partial(settings=ordered["settings"]).expand_kwargs(plan.output)
    manifest = IngestManifestOperator(task_id="manifest", ids=IDS, outlets=[MANIFEST], **PLACE)
    passed = verdict(manifest.output)
    release = IngestReleaseOperator(task_id="release", **PLACE)

    ordered >> claim >> plan >> videos
    # Teardowns, so that they follow whatever happens, also when somebody marks the run as failed.
    manifest.as_teardown(setups=claim)
    passed.as_teardown(setups=claim, on_failure_fail_dagrun=True)
    release.as_teardown(setups=claim)
    videos >> manifest >> passed >> release


daily_media_ingest()
