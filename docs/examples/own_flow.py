from airflow_media.http.call import Flow
from airflow_media.pixop.api import delete_video
from airflow_media.pixop.flows import all_videos


def delete_older_than(project_id: str, day: str) -> Flow[list[str]]:
    """Delete originals that were created before a day, and all that was made of them."""
    deleted: list[str] = []
    for item in (yield from all_videos(project_id=project_id)):
        if (
            item.parent_id is None
            and item.date_created
            and item.date_created.date().isoformat() < day
        ):
            deleted.extend((yield from delete_video(item.id, missing_ok=True)))
    return deleted
