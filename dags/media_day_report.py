"""Write a table of each day that was ingested. It starts whenever a manifest of ``daily_media_ingest`` is updated."""

from __future__ import annotations

import csv
import io
from typing import Any

from airflow.sdk import Asset, dag, task

from airflow_media.ingest.manifest import Manifest
from airflow_media.ingest.shelf import read_document
from airflow_media.jobs.failures import told
from airflow_media.jobs.retrying import retry_arguments
from airflow_media.storage import open_target

MANIFEST = Asset("daily_media_manifest")


@dag(schedule=[MANIFEST], tags=["media", "ingest", "example"], doc_md=__doc__, default_args=retry_arguments(3))
def media_day_report() -> None:
    @task
    def report(triggering_asset_events: Any) -> list[str]:
        """Write a table beside each manifest of the events, several of which may have come together."""
        manifests = {event.extra["manifest"] for event in triggering_asset_events[MANIFEST]}
        with told():
            return [write_table(uri) for uri in sorted(manifests)]

    report()


def write_table(uri: str) -> str:
    """Write the table of a manifest, with a line for each file that was made; give its URI."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["video", "state", "step", "file", "bytes", "checksum"])
    for video in Manifest.from_json(read_document(uri).value).videos:
        for step, output in video.outputs.items():
            table.writerow([video.name, video.state, step, output.uri, output.size, output.checksum or output.etag])
    target = open_target(uri.removesuffix(".json") + ".csv")
    content = text.getvalue().encode()
    with target.writer(len(content)) as writer:
        writer.write(content)
    return target.uri


media_day_report()
