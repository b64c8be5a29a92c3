from airflow_media.media_storage.flows import every_job, every_media
from airflow_media.media_storage.hook import MediaStorageHook


def failures(since: str) -> dict[str, str]:
    """Give the error texts of jobs that failed, by the resource that they worked on."""
    jobs = MediaStorageHook().run(every_job(status="errored", created_at__gte=since))
    return {job.resource or job.id: job.error or "no reason is given" for job in jobs}


def gigabytes(project_id: str) -> float:
    """Tell how much the originals of a project take."""
    originals = MediaStorageHook().run(every_media(project_id=project_id, key="", fields=["size"]))
    return sum(media.size or 0 for media in originals) / 1e9
