from airflow_media.xvid.flows import all_jobs, all_presets
from airflow_media.xvid.hook import XvidHook
from airflow_media.xvid.request import unmarked


def presets() -> dict[str | None, str]:
    """Give the ids of the system presets by their names."""
    return {preset.name: preset.id for preset in XvidHook().run(all_presets("system"))}


def failures() -> list[str]:
    """Say which jobs failed, by what their user data says, and why."""
    jobs = XvidHook().run(all_jobs(status="FAILURE"))
    return [f"{unmarked(job.user_data) or job.id}: {job.error_msg}" for job in jobs]
