from airflow.sdk import Param, dag, task

from airflow_media.pixop.operators import PixopProcessOperator
from airflow_media.pixop.params import process_params, settings_from_params


@dag(
    schedule=None,
    params={"video_id": Param("", type="string", title="Video at Pixop")}
    | process_params(scaler="pabsr1", resolution="uhd_4k"),
)
def process_by_form():
    @task(retries=0)
    def settings(params: dict) -> dict:
        return settings_from_params(params)

    PixopProcessOperator(
        task_id="process",
        video_id="{{ params.video_id }}",
        settings=settings(),
        deferrable=True,
        retries=3,
    )


process_by_form()
