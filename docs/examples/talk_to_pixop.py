from airflow.sdk import dag, task

from airflow_media.pixop.api import get_video
from airflow_media.pixop.flows import all_videos, find_or_create_project
from airflow_media.pixop.hook import PixopHook


@dag(schedule=None)
def list_archive():
    @task
    def widths(project_name: str) -> dict[str, int | None]:
        hook = PixopHook("pixop_default")
        project = hook.run(find_or_create_project(project_name))
        found = {}
        for item in hook.run(all_videos(project_id=project.id)):
            video = hook.run(get_video(item.id))
            found[video.name or video.id] = video.metadata.frame_width if video.metadata else None
        return found

    widths("archive")


list_archive()
