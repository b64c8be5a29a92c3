from airflow.sdk import DAG

from airflow_media.pixop.operators import (
    PixopDeleteOperator,
    PixopDownloadOperator,
    PixopProcessOperator,
    PixopUploadOperator,
)

with DAG("enhance_and_forget", schedule=None):
    upload = PixopUploadOperator(
        task_id="upload", source="/videos/clip.mov", wait_for_ingest=True, deferrable=True
    )
    process = PixopProcessOperator(
        task_id="process",
        video_id=upload.output,
        settings={"denoiser": "denoise"},
        deferrable=True,
    )
    download = PixopDownloadOperator(
        task_id="download", video_id=process.output, target="/videos/enhanced/"
    )
    delete = PixopDeleteOperator(task_id="delete", video_id=upload.output)

    upload >> process >> download >> delete.as_teardown(setups=upload)
