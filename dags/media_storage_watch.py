"""Take over new media from a media storage: each batch that arrives starts a run, which downloads it and hands it on.

No worker polls for it: a watcher in the triggerer looks at the storage twice a minute. A run tells of each file with an
event of the asset `media_storage_download`, by which other DAGs can be scheduled. Trigger it in the UI to take over
what you name in the form.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, AssetWatcher, Param, dag, task, task_group

from airflow_media.media_storage.operators import MediaStorageDownloadOperator
from airflow_media.media_storage.triggers import NewMediaTrigger

ORIGINALS = NewMediaTrigger(filters={"key": ""}, poll_interval=30)

new_media = Asset("media_storage_new_media", watchers=[AssetWatcher(name="media_storage", trigger=ORIGINALS)])
taken_over = Asset("media_storage_download")

RESOURCE = "{{ ti.xcom_pull('arrived')[ti.map_index] }}"


@dag(
    schedule=new_media,
    tags=["media", "media storage", "example"],
    doc_md=__doc__,
    default_args={"retries": 2},
    params={
        "target": Param(
            "s3://my-bucket/new-media/",
            type="string",
            pattern="/$",
            title="Target folder",
            description="Path or URI of a folder, with a slash at its end; each file has a folder of its own in it.",
            section="Media",
        ),
        "resources": Param(
            [],
            type="array",
            items={"type": "string"},
            title="Resources",
            description="What to take over besides that which has arrived, one a line.",
            section="Media",
        ),
    },
)
def media_storage_watch() -> None:
    @task(retries=0)
    def arrived(params: dict[str, Any], triggering_asset_events: Any) -> list[str]:
        """Give the resources that this run is for; several batches may have come together in it."""
        batches = [event.extra["payload"] for events in triggering_asset_events.values() for event in events]
        found = [media["resource"] for batch in batches for media in batch["medias"]]
        return list(dict.fromkeys([*found, *params["resources"]]))

    @task_group
    def take_over(resource: str) -> None:
        file = MediaStorageDownloadOperator(
            task_id="download",
            resource=resource,
            target="{{ params.target }}" + RESOURCE + "/",
            map_index_template=RESOURCE,
        )

        @task(outlets=[taken_over])
        def hand_on(resource: str, file: str, outlet_events: Any) -> None:
            """Tell of the file."""
            outlet_events[taken_over].extra = {"resource": resource, "file": file}

        hand_on(resource, file.output)

    take_over.expand(resource=arrived())


media_storage_watch()
