from airflow.sdk import Asset, AssetWatcher, dag, task

from airflow_media.media_storage.triggers import NewMediaTrigger

originals = Asset(
    "originals",
    watchers=[AssetWatcher(name="storage", trigger=NewMediaTrigger(filters={"key": ""}))],
)


@dag(schedule=[originals])
def on_arrival():
    @task
    def resources(triggering_asset_events=None) -> list[str]:
        payloads = [event.extra["payload"] for event in triggering_asset_events[originals]]
        return [media["resource"] for payload in payloads for media in payload["medias"]]

    resources()


on_arrival()
