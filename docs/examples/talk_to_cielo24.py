from airflow_media.cielo24.api import get_elementlist, list_jobs
from airflow_media.cielo24.hook import Cielo24Hook
from airflow_media.cielo24.listing import JobFilter


def overdue(now: str) -> list[str]:
    """Name the jobs that should be complete by now, a time in the zone of cielo24's dates."""
    waiting = JobFilter(job_status="In Process", due_date_to=now)
    return [job.job_name or job.job_id for job in Cielo24Hook().run(list_jobs(waiting)).jobs]


def first_words(job_id: str, milliseconds: int) -> str:
    """Give what is said at the beginning, from the words and their times."""
    segments = Cielo24Hook().run(get_elementlist(job_id)).segments
    tokens = [
        token for segment in segments for sequence in segment.sequences for token in sequence.tokens
    ]
    return " ".join(token.value for token in tokens if (token.start_time or 0) < milliseconds)
