from airflow.sdk import DAG

from airflow_media.pixop.operators import (
    PixopDownloadOperator,
    PixopProcessOperator,
    PixopUploadOperator,
)

with DAG("enhance_one", schedule=None, params={"source": "/videos/clip.mov"}):
    upload = PixopUploadOperator(
        task_id="upload", source="{{ params.source }}", wait_for_ingest=True, deferrable=True
    )
    process = PixopProcessOperator(
        task_id="process",
        video_id=upload.output,
        settings={"deinterlacer": "deint", "scaler": "pabsr1", "resolution": {"tag": "hd_1080p"}},
        deferrable=True,
    )
    PixopDownloadOperator(task_id="download", video_id=process.output, target="/videos/enhanced/")
