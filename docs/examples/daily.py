from datetime import datetime

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import dag, task, task_group

from airflow_media.pixop.operators import (
    PixopDownloadOperator,
    PixopProcessOperator,
    PixopUploadOperator,
)

SETTINGS = {"deinterlacer": "deint", "scaler": "pabsr1", "resolution": {"tag": "hd_1080p"}}


@dag(
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3},
)
def enhance_daily():
    @task
    def new_files(ds: str | None = None) -> list[str]:
        keys = S3Hook("aws_default").list_keys("my-bucket", prefix=f"incoming/{ds}/")
        return [f"s3://my-bucket/{key}" for key in keys or [] if not key.endswith("/")]

    @task_group
    def enhance(source: str) -> None:
        upload = PixopUploadOperator(
            task_id="upload",
            source=source,
            project_name="daily",
            wait_for_ingest=True,
            deferrable=True,
        )
        process = PixopProcessOperator(
            task_id="process",
            video_id=upload.output,
            settings=SETTINGS,
            deferrable=True,
            pool="pixop",
        )
        PixopDownloadOperator(
            task_id="download",
            video_id=process.output,
            target="s3://my-bucket/enhanced/{{ ds }}/",
        )

    enhance.expand(source=new_files())


enhance_daily()
