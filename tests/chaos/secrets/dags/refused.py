"""Goes to each service with a secret that it does not know."""

from __future__ import annotations

from airflow.sdk import dag

from airflow_media.cielo24.operators import Cielo24DeleteJobOperator
from airflow_media.media_storage.operators import MediaStorageDeleteJobOperator
from airflow_media.pixop.operators import PixopDeleteOperator
from airflow_media.xvid.operators import XvidDeleteFileOperator


@dag(schedule=None)
def refused() -> None:
    PixopDeleteOperator(task_id="pixop", video_id="v1", pixop_conn_id="pixop_wrong")
    XvidDeleteFileOperator(task_id="xvid", file_id="f1", xvid_conn_id="xvid_wrong")
    Cielo24DeleteJobOperator(
        task_id="cielo24", job_id="0123456789abcdef0123456789abcdef", cielo24_conn_id="cielo24_wrong"
    )
    MediaStorageDeleteJobOperator(task_id="media_storage", job_id="j1", media_storage_conn_id="media_storage_wrong")


refused()
